import { expect, it } from "vitest";
import { arange, OptionError, ShapeError, tensor, TreeError, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { linearSchedule } from "../optim/index.js";
import {
  annealedCoupling,
  gaussianSource,
  independentCoupling,
  pairsCoupling,
  shuffledCoupling,
} from "./coupling.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const moments = (list: number[]): [mean: number, variance: number] => {
  const mean = list.reduce((a, b) => a + b) / list.length;
  return [mean, list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length];
};
const n = 64;
const pairs = {
  x0: arange(n).cast("float32").reshape([n, 1]),
  x1: arange(n).mul(-1).cast("float32").reshape([n, 1]),
  cond: arange(n),
};

it("the Gaussian source has the asked spread and dtype", async () => {
  const like = tensor(new Float64Array(8000), { shape: [2000, 4] });
  const z = gaussianSource(3)(key(1), like);
  expect([z.dtype, z.shape]).toEqual(["float64", [2000, 4]]);
  const [mean, variance] = moments(await numbers(z));
  expect(Math.abs(mean)).toBeLessThan(0.15);
  expect(variance).toBeCloseTo(9, 0);
  for (const scale of [0, -1, NaN, Infinity]) expect(() => gaussianSource(scale)).toThrow(OptionError);
});

it("independent: new sources for the same data; stored ones are ignored", async () => {
  const couple = independentCoupling();
  const [a, b] = [couple(key(1), pairs), couple(key(2), pairs)];
  expect(await numbers(a.x1)).toEqual(await numbers(pairs.x1));
  expect(await numbers(a.x0)).not.toEqual(await numbers(b.x0));
  expect(await numbers(a.x0)).not.toEqual(await numbers(pairs.x0));
  expect(a.cond).toBe(pairs.cond);
});

it("pairs stay pairs, with their conditions", async () => {
  const coupled = pairsCoupling()(key(1), pairs);
  expect(coupled.x0).toBe(pairs.x0);
  expect(coupled.x1).toBe(pairs.x1);
  expect(coupled.cond).toBe(pairs.cond);
});

it("shuffled: the same sources, in another order at every key; data and conditions keep theirs", async () => {
  const couple = shuffledCoupling();
  const [a, b] = [await numbers(couple(key(1), pairs).x0), await numbers(couple(key(2), pairs).x0)];
  const order = await numbers(pairs.x0);
  expect(a).not.toEqual(order);
  expect(a).not.toEqual(b);
  expect(a.toSorted((x, y) => x - y)).toEqual(order);
  expect(couple(key(1), pairs).x1).toBe(pairs.x1);
});

it("pairs are asked for where there are none, or they do not fit", () => {
  for (const couple of [pairsCoupling(), shuffledCoupling()]) {
    expect(() => couple(key(1), { x1: pairs.x1 })).toThrow(TreeError);
    expect(() => couple(key(1), { x1: pairs.x1, x0: tensor([[1]]) })).toThrow(ShapeError);
  }
});

it("annealed: unit variance, correlation √(1 − beta²); the stored sources at 0, none of them at 1", async () => {
  const z = gaussianSource()(key(9), tensor(new Float32Array(40_000), { shape: [40_000, 1] }));
  const batch = { x0: z, x1: z.mul(0) };
  const stored = await numbers(z);
  for (const beta of [0, 0.3, 0.7, 1]) {
    const couple = annealedCoupling(linearSchedule({ init: 1, end: 0, steps: 10 }));
    const step = tensor(Math.round(10 * (1 - beta)), { dtype: "int32" });
    const mixed = await numbers(couple(key(1), { ...batch, step }).x0);
    const correlation = mixed.reduce((s, v, i) => s + v * stored[i]!, 0) / mixed.length;
    expect(Math.abs(moments(mixed)[1] - 1)).toBeLessThan(0.03);
    expect(Math.abs(correlation - Math.sqrt(1 - beta * beta))).toBeLessThan(0.03);
    if (beta === 0) expect(mixed).toEqual(stored);
    if (beta !== 1) continue;
    const other = couple(key(1), { x0: z.mul(-5).add(1), x1: batch.x1, step });
    expect(await numbers(other.x0)).toEqual(mixed);
  }
  const couple = annealedCoupling(() => tensor(1));
  expect(() => couple(key(1), batch)).toThrow(TreeError);
  expect(() => couple(key(1), { x1: batch.x1, step: tensor(1, { dtype: "int32" }) })).toThrow(TreeError);
});
