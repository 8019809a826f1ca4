import { describe, expect, it } from "vitest";
import { compile, grad, relu, tensor, vmap, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import {
  binarize,
  binaryConv,
  binaryLinear,
  clippedStraightThrough,
  errorDecay,
  estimatingError,
  gradientInstability,
  packSigns,
  plainStraightThrough,
  powerSchedule,
  reste,
  signProducts,
  straightThrough,
  type BinaryEstimator,
} from "./index.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const close = (got: readonly number[], want: readonly number[], digits = 5): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => expect(v).toBeCloseTo(want[i]!, digits));
};
const points = [-2, -1.5, -1, -0.1, -0.05, 0, 0.05, 0.1, 0.11, 1, 1.5, 1.51];

/** ψ_o(x) by the definition. */
function psi(x: number, o: number): number {
  const size = Math.abs(x);
  if (size > 1.5) return 0;
  return size <= 0.1 ? 0.1 ** (1 / o - 1) : size ** (1 / o - 1) / o;
}

describe("reste", () => {
  const estimator = reste();

  it("has the paper's slopes", async () => {
    // float64, where 0.1 is the window's own border.
    const x = tensor(Float64Array.from(points));
    for (const o of [1, 1.7, 3, 10]) {
      close(
        await numbers(estimator.slope(x, o)),
        points.map((v) => psi(v, o)),
        10,
      );
    }
    const known = tensor(Float64Array.of(0.1, 0.1 + 1e-12, 1, 1.5));
    close(await numbers(estimator.slope(known, 3)), [4.6416, 1.5472, 0.3333, 0.2544], 4);
    close(await numbers(estimator.slope(tensor([0, 1.5, 1.51]), 1)), [1, 1, 0]);
  });

  it("has a slope that integrates to its surrogate", async () => {
    const n = 20_000;
    const x = tensor(Float64Array.from({ length: n }, (_, i) => 0.1 + (0.9 * (i + 0.5)) / n));
    for (const o of [1.5, 3, 10]) {
      const area = (await estimator.slope(x, o).sum().item()) * (0.9 / n);
      expect(area).toBeCloseTo(1 - 0.1 ** (1 / o), 4);
      const [low, high] = await numbers(estimator.surrogate(tensor(Float64Array.of(0.1, 1)), o));
      expect(area).toBeCloseTo(high! - low!, 4);
    }
  });

  it("with power 1 and the clip's threshold is the clipped estimator", async () => {
    const x = tensor(points);
    const a = await numbers(reste({ truncate: 1 }).slope(x, 1));
    expect(a).toEqual(await numbers(clippedStraightThrough().slope(x, 1)));
  });

  it("refuses what cannot be", () => {
    expect(() => reste({ window: 0 })).toThrow(/window/);
    expect(() => reste({ truncate: 0.05 })).toThrow(/truncate/);
    expect(() => reste({ power: 3 } as never)).toThrow(/option "power"/);
    expect(() => clippedStraightThrough(0)).toThrow(/clip/);
  });
});

describe("binarize", () => {
  it("is the sign, with the estimator's gradient, for a number and a Tensor as power", async () => {
    const x = tensor(Float64Array.from(points));
    const c = tensor(Float64Array.from(points, (_, i) => i - 4.5));
    expect(await numbers(binarize(x, reste()))).toEqual(points.map(Math.sign));
    for (const o of [3, tensor(3, { dtype: "float64" })]) {
      const g = grad((v: Tensor) => binarize(v, reste(), o).mul(c).sum())(x);
      close(
        await numbers(g),
        points.map((v, i) => (i - 4.5) * psi(v, 3)),
        10,
      );
    }
  });

  it("takes another power without being compiled again, and is mapped with it", async () => {
    const f = compile((x: Tensor, o: Tensor) => grad((v: Tensor) => binarize(v, reste(), o).sum())(x));
    const x = tensor([0.05, 1]);
    close(await numbers(await f(x, tensor(1))), [1, 1]);
    close(await numbers(await f(x, tensor(3))), [4.6416, 1 / 3], 4);
    expect(f.stats).toHaveLength(1);
    await f.release();
    const slopes = vmap((o: Tensor) => grad((v: Tensor) => binarize(v, reste(), o).sum())(x))(tensor([1, 3]));
    close(await numbers(slopes), [1, 1, 4.6416, 1 / 3], 4);
  });

  it.each<[string, BinaryEstimator, (x: number) => number]>([
    ["clipped STE", clippedStraightThrough(), (x) => (Math.abs(x) <= 1 ? 1 : 0)],
    ["STE", plainStraightThrough(), () => 1],
    ["EDE", errorDecay(), (x) => 2 * (1 - Math.tanh(2 * x) ** 2)],
  ])("%s has its own slope", async (name, estimator, slope) => {
    expect(estimator.name).toBe(name);
    const g = grad((v: Tensor) => binarize(v, estimator, 2).sum())(tensor(points));
    close(await numbers(g), points.map(slope));
  });

  it("errorDecay is the derivative of its surrogate", async () => {
    const x = tensor(Float64Array.of(-1.2, 0.3, 0.8));
    for (const a of [0.5, 4]) {
      const d = grad((v: Tensor) => errorDecay().surrogate(v, a).sum())(x);
      close(await numbers(errorDecay().slope(x, a)), await numbers(d), 10);
    }
  });

  it("straightThrough trains a rounding", async () => {
    const g = grad((x: Tensor) =>
      straightThrough(
        x,
        (v) => v.round(),
        (v) => v.mul(2),
      ).sum(),
    )(tensor([0.4, 1.6]));
    close(await numbers(g), [0.8, 3.2]);
  });
});

describe("layers", () => {
  it("multiplies signs, scaled by the mean size of the weights", async () => {
    const weight = tensor([
      [0.5, -1],
      [2, 0.25],
      [-0.25, 1],
    ]);
    const x = tensor([[0.3, -2, 4]]);
    const scale = 5 / 6;
    const layer = binaryLinear(3, 2);
    close(await numbers(layer.apply({ weight }, x)), [-1 * scale, -1 * scale]);
    const real = binaryLinear(3, 2, { activations: false, scale: "none" });
    close(await numbers(real.apply({ weight }, x)), [0.3 - 2 - 4, -0.3 - 2 + 4]);
    const channel = binaryLinear(3, 2, { scale: "channel" });
    close(await numbers(channel.apply({ weight }, x)), [(-1 * 2.75) / 3, (-1 * 2.25) / 3]);
  });

  it("has the gradient of both its parts: the signs' and the scale's", async () => {
    const [inputs, outputs] = [4, 3];
    const weight = normal(key(1), [inputs, outputs], { dtype: "float64" });
    const x = normal(key(2), [5, inputs], { dtype: "float64" });
    const c = normal(key(3), [5, outputs], { dtype: "float64" });
    const layer = binaryLinear(inputs, outputs);
    const g = grad((w: Tensor) => layer.apply({ weight: w }, x, 3).mul(c).sum())(weight);
    const [w, xs, cs] = [await numbers(weight), await numbers(x), await numbers(c)];
    const size = w.reduce((sum, v) => sum + Math.abs(v), 0) / w.length;
    const upstream = w.map((_, k) => {
      const [i, j] = [Math.floor(k / outputs), k % outputs];
      return [0, 1, 2, 3, 4].reduce((s, n) => s + Math.sign(xs[n * inputs + i]!) * cs[n * outputs + j]!, 0);
    });
    const along = upstream.reduce((sum, v, k) => sum + v * Math.sign(w[k]!), 0);
    close(
      await numbers(g),
      w.map((v, k) => psi(v, 3) * size * upstream[k]! + (Math.sign(v) / w.length) * along),
      9,
    );
  });

  it("convolves signs with zeros around them", async () => {
    const layer = binaryConv(1, 1, { kernel: 3 });
    const weight = tensor(Float32Array.of(1, -1, 1, 1, 1, 1, -1, 1, 1).map((v) => 0.5 * v)).reshape([
      1, 1, 3, 3,
    ]);
    const y = layer.apply(
      { weight },
      tensor([
        [
          [
            [5, 2],
            [-1, 3],
          ],
        ],
      ]),
    );
    // Above left: centre, right, below, below right of the kernel.
    close((await numbers(y)).slice(0, 1), [0.5 * (1 + 1 - 1 + 1)]);
    const { weight: made } = layer.init(key(0));
    expect(made.shape).toEqual([1, 1, 3, 3]);
    expect(
      binaryConv(2, 4, { kernel: 1, stride: 2, padding: 0 }).apply(
        binaryConv(2, 4, { kernel: 1 }).init(key(0)),
        normal(key(1), [1, 2, 4, 4]),
      ).shape,
    ).toEqual([1, 4, 2, 2]);
  });

  it("refuses what does not fit", () => {
    expect(() => binaryLinear(0, 1)).toThrow(/inputs/);
    expect(() => binaryLinear(1, 1, { bias: true } as never)).toThrow(/option "bias"/);
    expect(() => binaryConv(1, 1, { groups: 2 } as never)).toThrow(/option "groups"/);
  });
});

it("schedules the power", () => {
  expect(powerSchedule(0, 10)).toBe(1);
  expect(powerSchedule(5, 10)).toBeCloseTo(1.585786, 6);
  expect(powerSchedule(10, 10)).toBeCloseTo(3, 12);
  expect(powerSchedule(10, 10, 10)).toBeCloseTo(10, 12);
  expect(() => powerSchedule(11, 10)).toThrow(/epoch/);
  expect(() => powerSchedule(0, 10, 0.5)).toThrow(/end/);
});

it("measures the error of the estimator and the spread of the gradients", async () => {
  const ones = tensor([[1, -1, 1, -1]]);
  for (const o of [1, 3, 10]) expect(await estimatingError({ ones }, reste(), o).item()).toBeCloseTo(0, 6);
  const small = tensor(new Float64Array(25).fill(0.001));
  expect(await estimatingError([small], reste(), 3).item()).toBeCloseTo(5 * 0.9, 6);
  expect(await estimatingError([small, small], reste(), 3).item()).toBeCloseTo(10 * 0.9, 6);
  expect(await gradientInstability({ a: tensor([1, -3]), b: tensor([2, -2]) }).item()).toBeCloseTo(2, 6);
});

it("gives by counting bits what the layer gives", async () => {
  const [n, inputs, outputs] = [7, 70, 9];
  const x = normal(key(4), [n, inputs]);
  const layer = binaryLinear(inputs, outputs);
  const params = layer.init(key(5));
  const want = await numbers(layer.apply(params, relu(x).sub(0.3)));
  const scale = await params.weight.abs().mean().item();
  const a = packSigns(await numbers(relu(x).sub(0.3)), n, inputs);
  const b = packSigns(await numbers(params.weight.transpose()), outputs, inputs);
  close([...signProducts(a, b, scale)], want, 4);
  expect(a.words.length).toBe(7 * 3);
  expect(() => packSigns([1, 0], 1, 2)).toThrow(/0 at \[0, 1\]/);
  expect(() => packSigns([1, NaN], 1, 2)).toThrow(/NaN/);
  expect(() => packSigns([1], 1, 2)).toThrow(/1 × 2/);
  expect(() => signProducts(a, packSigns([1], 1, 1))).toThrow(/one length/);
});
