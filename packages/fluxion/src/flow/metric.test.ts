import { expect, it } from "vitest";
import { grad, OptionError, tensor, type Tensor } from "../index.js";
import { l2, pseudoHuber, vectorPseudoHuber } from "./metric.js";

const f64 = (values: number[], shape = [values.length]): Tensor =>
  tensor(values, { dtype: "float64", shape });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const [p, y] = [f64([1, 2, 3, 4], [2, 2]), f64([1, 0, 0, 0], [2, 2])];

it("per example, by hand", async () => {
  expect(await numbers(l2()(p, y))).toEqual([2, 12.5]);
  const element = await numbers(pseudoHuber(0.5)(p, y));
  const h = (e: number): number => Math.hypot(e, 0.5) - 0.5;
  [(h(0) + h(2)) / 2, (h(3) + h(4)) / 2].forEach((want, i) => expect(element[i]).toBeCloseTo(want, 14));
  const vector = await numbers(vectorPseudoHuber(0.5)(p, y));
  [h(2), h(5)].forEach((want, i) => expect(vector[i]).toBeCloseTo(want, 14));
});

it("scalars per example count as one feature", async () => {
  expect(await numbers(l2()(f64([1, 3]), f64([0, 0])))).toEqual([1, 9]);
  expect(await numbers(vectorPseudoHuber(4)(f64([3]), f64([0])))).toEqual([1]);
});

it("the two pseudo-Hubers differ, agree in one dimension, and are squares near 0", async () => {
  const small = f64([1e-3], [1, 1]);
  const zero = f64([0], [1, 1]);
  const [a, b] = [await pseudoHuber(2)(small, zero).item(), await vectorPseudoHuber(2)(small, zero).item()];
  expect(a).toBe(b);
  expect(a / (1e-6 / 4)).toBeCloseTo(1, 4);
  expect(await numbers(pseudoHuber(1)(p, y))).not.toEqual(await numbers(vectorPseudoHuber(1)(p, y)));
});

it("every metric has a zero gradient where prediction and target agree", async () => {
  for (const metric of [l2(), pseudoHuber(0.1), vectorPseudoHuber(0.1)]) {
    expect(await numbers(grad((x: Tensor) => metric(x, p).sum())(p))).toEqual([0, 0, 0, 0]);
  }
});

it("c must be positive", () => {
  for (const c of [0, -1, NaN]) {
    expect(() => pseudoHuber(c)).toThrow(OptionError);
    expect(() => vectorPseudoHuber(c)).toThrow(OptionError);
  }
});
