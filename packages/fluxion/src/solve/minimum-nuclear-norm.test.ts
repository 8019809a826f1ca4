import { describe, expect, it } from "vitest";
import { seededUniform } from "../data/seeded.js";
import { thinSvd } from "../ops/linalg/decompose.js";
import { denseConstraints, leastDistance, minimumNuclearNorm } from "./index.js";

const draw = (seed: number): (() => number) => {
  const uniform = seededUniform(seed);
  return () => 2 * uniform() - 1;
};
const rowsOf = (m: number, n: number, next: () => number) =>
  denseConstraints({ data: Float64Array.from({ length: m * n }, next), shape: [m, n] });
const nuclear = (x: Float64Array, m: number, n: number): number =>
  thinSvd(x, m, n).s.reduce((sum, s) => sum + s, 0);

describe("minimumNuclearNorm", () => {
  it("is certified by its multipliers", () => {
    for (let seed = 0; seed < 5; seed++) {
      const [p, r] = seed % 2 ? [6, 4] : [4, 6];
      const a = rowsOf(9, p * r, draw(seed));
      const bounds = new Float64Array(9).fill(1);
      const { x, lowRank, norm, gap, multipliers, status } = minimumNuclearNorm(a, bounds, { shape: [p, r] });
      expect(status).toBe("converged");
      expect(Math.min(...a.times(x))).toBeGreaterThan(1 - 1e-9);
      expect(norm).toBeCloseTo(nuclear(x, p, r), 10);
      const top = thinSvd(a.combine([...multipliers.keys()], multipliers), p, r).s[0]!;
      expect(top).toBeLessThanOrEqual(1 + 1e-12);
      expect(Math.min(...multipliers)).toBeGreaterThanOrEqual(0);
      expect(gap).toBeGreaterThan(-1e-10);
      expect(gap).toBeLessThan(1e-6);
      expect(Math.max(...x.map((v, j) => Math.abs(v - lowRank[j]!)))).toBeLessThan(1e-7);
      const frobenius = leastDistance(a, bounds).x;
      expect(norm).toBeLessThanOrEqual(nuclear(frobenius, p, r));
      expect(Math.hypot(...frobenius)).toBeLessThanOrEqual(Math.hypot(...x));
    }
  });

  it("knows the closed form of one constraint of rank one", () => {
    const [u, v] = [
      [1, -2, 2],
      [3, 4],
    ] as const;
    const row = u.flatMap((a) => v.map((b) => a * b));
    const a = denseConstraints({ data: Float64Array.from(row), shape: [1, 6] });
    const { x, norm } = minimumNuclearNorm(a, Float64Array.from([1]), { shape: [3, 2] });
    expect(norm).toBeCloseTo(1 / (3 * 5), 9);
    row.forEach((value, j) => expect(x[j]).toBeCloseTo(value / (9 * 25), 8));
  });

  it("completes a matrix of rank one from some of its elements", () => {
    // Elements of equal size, so that the least norm is that of the matrix itself.
    const [u, v] = [
      [1, 1, -1, 1, -1],
      [2, -2, 2, 2, -2],
    ] as const;
    const known = Array.from({ length: 25 }, (_, j) => j).filter((j) => ![0, 7, 19].includes(j));
    const picks = known.map((at) => Array.from({ length: 25 }, (_, j) => (j === at ? 1 : 0)));
    const a = denseConstraints({ data: Float64Array.from(picks.flat()), shape: [known.length, 25] });
    const whole = u.flatMap((x) => v.map((y) => x * y));
    const bounds = Float64Array.from(known.map((at) => whole[at]!));
    const { x, status } = minimumNuclearNorm(a, bounds, { shape: [5, 5], equalities: known.length });
    expect(status).toBe("converged");
    whole.forEach((value, j) => expect(x[j]).toBeCloseTo(value, 6));
  });

  it("returns a status for what it cannot solve", () => {
    const zero = denseConstraints({ data: new Float64Array(4), shape: [1, 4] });
    const one = Float64Array.from([1]);
    const impossible = minimumNuclearNorm(zero, one, { shape: [2, 2] });
    expect([impossible.status, impossible.iterations]).toEqual(["infeasible", 0]);
    const bad = denseConstraints({ data: Float64Array.from([NaN, 0, 0, 1]), shape: [1, 4] });
    expect(minimumNuclearNorm(bad, one, { shape: [2, 2] }).status).toBe("non-finite");
    const trivial = minimumNuclearNorm(zero, Float64Array.from([-1]), { shape: [2, 2] });
    expect([trivial.status, trivial.norm, trivial.gap]).toEqual(["converged", 0, 0]);
    const a = rowsOf(5, 12, draw(1));
    const bounds = new Float64Array(5).fill(1);
    const cut = minimumNuclearNorm(a, bounds, { shape: [3, 4], maxIterations: 3 });
    expect([cut.status, cut.residuals.length]).toEqual(["max-iterations", 4]);
    expect(Math.min(...a.times(cut.x))).toBeGreaterThan(1 - 1e-9);
    expect(cut.gap).toBeGreaterThan(0);
    const stopped = new AbortController();
    const onIteration = ({ iteration }: { iteration: number }): void => {
      if (iteration === 4) stopped.abort();
    };
    const aborted = minimumNuclearNorm(a, bounds, { shape: [3, 4], onIteration, signal: stopped.signal });
    expect([aborted.status, aborted.iterations]).toEqual(["aborted", 4]);
  });

  it("refuses what does not fit", () => {
    const a = rowsOf(2, 6, draw(0));
    const b = new Float64Array(2);
    expect(() => minimumNuclearNorm(a, b, { shape: [2, 2] })).toThrow("[M, N] with 6 elements");
    expect(() => minimumNuclearNorm(a, b, { shape: [2, 3], penalty: 0 })).toThrow("penalty");
    expect(() => minimumNuclearNorm(a, b, { shape: [2, 3], rho: 1 } as never)).toThrow('option "rho"');
  });
});
