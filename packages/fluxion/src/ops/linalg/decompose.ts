// Decompositions by ml-matrix on row-major float64 matrices. Non-finite input gives NaN: its iterations would not end.
import { EigenvalueDecomposition, Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";
import { isFiniteMatrix } from "./host.js";

const toMatrix = (a: Float64Array, m: number, n: number): Matrix => {
  const rows = Array.from({ length: m }, (_, i) => Array.from(a.subarray(i * n, (i + 1) * n)));
  return new Matrix(rows);
};

const flat = (x: Matrix): Float64Array => Float64Array.from(x.to1DArray());
const nan = (size: number): Float64Array => new Float64Array(size).fill(NaN);

/** The matrix divided by its largest entry, so that no square overflows, and that entry. */
function scaled(a: Float64Array): { a: Float64Array; scale: number } {
  const scale = a.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return scale === 0 ? { a, scale: 1 } : { a: a.map((v) => v / scale), scale };
}

/** Changes the sign of column k of `q` (m×n), and of what `also` says, so that its largest entry is positive. */
function orient(q: Float64Array, m: number, n: number, k: number, also?: (k: number) => void): void {
  let largest = 0;
  for (let i = 0; i < m; i++) {
    const v = q[i * n + k]!;
    // A little preference for the first, so that rounding does not decide between equal entries.
    if (Math.abs(v) > Math.abs(largest) * (1 + 1e-9)) largest = v;
  }
  if (largest >= 0) return;
  for (let i = 0; i < m; i++) q[i * n + k] = -q[i * n + k]!;
  also?.(k);
}

/** A = Q·R of an m×n matrix, m ≥ n, with the diagonal of R ≥ 0. */
export function thinQr(a: Float64Array, m: number, n: number): { q: Float64Array; r: Float64Array } {
  if (!isFiniteMatrix(a)) return { q: nan(m * n), r: nan(n * n) };
  const of = new QrDecomposition(toMatrix(a, m, n));
  const [q, r] = [flat(of.orthogonalMatrix), flat(of.upperTriangularMatrix)];
  for (let k = 0; k < n; k++) {
    if (r[k * n + k]! >= 0) continue;
    for (let i = 0; i < m; i++) q[i * n + k] = -q[i * n + k]!;
    for (let j = k; j < n; j++) r[k * n + j] = -r[k * n + j]!;
  }
  // Not −0 on the diagonal.
  return { q, r: r.map((v) => v + 0) };
}

/** Eigenvalues of a symmetric matrix, ascending, and orthonormal eigenvectors as columns. */
export function symmetricEigen(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  if (!isFiniteMatrix(a)) return { values: nan(n), vectors: nan(n * n) };
  const { a: unit, scale } = scaled(a);
  const of = new EigenvalueDecomposition(toMatrix(unit, n, n), { assumeSymmetric: true });
  const vectors = flat(of.eigenvectorMatrix);
  for (let k = 0; k < n; k++) orient(vectors, n, n, k);
  return { values: Float64Array.from(of.realEigenvalues, (v) => v * scale), vectors };
}

/** A = U·diag(s)·Vᵀ of an m×n matrix with s descending: U [m, k], s [k], V [n, k], k = min(m, n). */
export function thinSvd(
  a: Float64Array,
  m: number,
  n: number,
): { u: Float64Array; s: Float64Array; v: Float64Array } {
  const k = Math.min(m, n);
  if (!isFiniteMatrix(a)) return { u: nan(m * k), s: nan(k), v: nan(n * k) };
  const { a: unit, scale } = scaled(a);
  const of = new SingularValueDecomposition(toMatrix(unit, m, n), { autoTranspose: true });
  const thin = (x: Matrix, rows: number): Float64Array => flat(x.subMatrix(0, rows - 1, 0, k - 1));
  const [u, v] = [thin(of.leftSingularVectors, m), thin(of.rightSingularVectors, n)];
  for (let j = 0; j < k; j++) {
    orient(u, m, k, j, () => {
      for (let i = 0; i < n; i++) v[i * k + j] = -v[i * k + j]!;
    });
  }
  return { u, s: Float64Array.from(of.diagonal.slice(0, k), (x) => x * scale), v };
}
