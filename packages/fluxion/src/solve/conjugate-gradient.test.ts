import { Matrix, solve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { FluxionError, OptionError, ShapeError } from "../core/errors.js";
import { conjugateGradient } from "./conjugate-gradient.js";
import { incompleteCholesky } from "./incomplete-cholesky.js";
import { lanczos } from "./lanczos.js";
import type { LinearOperator } from "./linear-operator.js";
import { sparseDiagonal, sparseFromDense, sparseMultiply, sparseOperator, sparseToDense } from "./sparse.js";
import { laplacian, randomSpd, randomVector } from "./testdata.js";
import { difference, dot, norm } from "./vectors.js";

const diagonal = (values: readonly number[]): LinearOperator => ({
  size: values.length,
  apply: (x) => x.map((v, i) => v * values[i]!),
});

describe("conjugateGradient", () => {
  const matrix = randomSpd(60);
  const a = sparseOperator(matrix);
  const b = randomVector(60);
  const dense = Matrix.from1DArray(60, 60, [...sparseToDense(matrix).data]);
  const want = Float64Array.from(solve(dense, Matrix.columnVector([...b])).to1DArray());
  const error = (x: Float64Array): number => norm(difference(x, want, new Float64Array(60))) / norm(want);

  it.each([
    ["plain", {}],
    ["by Jacobi", { preconditioner: diagonal([...sparseDiagonal(matrix)].map((v) => 1 / v)) }],
    ["by incomplete Cholesky", { preconditioner: incompleteCholesky(matrix)! }],
    ["from elsewhere", { start: randomVector(60, 9) }],
    ["deflated", { deflate: [randomVector(60, 4), randomVector(60, 5)] }],
  ])("solves as a direct solver does: %s", (_, options) => {
    const seen: number[] = [];
    const { x, status, residuals, iterations } = conjugateGradient(a, b, {
      ...{ ...options, tolerance: 1e-12 },
      onIteration: ({ iteration, residual }) => {
        expect(iteration).toBe(seen.length + 1);
        seen.push(residual);
      },
    });
    expect(status).toBe("converged");
    expect(error(x)).toBeLessThan(1e-9);
    expect(residuals).toHaveLength(iterations + 1);
    expect(seen).toEqual(residuals.slice(1));
    const rest = difference(b, sparseMultiply(matrix, x), new Float64Array(60));
    expect(residuals.at(-1)).toBe(norm(rest) / norm(b));
  });

  it("ends within as many iterations as there are different eigenvalues", () => {
    const values = Array.from({ length: 40 }, (_, i) => [1, 3, 10][i % 3]!);
    const { iterations, status } = conjugateGradient(diagonal(values), randomVector(40), {
      tolerance: 1e-12,
    });
    expect([iterations, status]).toEqual([3, "converged"]);
  });

  it("lowers the error in the A-norm at every iteration", () => {
    let last = Infinity;
    for (let maxIterations = 0; maxIterations < 20; maxIterations++) {
      const { x, status } = conjugateGradient(a, b, { maxIterations, tolerance: 1e-14 });
      const e = difference(x, want, new Float64Array(60));
      const now = dot(e, sparseMultiply(matrix, e));
      expect(now).toBeLessThan(last);
      expect(status).toBe("max-iterations");
      last = now;
    }
  });

  it("is faster with preconditioner, and with the lowest Ritz vectors deflated", () => {
    const poisson = laplacian(24);
    const right = randomVector(576);
    const run = (options: object) => conjugateGradient(sparseOperator(poisson), right, options);
    const plain = run({});
    const incomplete = run({ preconditioner: incompleteCholesky(poisson)! });
    const { vectors } = lanczos(sparseOperator(poisson), right, { steps: 60 }).ritz();
    const deflated = run({ deflate: vectors.slice(0, 8) });
    for (const { status } of [plain, incomplete, deflated]) expect(status).toBe("converged");
    expect(incomplete.iterations).toBeLessThan(0.5 * plain.iterations);
    expect(deflated.iterations).toBeLessThan(0.7 * plain.iterations);
  });

  it.each([
    ["singular", diagonal([1, 0]), [0, 1]],
    ["unbounded", diagonal([1, -1]), [0, 1]],
    ["non-finite", diagonal([1, NaN]), [0, 1]],
    ["non-finite", diagonal([1, 1]), [NaN, 1]],
    ["non-finite", diagonal([1, 1]), [Infinity, 1]],
    ["max-iterations", diagonal([1, 0]), [1, 1e-3]],
  ])("answers with status %s", (status, operator, right) => {
    const outcome = conjugateGradient(operator, Float64Array.from(right), { maxIterations: 1 });
    expect(outcome.status).toBe(status);
    expect(outcome.reason).not.toBe("");
    expect(outcome.residuals).toHaveLength(outcome.iterations + 1);
  });

  it("answers a contradictory system with a status, and a preconditioner that is none", () => {
    expect(conjugateGradient(diagonal([1, 0]), Float64Array.of(1, 1)).status).toBe("singular");
    const preconditioner = diagonal([1, -1]);
    expect(conjugateGradient(diagonal([1, 1]), Float64Array.of(0, 1), { preconditioner }).status).toBe(
      "unbounded",
    );
    const deflate = [Float64Array.of(1, 0), Float64Array.of(2, 0)];
    expect(conjugateGradient(diagonal([1, 1]), Float64Array.of(0, 1), { deflate }).status).toBe("singular");
  });

  it("stops at what rounding allows", () => {
    const values = Array.from({ length: 50 }, (_, i) => 10 ** (-i / 5));
    const outcome = conjugateGradient(diagonal(values), randomVector(50), {
      tolerance: 1e-17,
      maxIterations: 1e5,
    });
    expect(outcome.status).toBe("stalled");
    expect(outcome.residuals.at(-1)).toBeLessThan(1e-6);
  });

  it("knows the answer to 0, takes tiny and huge numbers, and stops at the signal", () => {
    expect(conjugateGradient(a, new Float64Array(60))).toMatchObject({ status: "converged", iterations: 0 });
    for (const scale of [1e-200, 1e200]) {
      const { x, status } = conjugateGradient(
        a,
        b.map((v) => v * scale),
        { tolerance: 1e-12 },
      );
      if (scale > 1) expect(["converged", "non-finite"]).toContain(status);
      else expect(["converged", "stalled"]).toContain(status);
      if (status === "converged") expect(error(x.map((v) => v / scale))).toBeLessThan(1e-9);
    }
    const stop = new AbortController();
    const onIteration = () => stop.abort();
    expect(conjugateGradient(a, b, { signal: stop.signal, onIteration })).toMatchObject({
      ...{ status: "aborted", iterations: 1 },
    });
  });

  it("refuses wrong arguments", () => {
    expect(() => conjugateGradient(a, randomVector(3))).toThrow(ShapeError);
    expect(() => conjugateGradient(a, b, { start: randomVector(3) })).toThrow(ShapeError);
    expect(() => conjugateGradient(a, b, { deflate: [randomVector(3)] })).toThrow(/deflate\[0\]/);
    expect(() => conjugateGradient(a, b, { preconditioner: diagonal([1]) })).toThrow(ShapeError);
    expect(() => conjugateGradient(a, b, { tolerance: -1 })).toThrow(OptionError);
    expect(() => conjugateGradient(a, b, { maxIterations: 0.5 })).toThrow(OptionError);
    expect(() => conjugateGradient(a, b, { tol: 1 } as object)).toThrow(/"tol"/);
    const wrong: LinearOperator = { size: 60, apply: () => new Float64Array(2) };
    expect(() => conjugateGradient(wrong, b)).toThrow(FluxionError);
  });
});

describe("incompleteCholesky", () => {
  it("is the whole factorisation where there is no fill, and agrees with A on its pattern elsewhere", () => {
    const chain = sparseFromDense({ data: Float64Array.of(4, -1, 0, -1, 4, -1, 0, -1, 4), shape: [3, 3] });
    const exact = incompleteCholesky(chain)!;
    const r = randomVector(3);
    const z = exact.apply(r);
    expect(norm(difference(sparseMultiply(chain, z), r, new Float64Array(3)))).toBeLessThan(1e-14);

    const a = laplacian(6);
    const { factor, shift } = incompleteCholesky(a)!;
    expect(shift).toBe(0);
    const l = Matrix.from1DArray(36, 36, [...sparseToDense(factor).data]);
    const llt = l.mmul(l.transpose());
    for (let i = 0; i < 36; i++)
      for (let k = a.starts[i]!; k < a.starts[i + 1]!; k++)
        expect(llt.get(i, a.indices[k]!)).toBeCloseTo(a.values[k]!, 12);
  });

  it("shifts the diagonal where a pivot fails, and gives up without one", () => {
    // Kershaw's matrix: positive definite, but its incomplete factorisation breaks down.
    const rows = [3, -2, 0, 2, -2, 3, -2, 0, 0, -2, 3, -2, 2, 0, -2, 3];
    const kershaw = sparseFromDense({ data: Float64Array.from(rows), shape: [4, 4] });
    const shifted = incompleteCholesky(kershaw)!;
    expect(shifted.shift).toBeGreaterThan(0);
    const b = randomVector(4);
    const { status } = conjugateGradient(sparseOperator(kershaw), b, { preconditioner: shifted });
    expect(status).toBe("converged");
    expect(incompleteCholesky(kershaw, { retries: 0 })).toBeUndefined();
    for (const bad of [
      [0, 1, 1, 0],
      [-1, 0, 0, 1],
      [NaN, 0, 0, 1],
      [1, 0, 0, Infinity],
    ])
      expect(
        incompleteCholesky(sparseFromDense({ data: Float64Array.from(bad), shape: [2, 2] })),
      ).toBeUndefined();
    expect(() => incompleteCholesky(kershaw, { shift: -1 })).toThrow(OptionError);
    expect(() => incompleteCholesky(sparseFromDense({ data: new Float64Array(2), shape: [1, 2] }))).toThrow(
      ShapeError,
    );
  });
});

describe("lanczos", () => {
  const a = sparseOperator(laplacian(12));
  const bound = 4 * Math.cos(Math.PI / 13);

  it("gives an orthonormal basis that makes A tridiagonal, and Ritz values within the spectrum", () => {
    const { basis, diagonal: main, offDiagonal, ritz } = lanczos(a, randomVector(144), { steps: 50 });
    expect([basis.length, main.length, offDiagonal.length]).toEqual([50, 50, 49]);
    const images = basis.map((q) => a.apply(q).slice());
    basis.forEach((p, i) =>
      images.forEach((image, j) => {
        expect(Math.abs(dot(p, basis[j]!) - (i === j ? 1 : 0))).toBeLessThan(1e-10);
        const entry = i === j ? main[i]! : Math.abs(i - j) === 1 ? offDiagonal[Math.min(i, j)]! : 0;
        expect(Math.abs(dot(p, image) - entry)).toBeLessThan(1e-10);
      }),
    );
    const { values, vectors } = ritz();
    expect([...values].sort((x, y) => x - y)).toEqual(values);
    expect(values[0]).toBeGreaterThan(4 - bound - 1e-12);
    expect(values.at(-1)).toBeLessThan(4 + bound + 1e-12);
    expect(values[0]).toBeCloseTo(4 - bound, 10);
    const image = a.apply(vectors[0]!);
    expect(norm(image.map((v, i) => v - values[0]! * vectors[0]![i]!))).toBeLessThan(1e-6);
  });

  it("ends early where the space is invariant, and at the signal", () => {
    const three = diagonal([1, 1, 2, 2, 3, 3]);
    const { ritz } = lanczos(three, randomVector(6), { steps: 6 });
    expect(ritz().values.map((v) => Math.round(1e9 * v) / 1e9)).toEqual([1, 2, 3]);
    const stop = new AbortController();
    const onStep = (step: number) => step === 4 && stop.abort();
    expect(lanczos(a, randomVector(144), { steps: 50, signal: stop.signal, onStep }).basis).toHaveLength(4);
  });

  it("refuses a start of 0 or NaN", () => {
    expect(() => lanczos(a, new Float64Array(144), { steps: 2 })).toThrow(/not 0/);
    expect(() => lanczos(a, new Float64Array(144).fill(NaN), { steps: 2 })).toThrow(OptionError);
    expect(() => lanczos(a, randomVector(3), { steps: 2 })).toThrow(ShapeError);
  });
});
