import { expect, it } from "vitest";
import {
  enumeratePatterns,
  patternCount,
  patternsNeeded,
  samplePatterns,
  type ReluPatterns,
} from "./patterns.js";
import { perturbedPatterns } from "./perturbed-patterns.js";
import { gaussian, wave } from "./testdata.js";

const keys = ({ masks, n, count }: ReluPatterns): string[] =>
  Array.from({ length: count }, (_, i) => masks.subarray(i * n, (i + 1) * n).join(""));

it("counts patterns of points in general position: 24 for 12 points of rank 2, 1562 for 40 of rank 3", () => {
  expect(patternCount(12, 2)).toBe(24);
  expect(patternCount(40, 3)).toBe(1562);
  expect(patternCount(3, 5)).toBe(8);
  expect(enumeratePatterns(wave(12, 0).x).count).toBe(24);
  expect(enumeratePatterns(gaussian(40, 3, 0).x).count).toBe(1562);
  expect(enumeratePatterns(gaussian(9, 4, 1).x).count).toBe(patternCount(9, 4));
});

it("lists every pattern that sampling finds", () => {
  const { x } = gaussian(8, 3, 2);
  const all = enumeratePatterns(x);
  const sampled = samplePatterns(x, { count: 20_000, seed: 1 });
  const listed = new Set(keys(all));
  expect(keys(sampled).filter((key) => !listed.has(key))).toEqual([]);
  expect(all.count).toBe(patternCount(8, 3));
  expect(all.complete).toBe(true);
  expect(sampled.complete).toBe(false);
});

it("enumerates points that are not in general position: doubles, multiples, zeros, a line", () => {
  const rows = [1, 2, 1, 2, 2, 4, 0, 0, -1, -2, 3, 1];
  expect(enumeratePatterns({ data: Float64Array.from(rows), shape: [6, 2] }).count).toBe(4);
  expect(enumeratePatterns({ data: Float64Array.of(1, -2, 3), shape: [3, 1] }).count).toBe(2);
  expect(enumeratePatterns({ data: new Float64Array(4), shape: [2, 2] }).count).toBe(1);
});

it("draws the same distinct patterns for the same seed", () => {
  const { x } = wave(12, 0);
  const one = samplePatterns(x, { count: 500, seed: 3 });
  expect(one.count).toBeLessThanOrEqual(24);
  expect(new Set(keys(one)).size).toBe(one.count);
  expect(samplePatterns(x, { count: 500, seed: 3 })).toEqual(one);
  const near = perturbedPatterns(x, { eps: 0.2, count: 20, copies: 6, fixed: [1], seed: 3 });
  const far = perturbedPatterns(x, { eps: 0, count: 20, copies: 6, seed: 3 });
  expect(near.count).toBeGreaterThan(far.count);
  expect(new Set(keys(near)).size).toBe(near.count);
});

it("says how many samples the theory asks for", () => {
  // (2/0.1)·(71 − log 0.1) against 71/0.01 − 1.
  expect(patternsNeeded(70)).toBe(Math.ceil(20 * (71 + Math.log(10))));
  expect(patternsNeeded(1, { psi: 0.5, xi: 0.5 })).toBe(7);
});

it("refuses bad input", () => {
  const bad = { data: Float64Array.of(1, NaN), shape: [1, 2] };
  expect(() => samplePatterns(bad)).toThrow(/finite features, got NaN in row 0, column 1/);
  expect(() => samplePatterns({ data: new Float64Array(0), shape: [0, 2] })).toThrow(/not empty/);
  expect(() => samplePatterns(wave(3, 0).x, { count: 0 })).toThrow(/count/);
  expect(() => enumeratePatterns(gaussian(100, 10, 0).x)).toThrow(/at most 200000.*samplePatterns/);
  expect(() => patternsNeeded(5, { psi: 0 })).toThrow(/psi/);
  expect(() => perturbedPatterns(wave(3, 0).x, { eps: 0.1, fixed: [2] })).toThrow(
    /fixed columns in \[0, 2\)/,
  );
});
