import { ShapeError } from "../core/errors.js";
import { rowLength, type ArrayData } from "../data/array-data.js";

/** The rows a₁ … a_m of a matrix A: [m, N], known by what solvers ask of them; so they may have structure. */
export interface LinearConstraints {
  /** Number of rows, m. */
  readonly count: number;
  /** Number of unknowns, N. */
  readonly size: number;
  /** A x: [m]. */
  readonly times: (x: Float64Array) => Float64Array;
  /** Σₖ weights[k]·a_rows[k]: [N]. */
  readonly combine: (rows: readonly number[], weights: ArrayLike<number>) => Float64Array;
  /** ⟨a_i, a_j⟩. */
  readonly dot: (i: number, j: number) => number;
}

/**
 * Constraints of a dense matrix.
 * @param matrix [m, N], row-major; float32 and integers are widened
 * @throws ShapeError unless `matrix` is [m, N]
 */
export function denseConstraints(matrix: ArrayData): LinearConstraints {
  const where = "solve.denseConstraints";
  const n = rowLength(where, matrix);
  const m = matrix.shape[0]!;
  if (matrix.shape.length !== 2)
    throw new ShapeError({ where, want: "[m, N]", got: `[${matrix.shape.join(", ")}]` });
  const a = Float64Array.from(matrix.data);
  return {
    count: m,
    size: n,
    times: (x) =>
      Float64Array.from({ length: m }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += a[i * n + j]! * x[j]!;
        return sum;
      }),
    combine(rows, weights) {
      const x = new Float64Array(n);
      rows.forEach((i, k) => {
        for (let j = 0; j < n; j++) x[j]! += weights[k]! * a[i * n + j]!;
      });
      return x;
    },
    dot(i, j) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
      return sum;
    },
  };
}
