import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { conjugateGradient } from "../conjugate-gradient.js";
import { lanczos } from "../lanczos.js";
import { sparseAsymmetry, sparseMultiply, sparseToDense } from "../sparse.js";
import { dot } from "../vectors.js";
import { multigrid } from "./multigrid.js";
import { poissonOperator } from "./poisson-operator.js";

const noise = (n: number, seed = 1): Float64Array =>
  Float64Array.from({ length: n }, normalFrom(seededUniform(seed)));
/** A disc in the middle. */
const disc = (n: number, radius: number): Uint8Array =>
  Uint8Array.from({ length: n * n }, (_, i) =>
    Math.hypot(Math.floor(i / n) - n / 2, (i % n) - n / 2) < radius ? 1 : 0,
  );

describe("poissonOperator", () => {
  it("has the eigenvalues of the five-point stencil", () => {
    const [h, w] = [5, 4];
    const matrix = sparseToDense(poissonOperator({ shape: [h, w] }).matrix());
    const found = new EigenvalueDecomposition(Matrix.from1DArray(20, 20, matrix.data)).realEigenvalues;
    const want = Array.from({ length: 20 }, (_, k) => {
      const [i, j] = [Math.floor(k / w) + 1, (k % w) + 1];
      return 4 - 2 * Math.cos((i * Math.PI) / (h + 1)) - 2 * Math.cos((j * Math.PI) / (w + 1));
    });
    const sorted = [...found].sort((a, b) => a - b);
    want.sort((a, b) => a - b).forEach((v, i) => expect(sorted[i]).toBeCloseTo(v, 10));
  });

  it.each([
    [{ shape: [7, 9] }],
    [{ shape: [3, 5, 4] }],
    [{ shape: [8, 8], solid: disc(8, 2.5) }],
    [{ shape: [8, 8], solid: disc(8, 2.5), walls: "neumann" as const }],
  ])("applies its matrix, which is symmetric: %j", (options) => {
    const a = poissonOperator(options);
    const x = noise(a.size);
    const matrix = a.matrix();
    expect(sparseAsymmetry(matrix)).toBe(0);
    const want = sparseMultiply(matrix, x);
    a.apply(x).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 12));
  });

  it("keeps a constant field at rest behind Neumann walls, away from the border", () => {
    const a = poissonOperator({ shape: [10, 10], solid: disc(10, 2), walls: "neumann" });
    const y = a.apply(Float64Array.from(a.free));
    for (let i = 0; i < 100; i++) {
      const inner = i % 10 > 0 && i % 10 < 9 && i > 9 && i < 90;
      if (inner) expect(y[i]).toBeCloseTo(0, 12);
    }
    const held = poissonOperator({ shape: [10, 10], solid: disc(10, 2) });
    expect(Math.max(...held.apply(Float64Array.from(held.free)).slice(20, 80))).toBeGreaterThan(0);
  });

  it("has Ritz values within its spectrum, orthonormal vectors and a tridiagonal form", () => {
    const a = poissonOperator({ shape: [8, 8] });
    const { basis, diagonal, offDiagonal, ritz } = lanczos(a, noise(64), { steps: 30 });
    const low = 4 - 4 * Math.cos(Math.PI / 9);
    for (const v of ritz().values) {
      expect(v).toBeGreaterThan(low - 1e-10);
      expect(v).toBeLessThan(8 - low + 1e-10);
    }
    basis.forEach((p, i) =>
      basis.forEach((q, j) => {
        expect(dot(p, q)).toBeCloseTo(i === j ? 1 : 0, 10);
        const want = i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? offDiagonal[Math.min(i, j)]! : 0;
        expect(dot(p, a.apply(q))).toBeCloseTo(want, 10);
      }),
    );
  });

  it("refuses what it cannot take", () => {
    expect(() => poissonOperator({ shape: [4] })).toThrow(/\[H, W\] or \[D, H, W\]/);
    expect(() => poissonOperator({ shape: [4, 0] })).toThrow(/whole numbers/);
    expect(() => poissonOperator({ shape: [4, 4], solid: [1] })).toThrow(/solid of 16/);
    expect(() => poissonOperator({ shape: [4, 4], walls: "open" as never })).toThrow(/walls/);
    const ring = Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 1);
    expect(() => poissonOperator({ shape: [3, 3], solid: ring, walls: "neumann" })).toThrow(
      /walled in, got cell 4/,
    );
    // Two cells behind walls: a constant there is in the null space.
    const pocket = Uint8Array.from({ length: 20 }, (_, i) => (i === 6 || i === 7 || i > 14 ? 0 : 1));
    expect(() => poissonOperator({ shape: [4, 5], solid: pocket, walls: "neumann" })).toThrow(
      /walled in, got cell 6/,
    );
    expect(poissonOperator({ shape: [4, 5], solid: pocket }).free[6]).toBe(1);
    const opened = pocket.slice().fill(0, 5, 6);
    expect(poissonOperator({ shape: [4, 5], solid: opened, walls: "neumann" }).free[6]).toBe(1);
  });
});

describe("multigrid", () => {
  it.each([
    [{ shape: [32, 32] }, 12],
    [{ shape: [63, 63] }, 12],
    [{ shape: [128, 96] }, 13],
    [{ shape: [16, 16, 16] }, 13],
    [{ shape: [64, 64], solid: disc(64, 12) }, 20],
    [{ shape: [64, 64], solid: disc(64, 12), walls: "neumann" as const }, 25],
  ])("solves %j in few cycles, whatever the size", (options, most) => {
    const a = poissonOperator(options);
    const b = noise(a.size).map((v, i) => v * a.free[i]!);
    const mg = multigrid(a);
    const { x, status, iterations } = mg.solve(b);
    expect(status).toBe("converged");
    expect(iterations).toBeLessThanOrEqual(most);
    const left = a.apply(x).map((v, i) => b[i]! - v);
    expect(Math.sqrt(dot(left, left) / dot(b, b))).toBeLessThanOrEqual(1e-8);
    expect(mg.levels.at(-1)).toBeLessThanOrEqual(64);
    expect(mg.complexity).toBeLessThan(2.5);
  });

  it("is a symmetric positive preconditioner", () => {
    const a = poissonOperator({ shape: [20, 24] });
    const mg = multigrid(a);
    const [u, v] = [noise(a.size, 1), noise(a.size, 2)];
    expect(dot(u, mg.apply(v))).toBeCloseTo(dot(v, mg.apply(u)), 8);
    expect(dot(u, mg.apply(u))).toBeGreaterThan(0);
    const b = noise(a.size, 3);
    const plain = conjugateGradient(a, b);
    const fast = conjugateGradient(a, b, { preconditioner: mg });
    expect(fast.status).toBe("converged");
    expect(fast.iterations).toBeLessThan(0.2 * plain.iterations);
  });

  it("answers by a status, and refuses what it cannot take", () => {
    const a = poissonOperator({ shape: [16, 16] });
    const mg = multigrid(a);
    expect(mg.solve(new Float64Array(256))).toMatchObject({ status: "converged", iterations: 0 });
    expect(mg.solve(new Float64Array(256).fill(NaN)).status).toBe("non-finite");
    expect(mg.solve(noise(256), { maxIterations: 2 })).toMatchObject({
      status: "max-iterations",
      iterations: 2,
    });
    expect(mg.solve(noise(256), { tolerance: 0 }).status).toBe("stalled");
    expect(() => mg.solve(noise(3))).toThrow(/\[256\]/);
    expect(() => multigrid(a, { sweeps: 0 })).toThrow(/sweeps/);
    expect(() => multigrid(a, { levels: 3 } as never)).toThrow(/option "levels"/);
  });
});
