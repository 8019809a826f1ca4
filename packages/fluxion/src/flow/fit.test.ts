import { expect, it } from "vitest";
import { OptionError, ShapeError, tensor, TreeError, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import type { ArrayData } from "../data/array-data.js";
import { samplePoints } from "../data/points.js";
import { seededUniform } from "../data/seeded.js";
import { sgd } from "../optim/sgd.js";
import { straightness } from "./diagnostics.js";
import { distil, reflow, trainFlow, transfer, type TrainFlowOptions } from "./fit.js";
import type { FlowPairs } from "./flow-data.js";
import { flowMlp, type FlowMlpParams } from "./flow-mlp.js";
import { generatePairs } from "./pairs.js";
import type { FlowModel } from "./prediction.js";
import { sampleOde, sampleTrajectory } from "./sample.js";
import { velocityOf } from "./velocity.js";

const net = flowMlp({ shape: [2], width: 48, depth: 1 });
const params = net.init(key(1));
const rows = (list: number[], width = 1): ArrayData<Float32Array> => ({
  data: Float32Array.from(list),
  shape: [list.length / width, width],
});
const moons = samplePoints("moons", 2000, seededUniform(1));
const common = { model: net.apply, threads: 1, stepsPerCall: 25, recordEvery: 25 };
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const straightnessOf = (p: FlowMlpParams): Promise<number> => {
  const z = tensor(samplePoints("eight-gaussians", 500, seededUniform(3)).data, { shape: [500, 2] });
  return straightness(sampleTrajectory(velocityOf(net.apply, p), z, { steps: 20 })).item();
};

it("trains, straightens and distils a flow of points", async () => {
  const first = await trainFlow({ ...common, params, data: { x1: moons }, steps: 400, ema: 0.98 });
  expect(first.status).toBe("ok");
  expect(first.history.at(-1)!.loss).toBeLessThan(0.8 * first.history[0]!.loss);
  const pairs = await generatePairs({ model: net.apply, params: first.ema!, n: 2000, shape: [2], steps: 20 });
  const second = await reflow({ ...common, params: first.params, data: pairs, steps: 400, ema: 0.98 });
  const [before, after] = [await straightnessOf(first.ema!), await straightnessOf(second.ema!)];
  expect(after).toBeLessThan(0.5 * before);
  const one = await distil({ ...common, params: second.params, data: pairs, steps: 200 });
  // The distilled map's error on its pairs, against that of one step before.
  const error = async (p: FlowMlpParams): Promise<number> => {
    const [x0, x1] = [pairs.x0, pairs.x1].map((a) => tensor(a.data, { shape: a.shape }));
    return sampleOde(velocityOf(net.apply, p), x0!, { steps: 1 }).sub(x1!).square().mean().item();
  };
  expect(await error(one.params)).toBeLessThan(0.6 * (await error(first.ema!)));
  // Distilling for one step leaves the loss of the pairs as its training loss.
  expect(one.history.at(-1)!.loss).toBeCloseTo(await error(one.params), 1);
}, 30_000);

const linear: FlowModel<{ a: Tensor; b: Tensor }> = (p, x, t) => {
  const time = t.reshape([-1, 1]);
  return x
    .mul(p.a.slice(0))
    .add(time.mul(p.a.slice(1)))
    .add(p.b);
};
const start = { a: tensor([0, 0]), b: tensor([0]) };

it("transfer learns the flow between two data sets of different sizes", async () => {
  // From N-ish points around −1 to points around 2: the mean velocity is 3 everywhere.
  const source = rows(Array.from({ length: 300 }, (_, i) => -1 + 0.01 * ((i % 11) - 5)));
  const target = rows(Array.from({ length: 200 }, (_, i) => 2 + 0.01 * ((i % 7) - 3)));
  const { params: p } = await transfer({
    ...{ model: linear, params: start, source, target, steps: 300, batchSize: 64 },
    ...{ threads: 1, stepsPerCall: 50, optimizer: sgd({ learningRate: 0.1 }) },
  });
  const velocity = velocityOf(linear, p);
  expect(await sampleOde(velocity, tensor([[-1]]), { steps: 20 }).item()).toBeCloseTo(2, 1);
  expect(await sampleOde(velocity, tensor([[2]]), { steps: 20, from: 1, to: 0 }).item()).toBeCloseTo(-1, 1);
});

it("the same seed gives the same parameters, another seed others, a resumed run those of an undisturbed one", async () => {
  const run = (more: Partial<TrainFlowOptions<typeof start>>) =>
    trainFlow({
      model: linear,
      params: start,
      data: { x1: rows([1, 2, 3, 4]) },
      steps: 6,
      batchSize: 2,
      threads: 1,
      ...more,
    });
  const [a, b, c] = [await run({}), await run({}), await run({ seed: 1 })];
  expect(await numbers(a.params.a)).toEqual(await numbers(b.params.a));
  expect(await numbers(a.params.a)).not.toEqual(await numbers(c.params.a));
  const half = await run({ steps: 3 });
  const rest = await run({ resume: half.snapshot });
  expect(await numbers(rest.params.a)).toEqual(await numbers(a.params.a));
});

it("conditions reach the model, row by row", async () => {
  const model: FlowModel<{ w: Tensor }> = (p, x, _, cond) => cond!.mul(p.w).add(x.mul(0));
  const data: FlowPairs = { x0: rows([0, 0, 0, 0]), x1: rows([1, 2, 3, 4]), cond: rows([1, 2, 3, 4]) };
  const { params: p } = await reflow({
    ...{ model, params: { w: tensor(0) }, data, steps: 60, batchSize: 4, threads: 1 },
    optimizer: sgd({ learningRate: 0.05 }),
  });
  expect(await p.w.item()).toBeCloseTo(1, 3);
});

it("refuses what cannot be trained on", async () => {
  const good = { model: linear, params: start, data: { x1: rows([1, 2]) }, steps: 1 };
  const train = (more: object) => () => trainFlow({ ...good, ...more } as never);
  expect(train({ data: { x1: rows([]) } })).toThrow(ShapeError);
  expect(train({ data: { x1: { data: new Float32Array(3), shape: [2, 1] } } })).toThrow(ShapeError);
  expect(train({ data: { x1: { data: new Uint8Array(2), shape: [2, 1] } } })).toThrow(/toSigned/);
  expect(train({ data: { x1: rows([1, 2]), x0: rows([1]) } })).toThrow(ShapeError);
  expect(train({ data: { x1: rows([1, 2]), cond: rows([1]) } })).toThrow(ShapeError);
  expect(train({ batchSize: 3 })).toThrow(OptionError);
  expect(train({ seed: -1 })).toThrow(OptionError);
  expect(train({ epochs: 3 })).toThrow(/epochs/);
  expect(train({ model: undefined })).toThrow(OptionError);
  expect(train({ objective: { loss: 1 } })).toThrow(OptionError);
  await expect(reflow({ ...good, data: { x1: rows([1, 2]) } } as never)).rejects.toThrow(TreeError);
  expect(() => distil({ ...good, samplerSteps: 0 } as never)).toThrow(OptionError);
  const source = rows([1, 2, 3, 4], 2);
  expect(() => transfer({ model: linear, params: start, source, target: rows([1]), steps: 1 })).toThrow(
    ShapeError,
  );
});
