import { expect, it } from "vitest";
import { key } from "../core/random/index.js";
import { glorotUniform, heNormal, lecunUniform, normalInit, zeroInit } from "./initializers.js";
import type { Initializer } from "./initializers.js";

const [fanIn, fanOut] = [50, 400];
const draw = async (init: Initializer, seed = 1): Promise<Float32Array> =>
  (await init(key(seed), [fanIn, fanOut], fanIn, fanOut).data()) as Float32Array;
const average = (values: Float32Array, f: (v: number) => number): number =>
  values.reduce((sum, v) => sum + f(v), 0) / values.length;

it.each([
  ["lecunUniform", lecunUniform, 1 / 50],
  ["glorotUniform", glorotUniform, 6 / 450],
])("%s fills its interval evenly", async (_, init, squaredBound) => {
  const values = await draw(init);
  const bound = Math.sqrt(squaredBound);
  expect(Math.max(...values)).toBeLessThanOrEqual(bound);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-bound);
  expect(Math.max(...values)).toBeGreaterThan(0.999 * bound);
  // Four standard errors of 20,000 draws.
  expect(Math.abs(average(values, (v) => v / bound))).toBeLessThan((4 * Math.sqrt(1 / 3)) / Math.sqrt(2e4));
  expect(average(values, (v) => (v / bound) ** 2)).toBeCloseTo(1 / 3, 2);
});

it.each([
  ["heNormal", heNormal, Math.sqrt(2 / 50)],
  ["normalInit", normalInit(0.3), 0.3],
])("%s has its standard deviation and a normal's tails", async (_, init, std) => {
  const values = await draw(init);
  expect(Math.abs(average(values, (v) => v / std))).toBeLessThan(4 / Math.sqrt(2e4));
  expect(average(values, (v) => (v / std) ** 2)).toBeCloseTo(1, 1);
  expect(average(values, (v) => (v / std) ** 4)).toBeGreaterThan(2.8);
  expect(average(values, (v) => (v / std) ** 4)).toBeLessThan(3.2);
});

it("zeroInit is zero; keys fix the others", async () => {
  expect((await draw(zeroInit)).every((v) => v === 0)).toBe(true);
  expect(await draw(heNormal)).toEqual(await draw(heNormal));
  expect(await draw(heNormal, 2)).not.toEqual(await draw(heNormal));
});
