import { expect, it } from "vitest";
import { checkGradient } from "../testing/gradient-check.js";
import { relu, OptionError, stack, tensor, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { exportOnnx } from "../onnx/index.js";
import { pairsCoupling } from "./coupling.js";
import { l2, scaledPseudoHuber } from "./metric.js";
import { flowLoss } from "./objective.js";
import { loadPerceptual, lpipsHuber, onnxFeatures, perceptual } from "./perceptual.js";
import type { FlowModel } from "./prediction.js";
import { fixedTime } from "./time.js";

const f64 = (values: number[], shape: number[]): Tensor => tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const [a, b] = [f64([1, 2, 3, 4], [2, 2]), f64([0, 2, 3, 1], [2, 2])];

it("sums the distances of the layers", async () => {
  const features = (x: Tensor): Tensor[] => [x.mul(2), x.square().sum(1, { keepDims: true })];
  expect(await numbers(perceptual(features)(a, b))).toEqual([2 + 1, 18 + 225]);
  expect(await numbers(perceptual((x) => x)(a, b))).toEqual(await numbers(l2()(a, b)));
});

it("normalised features are compared by direction, along the channels", async () => {
  const x = f64([3, 4, 0, 1], [1, 2, 1, 2]);
  const metric = perceptual((v) => v, { normalise: true });
  expect((await numbers(metric(x, x.mul(7))))[0]).toBeCloseTo(0, 12);
  // (3, 0) and (4, 1) against (0, 3) and (4, 1): only the first pixel differs, by √2.
  expect((await numbers(metric(x, f64([0, 4, 3, 1], [1, 2, 1, 2]))))[0]).toBeCloseTo(2 / 4, 8);
});

it("images may be resized before", async () => {
  const seen: number[][] = [];
  const metric = perceptual((x) => (seen.push([...x.shape]), x), { size: 4 });
  metric(f64([1, 2, 3, 4], [1, 1, 2, 2]), f64([1, 2, 3, 4], [1, 1, 2, 2]));
  expect(seen).toEqual([
    [1, 1, 4, 4],
    [1, 1, 4, 4],
  ]);
});

it("features of an ONNX file: by name, differentiable, weights fixed", async () => {
  const weight = tensor([1, -1, 0.5, 2], { shape: [2, 2] });
  const net = (x: Tensor): { hidden: Tensor; out: Tensor } => {
    const hidden = relu(x.matmul(weight));
    return { hidden, out: hidden.sum(1, { keepDims: true }) };
  };
  const bytes = await exportOnnx(net, [tensor([[1, 2]])], { dynamicBatch: true });
  const features = onnxFeatures(bytes, ["hidden", "out"]);
  const x = tensor([
    [1, 2],
    [0.5, 3],
  ]);
  const want = net(x);
  const [hidden, out] = features(x) as Tensor[];
  expect(await numbers(hidden!)).toEqual(await numbers(want.hidden));
  expect(await numbers(out!)).toEqual(await numbers(want.out));
  const y = tensor([
    [1, 1],
    [1, 1],
  ]);
  const metric = perceptual(features);
  const byHand = perceptual((v) => [net(v).hidden, net(v).out]);
  const got = await numbers(metric(x, y));
  (await numbers(byHand(x, y))).forEach((v, i) => expect(got[i]).toBeCloseTo(v, 5));
  expect(() => onnxFeatures(bytes, ["nothing"])).toThrow(OptionError);
  expect(() => onnxFeatures(bytes, [])).toThrow(OptionError);
});

it("ships features of 7 x 7 images, none of which the measuring network has", async () => {
  const features = await loadPerceptual("fashion-mnist-7");
  const images = tensor(new Float32Array(2 * 49).fill(-0.5), { shape: [2, 1, 7, 7] });
  const [hidden] = features(images) as Tensor[];
  expect(hidden!.shape).toEqual([2, 128]);
  expect((await numbers(hidden!)).every((v) => v >= 0)).toBe(true);
  await expect(loadPerceptual("digits" as never)).rejects.toThrow(OptionError);
});

const model: FlowModel<Tensor> = (p, x, t) => x.mul(p).add(t.reshape([-1, 1]));

it("LPIPS-Huber: t·huber of the velocity and the images' distance over 1 − t", async () => {
  const distance = perceptual((x) => x.mul(3));
  const at = (objective: object): Tensor =>
    flowLoss(model, { coupling: pairsCoupling(), time: fixedTime(0.75), ...objective })(
      tensor(0.3, { dtype: "float64" }),
      { x0: a, x1: b },
      key(1),
    );
  const [both, undivided, huber, image] = await numbers(
    stack([
      at({ terms: lpipsHuber(distance) }),
      at({ terms: lpipsHuber(distance, { divide: false }) }),
      at({ metric: scaledPseudoHuber() }),
      at({ space: "data", metric: distance }),
    ]),
  );
  expect(both).toBeCloseTo(0.75 * huber! + image! / 0.25, 10);
  expect(undivided).toBeCloseTo(0.75 * huber! + image!, 10);
});

it("its gradient is right, and finite up to t = 0, where the image is all noise", async () => {
  const terms = lpipsHuber(perceptual((x) => x.sin()));
  for (const t of [0, 0.4, 0.99]) {
    const loss = flowLoss(model, { coupling: pairsCoupling(), time: fixedTime(t), terms });
    await checkGradient((p) => loss(p, { x0: a, x1: b }, key(1)), [0.3]);
  }
});

it("refuses unknown options", () => {
  expect(() => perceptual((x) => x, { layers: 2 } as never)).toThrow(OptionError);
  expect(() => lpipsHuber(l2(), { c: 2 } as never)).toThrow(OptionError);
  expect(() => lpipsHuber(l2(), { width: 0 })).toThrow(OptionError);
});
