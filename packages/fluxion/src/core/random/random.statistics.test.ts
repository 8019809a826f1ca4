import { describe, expect, it } from "vitest";
import { tensor, vmap, type Tensor } from "../../index.js";
import * as random from "./index.js";

const COUNT = 20_000;
const key = random.key(2024);
const draw = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7. */
function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - p * Math.exp(-z * z);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

/** Regularised lower incomplete gamma function by its series. */
function gammaCdf(a: number, x: number): number {
  if (x <= 0) return 0;
  let logGamma = 0;
  for (let k = 0; k < 200; k++) logGamma -= Math.log(a + k);
  const z = a + 200;
  logGamma += (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * z);
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < 2000 && term > 1e-14 * sum; n++) sum += term *= x / (a + n);
  return sum * Math.exp(a * Math.log(x) - x - logGamma);
}

/** Kolmogorov-Smirnov: √n·sup|F̂ − F| exceeds 1.95 with probability 1e-3; the keys are fixed. */
async function expectDistribution(t: Tensor, cdf: (x: number) => number): Promise<void> {
  const sorted = (await draw(t)).sort((a, b) => a - b);
  let distance = 0;
  sorted.forEach((x, i) => {
    const f = cdf(x);
    distance = Math.max(distance, Math.abs(f - i / sorted.length), Math.abs(f - (i + 1) / sorted.length));
  });
  expect(distance * Math.sqrt(sorted.length)).toBeLessThan(1.95);
}

const moments = (values: readonly number[]): { mean: number; variance: number } => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
};

describe("continuous distributions", () => {
  it("uniform", () =>
    expectDistribution(random.uniform(key, [COUNT], { min: 2, max: 5 }), (x) => (x - 2) / 3));
  it("normal", () => expectDistribution(random.normal(key, [COUNT]), normalCdf));
  it("normal in float64", () =>
    expectDistribution(random.normal(key, [COUNT], { dtype: "float64" }), normalCdf));
  it("exponential", () => expectDistribution(random.exponential(key, [COUNT]), (x) => 1 - Math.exp(-x)));
  it("gumbel", () => expectDistribution(random.gumbel(key, [COUNT]), (x) => Math.exp(-Math.exp(-x))));
  it("laplace", () =>
    expectDistribution(random.laplace(key, [COUNT]), (x) =>
      x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2,
    ));

  it("truncatedNormal", async () => {
    const [a, b] = [normalCdf(-0.5), normalCdf(2)];
    const t = random.truncatedNormal(key, -0.5, 2, [COUNT]);
    await expectDistribution(t, (x) => (normalCdf(x) - a) / (b - a));
    const values = await draw(t);
    expect(Math.min(...values)).toBeGreaterThan(-0.5);
    expect(Math.max(...values)).toBeLessThan(2);
  });

  it("truncatedNormal far out stays finite and inside", async () => {
    for (const [low, high] of [
      [6, 7],
      [-Infinity, -6],
      [0, Infinity],
      [-Infinity, Infinity],
    ] as const) {
      const values = await draw(random.truncatedNormal(key, low, high, [1000]));
      expect(values.every((v) => Number.isFinite(v) && v > low && v < high)).toBe(true);
    }
  });

  it.each([0.3, 1, 4.5, 60])("gamma of shape %d", (a) =>
    expectDistribution(random.gamma(key, a, [COUNT]), (x) => gammaCdf(a, x)),
  );

  it("beta(2, 1) has the distribution function x²", () =>
    expectDistribution(random.beta(key, 2, 1, [COUNT]), (x) => x * x));
  it("beta(½, ½) is the arcsine law", () =>
    expectDistribution(random.beta(key, 0.5, 0.5, [COUNT]), (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))));

  it("dirichlet lies on the simplex with mean α/Σα, also for tiny α", async () => {
    const rows = (await random.dirichlet(key, tensor([1, 2, 5]), [4000]).toArray()) as number[][];
    for (const row of rows) expect(row[0]! + row[1]! + row[2]!).toBeCloseTo(1, 5);
    [1 / 8, 2 / 8, 5 / 8].forEach((want, k) => {
      expect(moments(rows.map((row) => row[k]!)).mean).toBeCloseTo(want, 1.7);
    });
    const tiny = await draw(random.dirichlet(key, tensor([1e-3, 1e-3]), [500]));
    expect(tiny.every((v) => v >= 0 && v <= 1)).toBe(true);
  });
});

describe("discrete distributions", () => {
  const frequencies = (values: readonly number[], k: number): number[] =>
    Array.from({ length: k }, (_, i) => values.filter((v) => v === i).length / values.length);
  const expectFrequencies = (values: readonly number[], p: readonly number[]): void =>
    frequencies(values, p.length).forEach((f, i) =>
      expect(Math.abs(f - p[i]!)).toBeLessThan(4 * Math.sqrt((p[i]! * (1 - p[i]!)) / values.length) + 1e-12),
    );

  it("randint", async () => {
    expectFrequencies(await draw(random.randint(key, [COUNT], 0, 7)), new Array<number>(7).fill(1 / 7));
    const wide = await draw(random.randint(key, [COUNT], -(2 ** 31), 2 ** 31 - 1));
    expect(Math.abs(moments(wide).mean)).toBeLessThan((4 * 2 ** 32) / Math.sqrt(12 * COUNT));
  });

  it("categorical over rows, an impossible category never drawn", async () => {
    const logits = tensor([
      [0, Math.log(3), -Infinity],
      [Math.log(2), 0, Math.log(2)],
    ]);
    const values = (await random.categorical(key, logits, { shape: [COUNT, 2] }).toArray()) as number[][];
    expectFrequencies(
      values.map((row) => row[0]!),
      [0.25, 0.75, 0],
    );
    expectFrequencies(
      values.map((row) => row[1]!),
      [0.4, 0.2, 0.4],
    );
  });

  it("categorical along another axis", async () => {
    const t = random.categorical(
      key,
      tensor([
        [0, -Infinity],
        [-Infinity, 0],
        [-Infinity, -Infinity],
      ]),
      { axis: 0 },
    );
    expect(await t.toArray()).toEqual([0, 1]);
  });

  it("bernoulli with a probability each", async () => {
    const t = random.bernoulli(key, tensor([0, 0.25, 1]), [COUNT, 3]);
    const sums = (await t.sum(0).toArray()) as number[];
    expect(sums[0]).toBe(0);
    expect(Math.abs(sums[1]! / COUNT - 0.25)).toBeLessThan(0.013);
    expect(sums[2]).toBe(COUNT);
  });

  it.each([0.2, 4, 9.99, 10, 55])("poisson of rate %d", async (rate) => {
    const values = await draw(random.poisson(key, rate, [COUNT]));
    const p: number[] = [];
    for (let k = 0, term = Math.exp(-rate); k < rate + 10 * Math.sqrt(rate) + 10; term *= rate / ++k)
      p.push(term);
    expectFrequencies(values, p);
    expect(values.every((v) => v >= 0)).toBe(true);
  });

  it("poisson of Tensors, with rates out of range", async () => {
    const t = random.poisson(key, tensor([0, 3, 40, -1, NaN, 2e9]), [4000, 6]);
    const rows = (await t.toArray()) as number[][];
    const column = (k: number): number[] => rows.map((row) => row[k]!);
    expect(new Set(column(0))).toEqual(new Set([0]));
    expect(moments(column(1)).mean).toBeCloseTo(3, 0.5);
    expect(moments(column(2)).mean / 40).toBeCloseTo(1, 1.5);
    for (const k of [3, 4, 5]) expect(new Set(column(k))).toEqual(new Set([-1]));
  });

  it("permutation is one, and all orders are equally likely", async () => {
    const order = await draw(random.permutation(key, 3000));
    expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
    const counts = new Map<string, number>();
    const orders = vmap((k: Tensor) => random.permutation(k, 3))(random.split(key, 600));
    for (const o of (await orders.toArray()) as number[][])
      counts.set(o.join(), (counts.get(o.join()) ?? 0) + 1);
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 100)).toBeLessThan(4 * Math.sqrt(100 * (5 / 6)));
  });

  it("choice by weight", async () => {
    const p = tensor([0, 1, 3, 0]);
    expectFrequencies(await draw(random.choice(key, 4, [COUNT], { p })), [0, 0.25, 0.75, 0]);
    const two = await draw(random.choice(key, 4, [2], { p, replace: false }));
    expect(two.sort()).toEqual([1, 2]);
  });
});
