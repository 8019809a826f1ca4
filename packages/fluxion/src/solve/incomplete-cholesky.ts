import { checkOptions } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { LinearOperator } from "./linear-operator.js";
import { checkSquare, sparseDiagonal, type SparseMatrix } from "./sparse.js";

/** Options of `incompleteCholesky`. */
export interface IncompleteCholeskyOptions {
  /** Part of the diagonal added to it before factoring, number ≥ 0. Default 0. */
  shift?: number;
  /** How often a factorisation that meets a pivot ≤ 0 is tried again with a larger shift, whole number ≥ 0. Default 10. */
  retries?: number;
}

/** An incomplete factor as a preconditioner for `conjugateGradient`. */
export interface IncompleteCholesky extends LinearOperator {
  /** L, lower triangular, with the pattern of A's lower triangle. */
  readonly factor: SparseMatrix;
  /** The shift that the factor was made with. */
  readonly shift: number;
}

/**
 * Incomplete Cholesky factorisation without fill, IC(0): L Lᵀ agrees with A where A has entries. `apply` solves
 * L Lᵀ z = r. For an M-matrix (such as a Poisson matrix) it always exists; elsewhere a pivot ≤ 0 makes it start again
 * with A + s·diag(A), s = 1e-3 and then twice as much each time.
 * @param a symmetric, with all its entries (only the lower triangle is read) and a positive diagonal
 * @returns undefined if all attempts failed, or A has a diagonal entry that is not positive and finite
 * @throws OptionError; ShapeError if A is not square
 * @source Meijerink, van der Vorst, "An iterative solution method for linear systems of which the coefficient matrix is
 *   a symmetric M-matrix", 1977, §3; Manteuffel, "An incomplete factorization technique for positive definite linear
 *   systems", 1980, §4 (the shift); deviates: none
 */
export function incompleteCholesky(
  a: SparseMatrix,
  options: IncompleteCholeskyOptions = {},
): IncompleteCholesky | undefined {
  const where = "solve.incompleteCholesky";
  checkOptions(where, options, ["shift", "retries"]);
  const { shift = 0, retries = 10 } = options;
  checkRange(where, "shift", shift, "[0, ∞)");
  checkWhole(where, "retries", retries, 0);
  checkSquare(where, a);
  if (sparseDiagonal(a).some((v) => !(v > 0 && v < Infinity))) return undefined;
  for (let attempt = 0, s = shift; attempt <= retries; attempt++, s = Math.max(1e-3, 2 * s)) {
    const factor = factorize(a, s);
    if (factor) return { size: a.rows, factor, shift: s, apply: (r, out) => backAndForth(factor, r, out) };
  }
  return undefined;
}

function lowerTriangle(a: SparseMatrix): SparseMatrix {
  const starts = new Int32Array(a.rows + 1);
  let count = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let k = a.starts[i]!; k < a.starts[i + 1]!; k++) if (a.indices[k]! <= i) count++;
    starts[i + 1] = count;
  }
  const indices = new Int32Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < a.rows; i++)
    for (let k = a.starts[i]!; k < a.starts[i + 1]!; k++)
      if (a.indices[k]! <= i) {
        indices[at] = a.indices[k]!;
        values[at++] = a.values[k]!;
      }
  return { rows: a.rows, columns: a.columns, starts, indices, values };
}

/** Row by row: lᵢⱼ = (aᵢⱼ − Σ_k lᵢₖ lⱼₖ) / lⱼⱼ over the pattern; the diagonal ends every row. */
function factorize(a: SparseMatrix, shift: number): SparseMatrix | undefined {
  const l = lowerTriangle(a);
  const { starts, indices, values } = l;
  for (let i = 0; i < a.rows; i++) {
    const [start, last] = [starts[i]!, starts[i + 1]! - 1];
    for (let k = start; k < last; k++) {
      const j = indices[k]!;
      let sum = values[k]!;
      let [p, q] = [start, starts[j]!];
      const diagonal = starts[j + 1]! - 1;
      while (p < k && q < diagonal) {
        const [c, e] = [indices[p]!, indices[q]!];
        if (c === e) sum -= values[p++]! * values[q++]!;
        else if (c < e) p++;
        else q++;
      }
      values[k] = sum / values[diagonal]!;
    }
    let pivot = values[last]! * (1 + shift);
    for (let k = start; k < last; k++) pivot -= values[k]! ** 2;
    // A pivot far below the diagonal is rounding, not information.
    if (!(pivot > 1e-12 * values[last]! && pivot < Infinity)) return undefined;
    values[last] = Math.sqrt(pivot);
  }
  return l;
}

function backAndForth(
  { rows, starts, indices, values }: SparseMatrix,
  r: Float64Array,
  out: Float64Array = new Float64Array(rows),
): Float64Array {
  for (let i = 0; i < rows; i++) {
    let sum = r[i]!;
    const last = starts[i + 1]! - 1;
    for (let k = starts[i]!; k < last; k++) sum -= values[k]! * out[indices[k]!]!;
    out[i] = sum / values[last]!;
  }
  for (let i = rows - 1; i >= 0; i--) {
    const last = starts[i + 1]! - 1;
    const value = out[i]! / values[last]!;
    out[i] = value;
    for (let k = starts[i]!; k < last; k++) out[indices[k]!]! -= values[k]! * value;
  }
  return out;
}
