import { describe, expect, it } from "vitest";
import { seededUniform } from "../data/seeded.js";
import { groupNorm, l1Norm, nonNegative, nuclearNorm, type ProxTerm } from "./prox.js";

const uniform = seededUniform(1);
const vector = (n: number): Float64Array => Float64Array.from({ length: n }, () => 4 * uniform() - 2);
const terms: Record<string, ProxTerm> = {
  l1Norm: l1Norm(),
  groupNorm: groupNorm(3),
  nonNegative: nonNegative(),
  nuclearNorm: nuclearNorm([3, 4]),
};

describe.each(Object.entries(terms))("%s", (_, { value, prox }) => {
  const objective = (z: Float64Array, x: Float64Array, weight: number): number =>
    weight * value(z) + z.reduce((sum, v, j) => sum + (v - x[j]!) ** 2 / 2, 0);

  it("minimises its objective: no neighbour is lower", () => {
    for (const weight of [0, 0.3, 1.5, 10]) {
      const x = vector(12);
      const best = prox(x, weight);
      const lowest = weight === 0 && value(best) === 0 ? 0 : objective(best, x, weight);
      for (const size of [1e-4, 1e-2, 1]) {
        for (let trial = 0; trial < 20; trial++) {
          const near = best.map((v) => v + size * (uniform() - 0.5));
          if (value(near) === Infinity) continue;
          expect(objective(near, x, weight)).toBeGreaterThanOrEqual(lowest - 1e-12);
        }
      }
    }
  });

  it("does not lengthen distances, writes where it is told to, and keeps NaN", () => {
    const [a, b] = [vector(12), vector(12)];
    const distance = (x: Float64Array, y: Float64Array): number => Math.hypot(...x.map((v, j) => v - y[j]!));
    expect(distance(prox(a, 0.7), prox(b, 0.7))).toBeLessThanOrEqual(distance(a, b) + 1e-12);
    const want = prox(a, 0.7);
    expect(prox(a, 0.7, a)).toBe(a);
    expect([...a]).toEqual([...want]);
    expect(prox(vector(12).fill(NaN, 0, 1), 0.1).some(Number.isNaN)).toBe(true);
  });
});

it("groups no longer than the weight vanish, others lose exactly it and keep their direction", () => {
  const x = Float64Array.of(3, 0, 4, 0.3, 0.4, 0);
  expect([...groupNorm(3).prox(x, 0.5)]).toEqual([2.7, 0, 3.6, 0, 0, 0]);
  expect(groupNorm(3).value(x)).toBe(5.5);
});

it("the nuclear norm shrinks singular values and keeps the singular vectors", () => {
  // Singular values 3 and 1 in the directions (1, ±1)/√2 on both sides.
  const term = nuclearNorm([2, 2]);
  const x = Float64Array.of(2, 1, 1, 2);
  expect(term.value(x)).toBeCloseTo(4, 12);
  for (const v of term.prox(x, 1)) expect(v).toBeCloseTo(1, 12);
  expect([...term.prox(x, 3.5)]).toEqual([0, 0, 0, 0]);
});

it("refuses sizes that are none and lengths that do not fit", () => {
  expect(() => groupNorm(0)).toThrow(/size a whole number/);
  expect(() => groupNorm(3).value(vector(4))).toThrow(/multiple of 3/);
  expect(() => nuclearNorm([2, 0])).toThrow(/columns a whole number/);
  expect(() => nuclearNorm([2, 2]).prox(vector(3), 1)).toThrow(/want 4 elements, got 3/);
});
