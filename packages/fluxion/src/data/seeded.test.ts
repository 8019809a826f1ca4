import { describe, expect, it } from "vitest";
import { OptionError } from "../core/errors.js";
import { normalFrom, seededUniform, shuffled, threefry2x32 } from "./seeded.js";

describe("threefry2x32", () => {
  // The known answers of the generator's authors (Random123, kat_vectors, threefry2x32 with 20 rounds).
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as [[number, number], [number, number], [number, number]][])(
    "key %j, counter %j",
    (key, counter, words) => {
      expect(threefry2x32(key, counter)).toEqual(words);
    },
  );
});

describe("seededUniform", () => {
  const draw = (n: number, seed: number, stream?: number) => {
    const uniform = seededUniform(seed, stream);
    return Array.from({ length: n }, () => uniform());
  };

  it("repeats for a seed and differs between seeds and streams", () => {
    expect(draw(5, 1)).toEqual(draw(5, 1));
    expect(draw(5, 1)).not.toEqual(draw(5, 2));
    expect(draw(5, 1, 0)).not.toEqual(draw(5, 1, 1));
  });

  it("is uniform in [0, 1): every tenth holds a tenth, within four standard deviations", () => {
    const n = 20_000;
    const counts = Array<number>(10).fill(0);
    const values = draw(n, 7);
    expect(values.every((u) => u >= 0 && u < 1)).toBe(true);
    for (const u of values) counts[Math.floor(10 * u)]! += 1;
    for (const count of counts) expect(Math.abs(count - n / 10)).toBeLessThan(4 * Math.sqrt(n * 0.09));
  });

  it.each([-1, 0.5, NaN, 2 ** 32])("refuses the seed %s", (seed) => {
    expect(() => seededUniform(seed)).toThrow(OptionError);
    expect(() => seededUniform(0, seed)).toThrow(OptionError);
  });
});

it("normalFrom has the moments of a standard normal", () => {
  const normal = normalFrom(seededUniform(3));
  const values = Array.from({ length: 20_000 }, () => normal());
  const moment = (k: number) => values.reduce((sum, v) => sum + v ** k, 0) / values.length;
  expect(moment(1)).toBeCloseTo(0, 1);
  expect(moment(2)).toBeCloseTo(1, 1);
  expect(moment(3)).toBeCloseTo(0, 0);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
});

it("normalFrom stays finite when the source gives 0", () => {
  expect(normalFrom(() => 0)()).toBeCloseTo(0);
});

it("shuffled gives each order of three equally often", () => {
  const counts = new Map<string, number>();
  const uniform = seededUniform(5);
  for (let i = 0; i < 6000; i++) {
    const order = shuffled(3, uniform).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(1000));
});
