import type { SparseMatrix } from "../sparse.js";
import type { LeastSquares } from "./least-squares.js";

/**
 * One regression a row of `data` against the fixed factor: row i of `out` minimises the squared error on the entries
 * of row i.
 * @param data observed entries [R, C]
 * @param fixed [C, k] row-major
 * @param out where the solutions go, [R, k] row-major
 * @returns squares of the residuals, added up, and multiply-adds
 * @internal
 */
export function halfStep(
  data: SparseMatrix,
  fixed: Float64Array,
  k: number,
  out: Float64Array,
  leastSquares: LeastSquares,
  uniform: () => number,
): { squares: number; work: number } {
  const { rows, columns, starts, indices, values } = data;
  let most = 0;
  for (let i = 0; i < rows; i++) most = Math.max(most, starts[i + 1]! - starts[i]!);
  const [a, b, r] = [new Float64Array(most * k), new Float64Array(most), new Float64Array(most)];
  const x = new Float64Array(k);
  const solve = leastSquares.prepare(columns, k, uniform);
  let [squares, work] = [0, 0];
  for (let i = 0; i < rows; i++) {
    const from = starts[i]!;
    const n = starts[i + 1]! - from;
    for (let e = 0; e < n; e++) {
      b[e] = values[from + e]!;
      const row = indices[from + e]! * k;
      for (let l = 0; l < k; l++) a[e * k + l] = fixed[row + l]!;
    }
    work += solve({ a, b, n, rows: indices, from, x, r });
    out.set(x, i * k);
    for (let e = 0; e < n; e++) squares += r[e]! * r[e]!;
  }
  return { squares, work };
}
