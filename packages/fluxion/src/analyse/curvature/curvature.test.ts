import { describe, expect, it } from "vitest";
import {
  compile,
  grad,
  jacobian,
  hvp,
  logSoftmax,
  OptionError,
  random,
  tanh,
  tensor,
  treeLeaves,
  TreeError,
  type NestedArray,
  type Tensor,
} from "../../index.js";
import { adam, signSgd } from "../../optim/index.js";
import {
  directionalSharpness,
  gaussNewtonBartlett,
  hutchinsonDiagonal,
  hutchinsonTrace,
  lineProfile,
  shadowOptimizers,
} from "../index.js";

const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (tree: unknown): Promise<number[]> =>
  (await Promise.all(treeLeaves(tree).map(async (t) => [...((await t.data()) as Float64Array)]))).flat();
const closeTo = (got: number, want: number, tolerance = 1e-9): void =>
  expect(Math.abs(got - want)).toBeLessThan(tolerance * Math.max(1, Math.abs(want)));

/** ½xᵀAx. */
const quadratic =
  (a: Tensor) =>
  (x: Tensor): Tensor =>
    x.matmul(a).mul(x).sum().mul(0.5);
const h = double([1, 10, 100, 1000]);
const bowl = (x: Tensor): Tensor => x.square().mul(h).sum().mul(0.5);
const ones = double([1, 1, 1, 1]);

/** A small network in double, its parameters a tree; not convex. */
const start = {
  first: random.normal(random.key(1), [3, 4], { dtype: "float64" }),
  second: random.normal(random.key(2), [4, 2], { dtype: "float64" }),
};
const x = random.normal(random.key(3), [6, 3], { dtype: "float64" });
const y = random.normal(random.key(4), [6, 2], { dtype: "float64" });
const network = ({ first, second }: typeof start): Tensor =>
  tanh(x.matmul(first)).matmul(second).sub(y).square().mean();

/** Eigenvalues of the network's dense Hessian. */
async function denseEigenvalues(): Promise<number[]> {
  const { linalg } = await import("../../index.js");
  const flat = (v: Tensor): typeof start => ({
    first: v.slice([0, 12]).reshape([3, 4]),
    second: v.slice([12, 20]).reshape([4, 2]),
  });
  const at = double([...(await numbers(start))]);
  const hessian = jacobian(grad((v: Tensor) => network(flat(v))))(at);
  return numbers(linalg.eigh(hessian)[0]);
}

describe("directional sharpness", () => {
  it("is the curvature along a direction, with slope and best step", async () => {
    const g = grad(bowl)(ones);
    const cases: [Tensor, number, number][] = [
      [g, 990.99100089991, 509.6418630859092],
      [double([1, 10, 100, 100]), 547.2862544152032, 550.9603262921256],
      [double([1, 10, 10, 10]), 368.7740863787375, 555.0950036486158],
      [double([1, 1, 1, 1]), 277.75, 555.5],
    ];
    for (const [v, value, decrease] of cases) {
      const found = directionalSharpness(bowl, ones, v);
      closeTo(await found.value.item(), value);
      closeTo(await found.bestDecrease.item(), decrease);
      // Neither length nor sign matter to the curvature.
      closeTo(await directionalSharpness(bowl, ones, v.mul(-3)).value.item(), value);
    }
    const first = directionalSharpness(bowl, ones, double([0, 1, 0, 0]));
    closeTo(await first.value.item(), 10);
    closeTo(await first.slope.item(), 10);
    closeTo(await first.bestStep.item(), -1);
  });

  it("lies between the smallest and the largest eigenvalue, and averages to the trace over N", async () => {
    const eigenvalues = await denseEigenvalues();
    const curvatureOf = compile((v: typeof start) => directionalSharpness(network, start, v).value);
    let sum = 0;
    for (let i = 0; i < 40; i++) {
      const v = {
        first: random.rademacher(random.key(2 * i), [3, 4]).cast("float64"),
        second: random.rademacher(random.key(2 * i + 1), [4, 2]).cast("float64"),
      };
      const value = await (await curvatureOf(v)).item();
      expect(value).toBeGreaterThan(eigenvalues[0]!);
      expect(value).toBeLessThan(eigenvalues.at(-1)!);
      sum += value;
    }
    const mean = eigenvalues.reduce((a, b) => a + b) / eigenvalues.length;
    expect(Math.abs(sum / 40 - mean)).toBeLessThan(0.15 * eigenvalues.at(-1)!);
  });

  it("agrees with differences of gradients", async () => {
    const v = { first: start.first.mul(0.3).add(0.1), second: start.second.mul(-0.2) };
    const step = 1e-5;
    const moved = (sign: number): typeof start => ({
      first: start.first.add(v.first.mul(sign * step)),
      second: start.second.add(v.second.mul(sign * step)),
    });
    const [up, down] = [await numbers(grad(network)(moved(1))), await numbers(grad(network)(moved(-1)))];
    const product = await numbers(hvp(network, [start], v));
    const errors = product.map((value, i) => value - (up[i]! - down[i]!) / (2 * step));
    expect(Math.hypot(...errors) / Math.hypot(...product)).toBeLessThan(1e-6);
  });

  it("takes directions of any length, and halves", async () => {
    const f = (p: Tensor): Tensor =>
      p
        .square()
        .mul(tensor([1, 10, 100]))
        .sum()
        .mul(0.5);
    for (const length of [1e-30, 1e-22, 1, 1e25]) {
      const v = tensor([length, length, length]);
      closeTo(await directionalSharpness(f, tensor([1, 1, 1]), v).value.item(), 37, 1e-6);
    }
    const half = tensor([1, 1], { dtype: "float16" });
    const g = (p: typeof mixed): Tensor => p.half.cast("float32").square().sum().add(p.single.square());
    const mixed = { half, single: tensor(1), count: tensor([3], { dtype: "int32" }) };
    for (const length of [1e-4, 300]) {
      const v = { ...mixed, half: half.mul(length), single: tensor(length) };
      closeTo(await directionalSharpness(g, mixed, v).value.item(), 2, 1e-3);
    }
  });

  it("is NaN where a direction is, and refuses other trees and trees without floats", async () => {
    expect(await directionalSharpness(bowl, ones, double([NaN, 1, 1, 1])).value.item()).toBeNaN();
    expect(() => directionalSharpness(network, start, { first: start.first } as never)).toThrow(TreeError);
    const whole = tensor([1], { dtype: "int32" });
    expect(() => directionalSharpness((p: Tensor) => p.sum().cast("float32"), whole, whole)).toThrow(
      OptionError,
    );
  });

  it("draws the function along a direction", async () => {
    const values = await numbers(lineProfile(bowl, ones, double([0, 0, 2, 0]), { distances: [0, 0.5, -1] }));
    [555.5, 555.5 - 50 + 112.5, 555.5 - 50].forEach((want, i) => closeTo(values[i]!, want));
    expect(() => lineProfile(bowl, ones, ones, { distances: [] })).toThrow(OptionError);
    expect(() => lineProfile(bowl, ones, ones, { distances: [NaN] })).toThrow(OptionError);
  });
});

describe("estimates of the Hessian's diagonal", () => {
  const a = double([
    [2, 1],
    [1, 3],
  ]);
  const p = double([0.4, -1]);

  it("by Hutchinson: exact for diagonal Hessians with signs, else right on average", async () => {
    const exact = hutchinsonDiagonal(bowl, ones, random.key(7), { distribution: "rademacher" });
    (await numbers(exact)).forEach((v, i) => closeTo(v, [1, 10, 100, 1000][i]!));
    const many = hutchinsonDiagonal(quadratic(a), p, random.key(0), {
      samples: 400,
      distribution: "rademacher",
    });
    (await numbers(many)).forEach((v, i) => expect(Math.abs(v - [2, 3][i]!)).toBeLessThan(0.15));
    const draw = compile((key: Tensor) => hutchinsonDiagonal(quadratic(a), p, key, { samples: 50 }));
    let sum = [0, 0];
    for (let i = 0; i < 60; i++) {
      const values = await numbers(await draw(random.key(i)));
      sum = sum.map((s, k) => s + values[k]! / 60);
    }
    sum.forEach((v, i) => expect(Math.abs(v - [2, 3][i]!)).toBeLessThan(0.3));
    const trace = hutchinsonTrace(quadratic(a), p, random.key(1), {
      samples: 400,
      distribution: "rademacher",
    });
    expect(Math.abs((await trace.item()) - 5)).toBeLessThan(0.25);
  });

  it("by Gauss-Newton-Bartlett: never negative, blind to the labels, right on average", async () => {
    // Softmax regression, one example, logits 0: the expected diagonal is xⱼ²·(K − 1)/K².
    const row = double([[1.5, -2]]);
    const classes = 4;
    const weight = double([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    const logits = (w: Tensor): Tensor => row.matmul(w);
    const draw = compile((key: Tensor) => gaussNewtonBartlett(logits, weight, key));
    const seen = new Map<number, number[]>();
    for (let i = 0; i < 64; i++) {
      const values = await numbers(await draw(random.key(i)));
      expect(values.every((v) => v >= 0)).toBe(true);
      // The class that was drawn has the largest entry.
      seen.set(values.slice(0, classes).indexOf(Math.max(...values.slice(0, classes))), values);
    }
    // Every class came up; their mean, each with probability ¼, is exact.
    expect(seen.size).toBe(classes);
    const mean = [...seen.values()].reduce(
      (s, v) => s.map((value, k) => value + v[k]! / classes),
      new Array<number>(8).fill(0),
    );
    mean.forEach((value, k) => closeTo(value, (k < 4 ? 1.5 : 2) ** 2 * ((classes - 1) / classes ** 2)));
  });

  it("multiplies by the number of examples", async () => {
    // The same example four times: the mean gradient is the average of four draws, times 4 its square.
    const rows = double([[1], [1], [1], [1]]);
    const w = double([[0.3, -0.1, 0.2]]);
    const draw = compile((key: Tensor) => gaussNewtonBartlett((v: Tensor) => rows.matmul(v), w, key));
    let sum = [0, 0, 0];
    for (let i = 0; i < 300; i++) {
      const values = await numbers(await draw(random.key(i)));
      sum = sum.map((s, k) => s + values[k]! / 300);
    }
    const p3 = (await numbers(logSoftmax(w).exp())).map((q) => q * (1 - q));
    sum.forEach((v, k) => expect(Math.abs(v / p3[k]! - 1)).toBeLessThan(0.25));
  });

  it("refuses wrong options", () => {
    expect(() => hutchinsonDiagonal(bowl, ones, random.key(0), { samples: 0 })).toThrow(OptionError);
    expect(() => hutchinsonTrace(bowl, ones, random.key(0), { distribution: "uniform" as never })).toThrow(
      OptionError,
    );
  });
});

it("shadows see every gradient and move nothing", async () => {
  const shadows = shadowOptimizers({
    adam: adam({ learningRate: 1, eps: 0 }),
    sign: signSgd({ learningRate: 1 }),
  });
  const g = grad(bowl)(ones);
  const { updates, states } = shadows.observe(g, shadows.init(ones), ones);
  // Adam's first step is the sign of the gradient.
  (await numbers(updates.adam)).forEach((v) => closeTo(v, -1));
  expect(await numbers(updates.sign)).toEqual([-1, -1, -1, -1]);
  const second = shadows.observe(g, states, ones);
  (await numbers(second.updates.adam)).forEach((v) => closeTo(v, -1));
});
