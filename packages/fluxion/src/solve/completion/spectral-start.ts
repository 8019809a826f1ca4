import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { normalFrom } from "../../data/seeded.js";
import type { SparseMatrix } from "../sparse.js";
import { orthonormalize, transposedProduct } from "./orthonormal.js";

/** out ← A X for X [columns, k] row-major. @internal */
export function timesThin(a: SparseMatrix, x: Float64Array, k: number): Float64Array {
  const out = new Float64Array(a.rows * k);
  for (let i = 0; i < a.rows; i++) {
    const to = i * k;
    for (let e = a.starts[i]!; e < a.starts[i + 1]!; e++) {
      const from = a.indices[e]! * k;
      const value = a.values[e]!;
      for (let l = 0; l < k; l++) out[to + l]! += value * x[from + l]!;
    }
  }
  return out;
}

/**
 * Nearly the top-k left singular vectors of the observed entries, missing ones 0: subspace iteration with a few
 * directions to spare, 2·(sweeps + 1)·entries·(k + 5) multiply-adds.
 * @param a the observed entries, [m, n]
 * @param at its transpose
 * @returns float64 [m, k], orthonormal columns
 * @internal
 */
export function topLeft(a: SparseMatrix, at: SparseMatrix, k: number, uniform: () => number): Float64Array {
  const sweeps = 6;
  const width = Math.min(k + 5, a.rows, a.columns);
  const normal = normalFrom(uniform);
  let y = timesThin(a, Float64Array.from({ length: a.columns * width }, normal), width);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    orthonormalize(y, a.rows, width);
    y = timesThin(a, timesThin(at, y, width), width);
  }
  orthonormalize(y, a.rows, width);
  const b = timesThin(at, y, width);
  const small = Matrix.from1DArray(width, width, transposedProduct(b, b, a.columns, width));
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(small, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, j) => j)
    .sort((i, j) => realEigenvalues[j]! - realEigenvalues[i]!)
    .slice(0, k);
  const top = new Float64Array(a.rows * k);
  for (let i = 0; i < a.rows; i++)
    for (const [c, j] of order.entries())
      for (let l = 0; l < width; l++) top[i * k + c]! += y[i * width + l]! * eigenvectorMatrix.get(l, j);
  return top;
}

/**
 * Sets rows of norm above 2·incoherence·√(k/m) to 0 and orthonormalises again.
 * @source Gu, Song, Yin, Zhang, arXiv 2302.11068, clipping of the start; Jain, Netrapalli, Sanghavi, arXiv 1212.0467,
 *   algorithm 2, clip entries; deviates: none
 * @internal
 */
export function clipRows(u: Float64Array, rows: number, k: number, incoherence: number): void {
  const most = 2 * incoherence * Math.sqrt(k / rows);
  let clipped = false;
  for (let at = 0; at < rows * k; at += k) {
    const length = Math.hypot(...u.subarray(at, at + k));
    if (length <= most) continue;
    u.fill(0, at, at + k);
    clipped = true;
  }
  if (clipped) orthonormalize(u, rows, k);
}
