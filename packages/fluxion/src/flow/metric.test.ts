import { expect, it } from "vitest";
import { grad, OptionError, tensor, type Tensor } from "../index.js";
import { l2, pseudoHuber, scaledPseudoHuber, vectorPseudoHuber } from "./metric.js";

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

it("element-wise: √2·c − c at the residual c, and a slope below 1", async () => {
  const c = 0.3;
  const zero = f64([0], [1, 1]);
  expect(await pseudoHuber(c)(f64([c], [1, 1]), zero).item()).toBeCloseTo((Math.SQRT2 - 1) * c, 14);
  for (const e of [-5, -0.1, 0.2, 40]) {
    const slope = grad((x: Tensor) => pseudoHuber(c)(x, zero).sum())(f64([e], [1, 1]));
    expect(await slope.item()).toBeCloseTo(e / Math.hypot(e, c), 12);
  }
});

it("the scaled vector form: its limits, its slope, and c in proportion to d", async () => {
  const d = 3072;
  const e = (size: number): Tensor => f64(Array<number>(d).fill(size / Math.sqrt(d)), [1, d]);
  const zero = f64(Array<number>(d).fill(0), [1, d]);
  const c = 0.00054 * d;
  expect(c).toBeCloseTo(1.659, 3);
  const at = (size: number): Promise<number> => scaledPseudoHuber()(e(size), zero).item();
  expect(await at(0)).toBe(0);
  expect((await at(1e6)) / ((1e6 - c) / d)).toBeCloseTo(1, 8);
  expect((await at(1e-4)) / (1e-8 / (2 * c * d))).toBeCloseTo(1, 6);
  const slope = grad((x: Tensor) => scaledPseudoHuber()(x, zero).sum())(e(50));
  expect(await slope.square().sum().sqrt().item()).toBeLessThan(1 / d);
});

it("every metric has a zero gradient where prediction and target agree", async () => {
  for (const metric of [l2(), pseudoHuber(0.1), vectorPseudoHuber(0.1), scaledPseudoHuber(0.1)]) {
    expect(await numbers(grad((x: Tensor) => metric(x, p).sum())(p))).toEqual([0, 0, 0, 0]);
  }
});

it("c must be positive", () => {
  for (const c of [0, -1, NaN]) {
    expect(() => pseudoHuber(c)).toThrow(OptionError);
    expect(() => vectorPseudoHuber(c)).toThrow(OptionError);
    expect(() => scaledPseudoHuber(c)).toThrow(OptionError);
  }
});
