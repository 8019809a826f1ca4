import { expect, it } from "vitest";
import { grad, tensor, valueAndGrad, type Tensor } from "../index.js";
import { densityRatio, normalizeRatio, normalizeWeights } from "./density-ratio.js";
import { matchingGradient, pseudoLoss } from "./distribution-matching.js";
import { customDivergence, fDivergences, type FDivergence, type FDivergenceName } from "./f-divergence.js";
import { OptionError } from "../core/errors.js";
import { stopGradient } from "../core/backward.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const all = Object.entries(fDivergences) as [FDivergenceName, FDivergence][];

it.each(all)(
  "%s: h = f″·r², by differentiating twice, and as a custom divergence",
  async (_, { f, weight, name }) => {
    const r = f64([0.1, 1, 7]);
    const second = grad((x: Tensor) => grad((y: Tensor) => f(y).sum())(x).sum())(r);
    const want = await numbers(second.mul(r.square()));
    for (const got of [weight(r), customDivergence(name, f).weight(r)])
      (await numbers(got)).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 9));
  },
);

it.each(all)(
  "%s is convex and smallest, with slope 0 up to a multiple of r − 1, where both agree",
  async (_, { f }) => {
    const r = f64([0.05, 0.5, 1, 3, 20]);
    const slope = grad((x: Tensor) => f(x).sum());
    const [values, at] = [await numbers(f(r)), (await numbers(slope(f64([1]))))[0]!];
    values.forEach((v, i) =>
      expect(v - values[2]!).toBeGreaterThanOrEqual(at * ([0.05, 0.5, 1, 3, 20][i]! - 1) - 1e-12),
    );
  },
);

// Quadrature on a line: p and q as functions of x, and everything in double.
const points = Array.from({ length: 11201 }, (_, i) => -14 + i / 400);
const cell = 1 / 400;
const x = f64(points);
const normal = (mean: Tensor | number, std: Tensor | number): Tensor => {
  const z = x.sub(mean).div(std);
  return z
    .square()
    .mul(-0.5)
    .exp()
    .div(std)
    .div(Math.sqrt(2 * Math.PI));
};
const twoHumps = normal(-2, 0.5).add(normal(2, 0.5)).mul(0.5);
const scoreOf = (density: (at: Tensor) => Tensor) => grad((at: Tensor) => density(at).log().sum());
const twoHumpsAt = (at: Tensor): Tensor => {
  const hump = (m: number): Tensor => at.sub(m).div(0.5).square().mul(-0.5).exp();
  return hump(-2).add(hump(2)).add(1e-300);
};

const gradients: [FDivergenceName, number, number][] = [
  ["reverse-kl", 0.081848, -0.059214],
  ["forward-kl", 0.103806, -0.295135],
  ["jensen-shannon", 0.022976, -0.126572],
  ["softened-reverse-kl", 0.058872, 0.067357],
  ["squared-hellinger", 0.013054, -0.072629],
  ["jeffreys", 0.185655, -0.35435],
  ["pearson", 0.693283, -1.066972],
];
it.each(gradients)(
  "%s: the theorem, against the gradient of the divergence itself",
  async (name, byMean, byStd) => {
    const { weight, f } = fDivergences[name];
    const [m, s] = [f64([0.3]), f64([1.7])];
    // By the theorem: −E_q[h·(∇log p − ∇log q)·∂x/∂(m, s)], x = m + s·z.
    const q = normal(m, s);
    const z = x.sub(m).div(s);
    const difference = scoreOf(twoHumpsAt)(x).add(z.div(s));
    const pull = weight(twoHumps.add(1e-300).div(q)).mul(difference).mul(q).mul(-cell);
    expect(await pull.sum().item()).toBeCloseTo(byMean, 5);
    expect(await pull.mul(z).sum().item()).toBeCloseTo(byStd, 5);
    // And of the integral.
    const divergence = (mean: Tensor, std: Tensor): Tensor => {
      const density = normal(mean, std);
      return density
        .mul(f(twoHumps.add(1e-300).div(density)))
        .sum()
        .mul(cell);
    };
    const [, [dm, ds]] = valueAndGrad(divergence, { argnums: [0, 1] })(m, s);
    expect(await dm.sum().item()).toBeCloseTo(byMean, 5);
    expect(await ds.sum().item()).toBeCloseTo(byStd, 5);
  },
);

/** A Gaussian student led by exact scores and ratios on a grid of its noise. */
async function settle(
  name: FDivergenceName,
  p: (at: Tensor) => Tensor,
  start: [number, number],
  steps: number,
): Promise<[number, number]> {
  const n = 400;
  // Quantiles of N(0, 1) by quadrature weights: equal cells in z, weighted.
  const zs = Array.from({ length: n }, (_, i) => -5 + (10 * (i + 0.5)) / n);
  const density = zs.map((v) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI));
  const total = density.reduce((a, b) => a + b);
  const z = f64(zs);
  const q = f64(density.map((d) => d / total));
  let [m, s] = start;
  const { compile } = await import("../index.js");
  const pull = compile((mean: Tensor, std: Tensor) => {
    const at = z.mul(std).add(mean);
    const own = z
      .square()
      .mul(-0.5)
      .exp()
      .div(std)
      .div(Math.sqrt(2 * Math.PI));
    const h = fDivergences[name].weight(p(at).add(1e-300).div(own));
    const g = h
      .mul(scoreOf((v) => p(v).add(1e-300))(at).add(z.div(std)))
      .mul(q)
      .neg();
    return [g.sum(), g.mul(z).sum()];
  });
  for (let i = 0; i < steps; i++) {
    const [dm, ds] = await pull(f64([m]), f64([s]));
    m -= 0.1 * Math.max(-1, Math.min(1, await dm!.item()));
    s -= 0.1 * Math.max(-1, Math.min(1, await ds!.item()));
  }
  await pull.release();
  return [m, s];
}
const hump = (at: Tensor, m: number, s: number, w: number): Tensor =>
  at
    .sub(m)
    .div(s)
    .square()
    .mul(-0.5)
    .exp()
    .mul(w / (s * Math.sqrt(2 * Math.PI)));

it(
  "forward KL of a Gaussian student matches moments; reverse KL sits in one mode",
  { timeout: 60_000 },
  async () => {
    const p = (at: Tensor): Tensor => hump(at, -3, 1, 0.3).add(hump(at, 3, 1, 0.7));
    const [m, s] = await settle("forward-kl", p, [0, 2.5], 1500);
    expect(m).toBeCloseTo(1.2, 2);
    expect(s).toBeCloseTo(Math.sqrt(1 + 0.3 * 4.2 ** 2 + 0.7 * 1.8 ** 2), 2);
    const twin = (at: Tensor): Tensor => hump(at, -2, 0.6, 0.5).add(hump(at, 2, 0.6, 0.5));
    const [m1, s1] = await settle("reverse-kl", twin, [1, 1], 1500);
    expect(m1).toBeCloseTo(2, 1);
    expect(s1).toBeCloseTo(0.61, 1);
  },
);

it("equal distributions pull nowhere, and a constant ratio makes all divergences one", async () => {
  const g = matchingGradient({
    ...{
      x: f64([1, 2]).reshape([1, 2]),
      teacher: f64([0.5, 1]).reshape([1, 2]),
      fake: f64([0.5, 1]).reshape([1, 2]),
    },
    weight: f64([3]),
  });
  expect(await g.abs().max().item()).toBe(0);
  for (const [, { weight }] of all) {
    const h = normalizeWeights(weight(f64([2.5, 2.5, 2.5])));
    for (const v of await numbers(h)) expect(v).toBeCloseTo(1, 4);
  }
});

it("the pseudo-loss has the gradient over the number of elements, and nothing else gets one", async () => {
  const data = f64([1, -2, 0.5, 3]).reshape([2, 2]);
  const others = {
    teacher: f64([0, 1, 1, 1]).reshape([2, 2]),
    fake: f64([2, 1, 0, -1]).reshape([2, 2]),
    weight: f64([1, 2]),
  };
  const loss = (at: Tensor, o: typeof others): Tensor => pseudoLoss(at, matchingGradient({ x: at, ...o }));
  const [, [dx, dOthers]] = valueAndGrad(loss, { argnums: [0, 1] })(data, others);
  const want = await numbers(matchingGradient({ x: data, ...others }).div(4));
  (await numbers(dx)).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 12));
  for (const d of Object.values(dOthers)) expect(await d.abs().max().item()).toBe(0);
  // (fake − teacher)/mean|x − teacher|·weight, by hand.
  expect(want[0]! * 4).toBeCloseTo(2 / 2, 5);
  expect(want[3]! * 4).toBeCloseTo((-2 / 1.25) * 2, 5);
  // Downhill, samples go to what the teacher sees.
  expect(Math.sign(want[0]!)).toBe(1);
});

it("ratios are those of the logits within bounds, and carry no gradient", async () => {
  const logits = f64([-50, -1, 0, 2, 50]);
  const got = await numbers(densityRatio(logits));
  [0.1, Math.exp(-1), 1, Math.exp(2), 20].forEach((v, i) => expect(got[i]).toBeCloseTo(v, 10));
  expect(await densityRatio(f64([3]), { clip: false }).item()).toBeCloseTo(Math.exp(3), 10);
  const slope = grad((l: Tensor) => densityRatio(l).sum())(logits);
  expect(await slope.abs().max().item()).toBe(0);
  for (const clip of [
    [0, 1],
    [2, 1],
  ] as const)
    expect(() => densityRatio(logits, { clip })).toThrow(OptionError);
  expect(await stopGradient(logits).sum().item()).toBe(1);
});

it("every bin has mean 1, an empty one keeps its own, and means can be remembered", async () => {
  const ratio = f64([1, 3, 4, 8]);
  const level = f64([0.05, 0.1, 0.9, 1.2]);
  const { ratio: even, means } = normalizeRatio(ratio, level, f64([7, 7, 7]));
  (await numbers(even)).forEach((v, i) => expect(v).toBeCloseTo([0.5, 1.5, 4 / 6, 8 / 6][i]!, 5));
  expect(await numbers(means)).toEqual([2, 7, 6]);
  expect(await numbers(normalizeRatio(ratio, level, f64([4, 7, 2]), 0.5).means)).toEqual([3, 7, 4]);
  expect(await normalizeWeights(ratio).mean().item()).toBeCloseTo(1, 6);
});
