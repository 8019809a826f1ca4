// Dense kernels on row-major float64 matrices. Division by a zero pivot gives infinities and NaN, never an exception.

/** A factorisation P·A = L·U with unit diagonal of L, both in one matrix; `rows[i]` is the row of A that came to i. */
export interface LU {
  readonly n: number;
  readonly lu: Float64Array;
  readonly rows: readonly number[];
  /** Determinant of P. */
  readonly parity: 1 | -1;
}

/** LU factorisation with partial pivoting of the n×n matrix `a`. */
export function factorLU(a: Float64Array, n: number): LU {
  const lu = Float64Array.from(a);
  const rows = Array.from({ length: n }, (_, i) => i);
  let parity: 1 | -1 = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(lu[i * n + k]!) > Math.abs(lu[pivot * n + k]!)) pivot = i;
    if (pivot !== k) {
      for (let j = 0; j < n; j++) {
        [lu[k * n + j], lu[pivot * n + j]] = [lu[pivot * n + j]!, lu[k * n + j]!];
      }
      [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
      parity = parity === 1 ? -1 : 1;
    }
    const diagonal = lu[k * n + k]!;
    // A column of zeros needs no elimination; the zero pivot stays and shows in the solution.
    if (diagonal === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = (lu[i * n + k]! /= diagonal);
      if (factor !== 0) for (let j = k + 1; j < n; j++) lu[i * n + j]! -= factor * lu[k * n + j]!;
    }
  }
  return { n, lu, rows, parity };
}

/** X of op(A)·X = B with k columns, op transposing if `transpose`. */
export function solveLU({ n, lu, rows }: LU, b: Float64Array, k: number, transpose: boolean): Float64Array {
  if (!transpose) {
    const x = new Float64Array(n * k);
    rows.forEach((row, i) => x.set(b.subarray(row * k, (row + 1) * k), i * k));
    solveTriangular(lu, x, n, k, { lower: true, transpose: false, unitDiagonal: true });
    solveTriangular(lu, x, n, k, { lower: false, transpose: false, unitDiagonal: false });
    return x;
  }
  const y = Float64Array.from(b);
  solveTriangular(lu, y, n, k, { lower: false, transpose: true, unitDiagonal: false });
  solveTriangular(lu, y, n, k, { lower: true, transpose: true, unitDiagonal: true });
  const x = new Float64Array(n * k);
  rows.forEach((row, i) => x.set(y.subarray(i * k, (i + 1) * k), row * k));
  return x;
}

/** Which triangle of a matrix is read, and how. */
export type Triangle = {
  readonly lower: boolean;
  readonly transpose: boolean;
  readonly unitDiagonal: boolean;
};

/** Solves op(T)·X = B in place of B, T being a triangle of the n×n matrix `a`. */
export function solveTriangular(a: Float64Array, x: Float64Array, n: number, k: number, how: Triangle): void {
  const { lower, transpose, unitDiagonal } = how;
  const entry = (i: number, j: number): number => (transpose ? a[j * n + i]! : a[i * n + j]!);
  const forwards = lower !== transpose;
  for (let step = 0; step < n; step++) {
    const i = forwards ? step : n - 1 - step;
    const [from, to] = forwards ? [0, i] : [i + 1, n];
    for (let j = from; j < to; j++) {
      const factor = entry(i, j);
      if (factor !== 0) for (let c = 0; c < k; c++) x[i * k + c]! -= factor * x[j * k + c]!;
    }
    if (!unitDiagonal) for (let c = 0; c < k; c++) x[i * k + c]! /= entry(i, i);
  }
}

/** Lower L with L·Lᵀ = A from the lower triangle of the n×n matrix `a`; all NaN if A is not positive definite. */
export function factorCholesky(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i > j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[j * n + j] = Math.sqrt(sum);
      else return l.fill(NaN);
    }
  }
  return l;
}

/** Sign of the determinant and logarithm of its magnitude. */
export function logDeterminant({ n, lu, parity }: LU): { sign: number; logarithm: number } {
  let sign: number = parity;
  let logarithm = 0;
  for (let i = 0; i < n; i++) {
    sign *= Math.sign(lu[i * n + i]!);
    logarithm += Math.log(Math.abs(lu[i * n + i]!));
  }
  return { sign: sign + 0, logarithm };
}
