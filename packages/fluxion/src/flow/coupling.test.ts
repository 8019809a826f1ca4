import { expect, it } from "vitest";
import { arange, OptionError, ShapeError, tensor, TreeError, type Tensor } from "../index.js";
import { key } from "../core/random/index.js";
import { gaussianSource, independentCoupling, pairsCoupling, shuffledCoupling } from "./coupling.js";

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
