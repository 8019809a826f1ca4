import { describe, expect, it } from "vitest";
import { seededUniform } from "../data/seeded.js";
import { quadprogLeastDistance } from "../testing/quadratic-program.js";
import { GrowingCholesky } from "./growing-cholesky.js";
import { denseConstraints, leastDistance } from "./index.js";

/** Numbers in [−1, 1). */
const draw = (seed: number): (() => number) => {
  const uniform = seededUniform(seed);
  return () => 2 * uniform() - 1;
};
const list = (n: number, next: () => number): number[] => Array.from({ length: n }, next);
const dense = (rows: readonly (readonly number[])[]) =>
  denseConstraints({ data: Float64Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] });
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

describe("leastDistance", () => {
  it("finds the point that quadprog finds", () => {
    let solvable = 0;
    for (let seed = 0; seed < 60; seed++) {
      const next = draw(seed);
      const [m, n, equalities] = [3 + (seed % 15), 2 + (seed % 7), seed % 3 === 0 ? 1 : 0];
      const rows = Array.from({ length: m }, () => list(n, next));
      // Negative bounds now and then, so that some constraints stay inactive and some problems are solvable.
      const bounds = list(m, () => next() - 0.5);
      const target = list(n, () => 3 * next());
      const want = quadprogLeastDistance(rows, bounds, target, equalities);
      const got = leastDistance(dense(rows), Float64Array.from(bounds), {
        target: Float64Array.from(target),
        equalities,
      });
      expect(got.status).toBe(want ? "converged" : "infeasible");
      if (!want) continue;
      solvable++;
      expect(distance(got.x, want)).toBeLessThan(1e-9);
    }
    expect(solvable).toBeGreaterThan(20);
    expect(solvable).toBeLessThan(60);
  });

  it("fulfils the optimality conditions", () => {
    const next = draw(100);
    const rows = Array.from({ length: 40 }, () => list(60, next));
    const a = dense(rows);
    const bounds = new Float64Array(40).fill(1);
    const { x, multipliers, active, status, residuals, iterations } = leastDistance(a, bounds);
    expect(status).toBe("converged");
    expect(residuals).toHaveLength(iterations + 1);
    expect(residuals[0]).toBe(1);
    expect(distance(x, a.combine([...multipliers.keys()], multipliers))).toBeLessThan(1e-12);
    a.times(x).forEach((v, i) => {
      expect(v).toBeGreaterThan(1 - 1e-9);
      expect(multipliers[i]!).toBeGreaterThanOrEqual(0);
      expect(Math.abs((v - 1) * multipliers[i]!)).toBeLessThan(1e-9);
      expect(multipliers[i] !== 0).toBe(active.includes(i));
    });
    const square = x.reduce((sum, v) => sum + v * v, 0);
    expect(multipliers.reduce((sum, v) => sum + v, 0)).toBeCloseTo(square, 9);
  });

  it("starts from the active rows of a similar problem", () => {
    const next = draw(7);
    const a = dense(Array.from({ length: 60 }, () => list(40, next)));
    const bounds = new Float64Array(60).fill(1);
    const cold = leastDistance(a, bounds);
    const target = Float64Array.from(list(40, () => 1e-3 * next()));
    const warm = leastDistance(a, bounds, { target, start: cold.active });
    const again = leastDistance(a, bounds, { target });
    expect(distance(warm.x, again.x)).toBeLessThan(1e-10);
    expect(warm.iterations).toBeLessThan(again.iterations / 3);
  });

  it("stays at a target that fulfils everything, or without constraints", () => {
    const none = denseConstraints({ data: new Float64Array(0), shape: [0, 2] });
    const target = Float64Array.from([2, 3]);
    expect(leastDistance(none, new Float64Array(0), { target }).x).toEqual(target);
    const inside = leastDistance(dense([[1, 1]]), Float64Array.from([4]), { target });
    expect([inside.status, inside.iterations, inside.x]).toEqual(["converged", 0, target]);
  });

  it("says what is infeasible", () => {
    const opposite = leastDistance(
      dense([
        [1, 2],
        [-1, -2],
      ]),
      Float64Array.from([1, 1]),
    );
    expect([opposite.status, opposite.reason]).toEqual(["infeasible", "row 1 contradicts 1 active rows"]);
    expect(leastDistance(dense([[0, 0]]), Float64Array.from([1])).status).toBe("infeasible");
    const twice = dense([
      [1, 0],
      [2, 0],
    ]);
    const both = { equalities: 2 };
    expect(leastDistance(twice, Float64Array.from([1, 2]), both).status).toBe("converged");
    expect(leastDistance(twice, Float64Array.from([1, 3]), both).status).toBe("infeasible");
  });

  it("stops at limits, signals and numbers that are not finite", () => {
    const next = draw(3);
    const a = dense(Array.from({ length: 10 }, () => list(20, next)));
    const bounds = new Float64Array(10).fill(1);
    const cut = leastDistance(a, bounds, { maxIterations: 2 });
    expect([cut.status, cut.iterations, cut.residuals.length]).toEqual(["max-iterations", 2, 3]);
    expect(leastDistance(a, bounds, { signal: AbortSignal.abort() }).status).toBe("aborted");
    const seen: number[] = [];
    leastDistance(a, bounds, { onIteration: ({ iteration }) => void seen.push(iteration) });
    expect(seen).toEqual(Array.from(seen, (_, i) => i + 1));
    expect(leastDistance(dense([[NaN, 1]]), Float64Array.from([1])).status).toBe("non-finite");
    expect(leastDistance(dense([[1, 1]]), Float64Array.from([NaN])).status).toBe("non-finite");
    expect(leastDistance(dense([[1, 1]]), Float64Array.from([Infinity])).status).toBe("non-finite");
  });

  it("refuses what does not fit", () => {
    const a = dense([[1, 1]]);
    const b = Float64Array.from([1]);
    expect(() => leastDistance(a, new Float64Array(2))).toThrow("bounds: want [1], got [2]");
    expect(() => leastDistance(a, b, { target: new Float64Array(3) })).toThrow("target: want [2]");
    expect(() => leastDistance(a, b, { equalities: 2 })).toThrow("equalities");
    expect(() => leastDistance(a, b, { start: [1] })).toThrow("rows of start");
    expect(() => leastDistance(a, b, { tol: 1 } as never)).toThrow('option "tol"');
    expect(() => denseConstraints({ data: new Float64Array(4), shape: [4] })).toThrow("[m, N]");
  });
});

it("GrowingCholesky follows a matrix that gains and loses rows", () => {
  const next = draw(11);
  const vectors = Array.from({ length: 6 }, () => list(8, next));
  const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const factor = new GrowingCholesky();
  const held: number[][] = [];
  for (const v of vectors) {
    const lowered = factor.lower(held.map((h) => dot(h, v)));
    factor.append(lowered, dot(v, v) - dot([...lowered], [...lowered]));
    held.push(v);
  }
  for (const k of [2, 0, 3]) {
    factor.remove(k);
    held.splice(k, 1);
    const want = list(held.length, next);
    const right = held.map((a) => held.reduce((sum, b, j) => sum + dot(a, b) * want[j]!, 0));
    expect(distance(factor.solve(right), want)).toBeLessThan(1e-12);
  }
});
