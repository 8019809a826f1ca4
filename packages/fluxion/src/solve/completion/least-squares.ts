import { Matrix, pseudoInverse } from "ml-matrix";
import { checkOptions } from "../../core/errors.js";
import { checkRange } from "../../optim/options.js";
import { backSubstitute, factor, gram } from "./cholesky.js";

/** One small regression of a half-step: min ‖A x − b‖², A the rows of a factor that a column of the data observes. */
export interface RowSystem {
  /** A in its first n·k elements, row-major. */
  readonly a: Float64Array;
  /** b in its first n elements. */
  readonly b: Float64Array;
  /** Observed entries. */
  readonly n: number;
  /** Which rows of the factor A's are: `rows[from]` … `rows[from + n − 1]`, ascending. */
  readonly rows: Int32Array;
  readonly from: number;
  /** Where the solution goes, [k]. */
  readonly x: Float64Array;
  /** Where b − A x goes, at least [n]. */
  readonly r: Float64Array;
}

/** A way to solve the regressions of a half-step; write one's own to study inexact steps. */
export interface LeastSquares {
  /** λ > 0 where it penalises ‖x‖², so that few entries are no obstacle. Default 0. */
  readonly ridge?: number;
  /**
   * Called once a half-step.
   * @param size rows of the fixed factor: no regression has more
   * @param k its columns
   * @param uniform numbers in [0, 1) for sketches
   * @returns solves one system and returns the multiply-adds that it took
   */
  prepare(size: number, k: number, uniform: () => number): (system: RowSystem) => number;
}

/** Options of `exactLeastSquares`. */
export interface ExactLeastSquaresOptions {
  /** λ of min ‖A x − b‖² + λ‖x‖², number ≥ 0. A has orthonormal columns before rows are left out. Default 0. */
  ridge?: number;
}

/**
 * Least squares by normal equations and Cholesky, n·k²/2 + O(n·k + k³) multiply-adds; the solution of smallest norm
 * where it is not unique.
 * @throws OptionError
 * @source Jain, Netrapalli, Sanghavi, arXiv 1212.0467, algorithm 2 leaves the method open; deviates: none
 */
export function exactLeastSquares(options: ExactLeastSquaresOptions = {}): LeastSquares {
  const where = "solve.exactLeastSquares";
  checkOptions(where, options, ["ridge"]);
  const { ridge = 0 } = options;
  checkRange(where, "ridge", ridge, "[0, ∞)");
  return {
    ridge,
    prepare(_, k) {
      const g = new Float64Array(k * k);
      return (system) => {
        const work = solveNormal(system, k, ridge, g);
        residual(system, k);
        return work;
      };
    },
  };
}

/** x by normal equations; returns multiply-adds. @internal */
export function solveNormal(system: RowSystem, k: number, ridge: number, g: Float64Array): number {
  const { a, b, n, x } = system;
  x.fill(0);
  if (n === 0) return 0;
  if (n >= k || ridge > 0) {
    gram(a, n, k, ridge, g);
    if (factor(g, k)) {
      addTransposed(a, b, n, k, x);
      backSubstitute(g, k, x);
      return (n * k * (k + 1)) / 2 + n * k + cholesky(k) + k * k;
    }
  }
  smallestNorm(system, k);
  return n * k * Math.min(n, k);
}

/** Multiply-adds of a Cholesky factor. @internal */
export const cholesky = (k: number): number => k ** 3 / 6;

function smallestNorm({ a, b, n, x }: RowSystem, k: number): void {
  const rows = new Matrix(Array.from({ length: n }, (_, i) => Array.from(a.subarray(i * k, (i + 1) * k))));
  const inverse = pseudoInverse(rows, 1e-10);
  for (let i = 0; i < k; i++) {
    let sum = 0;
    for (let r = 0; r < n; r++) sum += inverse.get(i, r) * b[r]!;
    x[i] = sum;
  }
}

/** r ← b − A x. @internal */
export function residual({ a, b, n, x, r }: RowSystem, k: number): void {
  for (let i = 0, at = 0; i < n; i++, at += k) {
    let sum = b[i]!;
    for (let j = 0; j < k; j++) sum -= a[at + j]! * x[j]!;
    r[i] = sum;
  }
}

/** out ← out + Aᵀ v. @internal */
export function addTransposed(
  a: Float64Array,
  v: Float64Array,
  n: number,
  k: number,
  out: Float64Array,
): void {
  for (let i = 0, at = 0; i < n; i++, at += k) {
    const w = v[i]!;
    for (let j = 0; j < k; j++) out[j]! += a[at + j]! * w;
  }
}
