import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { ShapeError } from "../../core/errors.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";

/**
 * Orthonormalises the columns of `a` [rows, k] in place, by Gram and Schmidt's process twice a column. A column that
 * depends on those before it is replaced by a random one, so that k directions remain.
 * @internal
 */
export function orthonormalize(a: Float64Array, rows: number, k: number): void {
  const along = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    let before = columnNorm(a, rows, k, c);
    for (let attempt = 0; ; attempt++) {
      for (let pass = 0; pass < 2; pass++) {
        along.fill(0, 0, c);
        for (let at = 0; at < rows * k; at += k) {
          const v = a[at + c]!;
          for (let j = 0; j < c; j++) along[j]! += v * a[at + j]!;
        }
        for (let at = 0; at < rows * k; at += k) {
          let v = a[at + c]!;
          for (let j = 0; j < c; j++) v -= along[j]! * a[at + j]!;
          a[at + c] = v;
        }
      }
      const after = columnNorm(a, rows, k, c);
      if (after > 1e-13 * before || attempt === 3) {
        const scale = after > 0 ? 1 / after : 0;
        for (let at = c; at < rows * k; at += k) a[at]! *= scale;
        break;
      }
      const normal = normalFrom(seededUniform(c, attempt));
      for (let at = c; at < rows * k; at += k) a[at] = normal();
      before = columnNorm(a, rows, k, c);
    }
  }
}

function columnNorm(a: Float64Array, rows: number, k: number, c: number): number {
  let sum = 0;
  for (let at = c; at < rows * k; at += k) sum += a[at]! * a[at]!;
  return Math.sqrt(sum);
}

/**
 * dist(A, B) = ‖(I − QₐQₐᵀ) Q_b‖₂: the sine of the largest principal angle between the column spaces, in [0, 1].
 * @param a float64 [rows, k] row-major, any basis
 * @param b float64 [rows, k] row-major, any basis
 * @param k columns
 * @throws ShapeError
 * @source Gu, Song, Yin, Zhang, arXiv 2302.11068, its definition of distance; deviates: none
 */
export function subspaceDistance(a: Float64Array, b: Float64Array, k: number): number {
  const rows = a.length / k;
  if (!Number.isInteger(rows) || rows < 1 || a.length !== b.length) {
    const got = `${a.length} and ${b.length} elements`;
    throw new ShapeError({ where: "solve.subspaceDistance", want: `two matrices [rows, ${k}]`, got });
  }
  const [qa, qb] = [a.slice(), b.slice()];
  orthonormalize(qa, rows, k);
  orthonormalize(qb, rows, k);
  const cross = transposedProduct(qa, qb, rows, k);
  for (let at = 0; at < rows * k; at += k)
    for (let j = 0; j < k; j++) for (let l = 0; l < k; l++) qb[at + j]! -= qa[at + l]! * cross[l * k + j]!;
  const { realEigenvalues } = new EigenvalueDecomposition(
    Matrix.from1DArray(k, k, transposedProduct(qb, qb, rows, k)),
    { assumeSymmetric: true },
  );
  return Math.min(1, Math.sqrt(Math.max(0, ...realEigenvalues)));
}

/** AᵀB, [k, k] row-major. @internal */
export function transposedProduct(a: Float64Array, b: Float64Array, rows: number, k: number): Float64Array {
  const out = new Float64Array(k * k);
  for (let at = 0; at < rows * k; at += k)
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) out[i * k + j]! += a[at + i]! * b[at + j]!;
  return out;
}
