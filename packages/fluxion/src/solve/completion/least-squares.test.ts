import { Matrix, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { exactLeastSquares, type LeastSquares } from "./least-squares.js";
import { orthonormalize, subspaceDistance } from "./orthonormal.js";
import { sketchedLeastSquares } from "./sketched.js";

const normal = normalFrom(seededUniform(5));
const vector = (n: number): Float64Array => Float64Array.from({ length: n }, normal);

function run(how: LeastSquares, a: Float64Array, b: Float64Array, k: number) {
  const n = b.length;
  const [x, r, rows] = [
    new Float64Array(k),
    new Float64Array(n),
    Int32Array.from({ length: n }, (_, i) => i),
  ];
  const work = how.prepare(n, k, seededUniform(1))({ a, b, n, rows, from: 0, x, r });
  return { x, r, work };
}
const reference = (a: Float64Array, b: Float64Array, k: number): number[] =>
  solve(Matrix.from1DArray(b.length, k, a), Matrix.columnVector(b)).to1DArray();
const gap = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  Math.hypot(...Array.from(x, (v, j) => v - y[j]!)) / Math.hypot(...Array.from(y));

describe("least squares", () => {
  const [n, k] = [120, 6];
  const [a, b] = [vector(n * k), vector(n)];
  const want = reference(a, b, k);

  it("exactly, as QR does it", () => {
    const { x, r } = run(exactLeastSquares(), a, b, k);
    expect(gap(x, want)).toBeLessThan(1e-12);
    const first = b[0]! - want.reduce((sum, v, j) => sum + v * a[j]!, 0);
    expect(r[0]).toBeCloseTo(first, 12);
  });

  it("is exact when the sketch has as many rows as the system, by one unit step", () => {
    const all = sketchedLeastSquares({ factor: n / k, refine: "gradient", steps: 1 });
    expect(gap(run(all, a, b, k).x, want)).toBeLessThan(1e-12);
  });

  it.each(["countsketch", "srht", "gaussian"] as const)("with %s reaches it in k steps of CG", (sketch) => {
    const errors = [0, 1, 2, 3, k].map((steps) =>
      gap(run(sketchedLeastSquares({ sketch, factor: 4, steps }), a, b, k).x, want),
    );
    expect(errors[4]).toBeLessThan(1e-10);
    for (const i of [1, 2, 3]) expect(errors[i]).toBeLessThan(errors[i - 1]!);
    expect(errors[3]).toBeLessThan(0.2 * errors[0]!);
  });

  it("keeps the residual that belongs to x", () => {
    const { x, r } = run(sketchedLeastSquares({ factor: 4, steps: 3 }), a, b, k);
    r.forEach((v, i) => {
      let sum = b[i]!;
      for (let j = 0; j < k; j++) sum -= a[i * k + j]! * x[j]!;
      expect(v).toBeCloseTo(sum, 12);
    });
  });

  it("fits the same A x whatever basis A has", () => {
    const turn = vector(k * k);
    const turned = Float64Array.from({ length: n * k }, (_, e) => {
      let sum = 0;
      for (let j = 0; j < k; j++) sum += a[Math.floor(e / k) * k + j]! * turn[j * k + (e % k)]!;
      return sum;
    });
    const [plain, other] = [a, turned].map((m) => run(sketchedLeastSquares(), m, b, k).r);
    expect(gap(other!, plain!)).toBeLessThan(1e-9);
  });

  it("diverges by unit steps with a small sketch, where CG does not", () => {
    const wide = 20;
    const [m, c] = [vector(4000 * wide), vector(4000)];
    const best = reference(m, c, wide);
    const how = { sketch: "gaussian", factor: 4 } as const;
    const error = (refine: "cg" | "gradient", steps: number): number =>
      gap(run(sketchedLeastSquares({ ...how, refine, steps }), m, c, wide).x, best);
    expect(error("gradient", 8)).toBeGreaterThan(10 * error("gradient", 0));
    expect(error("cg", 8)).toBeLessThan(1e-2 * error("cg", 0));
    const sixteen = sketchedLeastSquares({ sketch: "gaussian", refine: "gradient" });
    expect(gap(run(sixteen, m, c, wide).x, best)).toBeLessThan(0.1 * error("cg", 0));
  });

  it("takes fewer operations than normal equations where there are many rows", () => {
    const wide = 20;
    const [m, c] = [vector(4000 * wide), vector(4000)];
    const ratio = run(sketchedLeastSquares(), m, c, wide).work / run(exactLeastSquares(), m, c, wide).work;
    expect(ratio).toBeLessThan(0.6);
  });

  it("penalises by the ridge, sketched or not", () => {
    const extended = Float64Array.from([...a, ...new Float64Array(k * k)]);
    for (let j = 0; j < k; j++) extended[n * k + j * k + j] = Math.sqrt(30);
    const ridge = reference(extended, Float64Array.from([...b, ...new Float64Array(k)]), k);
    expect(gap(run(exactLeastSquares({ ridge: 30 }), a, b, k).x, ridge)).toBeLessThan(1e-12);
    const sketched = sketchedLeastSquares({ ridge: 30, steps: k, factor: 5 });
    expect(gap(run(sketched, a, b, k).x, ridge)).toBeLessThan(1e-10);
  });

  it("gives the smallest solution where there are many, 0 for no rows", () => {
    const [row, one] = [Float64Array.of(3, 4), Float64Array.of(50)];
    for (const how of [exactLeastSquares(), sketchedLeastSquares()]) {
      expect(gap(run(how, row, one, 2).x, [6, 8])).toBeLessThan(1e-12);
      expect([...run(how, new Float64Array(0), new Float64Array(0), 2).x]).toEqual([0, 0]);
      const twice = run(how, Float64Array.of(3, 4, 3, 4, 3, 4), Float64Array.of(50, 50, 50), 2);
      expect(gap(twice.x, [6, 8])).toBeLessThan(1e-12);
    }
    // A sketch of dependent columns has no Cholesky factor.
    const flat = Float64Array.from({ length: 200 }, (_, e) => (e % 2 === 0 ? 1 : 2));
    expect(gap(run(sketchedLeastSquares(), flat, new Float64Array(100).fill(5), 2).x, [1, 2])).toBeLessThan(
      1e-9,
    );
    const consistent = sketchedLeastSquares({ steps: 50 });
    expect(
      run(
        consistent,
        a,
        a.filter((_, e) => e % k === 0),
        k,
      ).x[0],
    ).toBeCloseTo(1, 12);
  });

  it("refuses unknown options", () => {
    expect(() => exactLeastSquares({ ridge: -1 })).toThrow(/ridge/);
    expect(() => sketchedLeastSquares({ factor: 1 })).toThrow(/factor/);
    expect(() => sketchedLeastSquares({ steps: 0.5 })).toThrow(/steps/);
    expect(() => sketchedLeastSquares({ sketch: "fft" as "srht" })).toThrow(/countsketch, srht, gaussian/);
    expect(() => sketchedLeastSquares({ refine: "newton" as "cg" })).toThrow(/cg or gradient/);
    expect(() => sketchedLeastSquares({ step: 2 } as object)).toThrow(/option "step"/);
  });
});

describe("subspaces", () => {
  it("have the distance of their largest angle", () => {
    expect(subspaceDistance(Float64Array.of(1, 0), Float64Array.of(0, 1), 1)).toBe(1);
    for (const angle of [1e-9, 0.3, 2]) {
      const b = Float64Array.of(Math.cos(angle), Math.sin(angle));
      expect(subspaceDistance(Float64Array.of(1, 0), b, 1)).toBeCloseTo(Math.sin(angle), 12);
    }
    const a = vector(30);
    const turned = Float64Array.from({ length: 30 }, (_, e) => {
      const at = 3 * Math.floor(e / 3);
      return [a[at]! + a[at + 1]!, a[at + 1]! - 2 * a[at + 2]!, 5 * a[at]!][e % 3]!;
    });
    expect(subspaceDistance(a, turned, 3)).toBeLessThan(1e-14);
    expect(() => subspaceDistance(a, vector(27), 3)).toThrow(/30 and 27/);
  });

  it("keep k directions where columns depend on each other", () => {
    const a = Float64Array.from({ length: 40 }, (_, e) => (e % 4 < 2 ? 1 + Math.floor(e / 4) : 0));
    orthonormalize(a, 10, 4);
    for (let p = 0; p < 4; p++)
      for (let q = 0; q < 4; q++) {
        let sum = 0;
        for (let i = 0; i < 10; i++) sum += a[4 * i + p]! * a[4 * i + q]!;
        expect(sum).toBeCloseTo(p === q ? 1 : 0, 12);
      }
  });

  it("inherit incoherence: row norms differ by no more than ‖A − B‖", () => {
    const a = vector(60);
    const b = a.map((v) => v + 0.01 * normal());
    const e = Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0));
    for (let at = 0; at < 60; at += 3) {
      const [u, v] = [a, b].map((m) => Math.hypot(...m.subarray(at, at + 3)));
      expect(Math.abs(u! - v!)).toBeLessThanOrEqual(e);
    }
  });
});
