// Gradient codes within one round: n coded results of which any n − s give the sum.
import { Matrix, QrDecomposition } from "ml-matrix";
import { OptionError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";

/** How results are combined: "repetition" adds, "cyclic" takes real combinations of neighbouring chunks. */
export type Encoder = "repetition" | "cyclic";

/** A part of a sum. */
export interface Term {
  readonly chunk: number;
  readonly coefficient: number;
}

/** n workers, n chunks: worker i returns a combination of s + 1 chunks. */
export interface BlockCode {
  readonly n: number;
  readonly s: number;
  readonly encoder: Encoder;
  /** What worker i returns, the combination of chunks. */
  readonly row: (worker: number) => readonly Term[];
  /** Whether these responders determine the sum, rounding apart: n − s of them, or for repetition one of every group. */
  readonly suffices: (responders: readonly number[]) => boolean;
  /**
   * Coefficients, one for each responder, with which their results add up to the sum of all chunks.
   * @param responders in increasing order
   * @returns undefined where they do not suffice, or where rounding would spoil the sum
   */
  readonly decode: (responders: readonly number[]) => Float64Array | undefined;
}

/** Largest error of the sum's coefficients that still counts as exact. */
const exactness = 1e-6;

/**
 * A code of n workers that withstands any s stragglers.
 *
 * "repetition" puts workers into n/(s + 1) groups that all add the same chunks: coefficients are 1. "cyclic" is a real
 * cyclic code with s consecutive n-th roots of unity as zeros; where n − s is even no such real code exists, and
 * half-way roots, weighted so that the plain sum stays a codeword, take their place.
 * @param options `encoder`: default "repetition" where s + 1 divides n, else "cyclic"
 * @throws OptionError
 * @source Tandon, Lei, Dimakis, Karampatziakis, "Gradient coding", 2017, arXiv:1612.03301, for both kinds; arXiv:2211.13802
 *   uses it as a building block; deviates: the cyclic code is algebraic, not drawn at random, for its condition
 */
export function blockCode(n: number, s: number, options: { encoder?: Encoder } = {}): BlockCode {
  const where = "distributed.blockCode";
  checkWhole(where, "n", n, 1);
  checkWhole(where, "s", s, 0);
  if (s >= n) throw new OptionError({ where, want: `s below the ${n} workers`, got: String(s) });
  const divides = n % (s + 1) === 0;
  const { encoder = divides ? "repetition" : "cyclic" } = options;
  if (encoder !== "repetition") return cyclic(n, s);
  if (!divides)
    throw new OptionError({ where, want: `s + 1 a divisor of ${n} for repetition`, got: `s = ${s}` });
  return repetition(n, s);
}

function repetition(n: number, s: number): BlockCode {
  const group = (worker: number): number => Math.floor(worker / (s + 1));
  const suffices = (responders: readonly number[]): boolean =>
    new Set(responders.map(group)).size === n / (s + 1);
  return {
    ...{ n, s, encoder: "repetition" },
    row: (worker) =>
      Array.from({ length: s + 1 }, (_, k) => ({ chunk: group(worker) * (s + 1) + k, coefficient: 1 })),
    suffices,
    decode(responders) {
      if (!suffices(responders)) return undefined;
      const seen = new Set<number>();
      return Float64Array.from(responders, (worker) => {
        const fresh = !seen.has(group(worker));
        seen.add(group(worker));
        return fresh ? 1 : 0;
      });
    },
  };
}

function cyclic(n: number, s: number): BlockCode {
  const plain = (n - s) % 2 === 1;
  const g = rootPolynomial(n, s);
  // With half-way roots, a codeword changes its sign where it goes round, and the sum is one only with these weights.
  const shift = n % 2 === 0 ? 0.5 : 0;
  const weight = Float64Array.from({ length: n }, (_, j) =>
    plain ? 1 : Math.cos((Math.PI * (j + shift)) / n),
  );
  const sign = (i: number): number => (!plain && i >= n ? -1 : 1);
  const row = (i: number): Term[] =>
    Array.from(g, (c, k) => ({
      chunk: (i + k) % n,
      coefficient: (sign(i + k) * c) / weight[(i + k) % n]!,
    }));
  const suffices = (responders: readonly number[]): boolean => responders.length >= n - s;
  // Orthonormal columns that span the rows, weights taken out: the frequencies that are no zeros of the code.
  let basis: Matrix | undefined;
  return {
    ...{ n, s, encoder: "cyclic", row, suffices },
    decode(responders) {
      if (!suffices(responders)) return undefined;
      basis ??= complementBasis(n, s);
      const projected = new Matrix(responders.length, n - s);
      responders.forEach((i, r) => {
        for (let c = 0; c < n - s; c++) {
          let sum = 0;
          for (let k = 0; k <= s; k++) sum += sign(i + k) * g[k]! * basis!.get((i + k) % n, c);
          projected.set(r, c, sum);
        }
      });
      // The shortest a with projectedᵀ·a = basisᵀ·weight.
      const wanted = basis.transpose().mmul(Matrix.columnVector(weight));
      const qr = new QrDecomposition(projected);
      const r = qr.upperTriangularMatrix;
      const y = new Float64Array(n - s);
      for (let i = 0; i < n - s; i++) {
        let sum = wanted.get(i, 0);
        for (let j = 0; j < i; j++) sum -= r.get(j, i) * y[j]!;
        y[i] = sum / r.get(i, i);
      }
      const a = Float64Array.from(qr.orthogonalMatrix.mmul(Matrix.columnVector(y)).to1DArray());
      return largestError(n, row, responders, a) < exactness ? a : undefined;
    },
  };
}

/** max |Σᵢ aᵢ·rowᵢ − 1|; NaN counts as too large by the caller's comparison. */
function largestError(
  n: number,
  row: (worker: number) => readonly Term[],
  responders: readonly number[],
  a: Float64Array,
): number {
  const sum = new Float64Array(n);
  responders.forEach((i, r) => {
    for (const { chunk, coefficient } of row(i)) sum[chunk]! += a[r]! * coefficient;
  });
  return Math.max(...sum.map((v) => Math.abs(v - 1)));
}

/** Real coefficients, from the constant one, of the polynomial with s zeros around −1, 2π/n apart. */
function rootPolynomial(n: number, s: number): Float64Array {
  let g = [1];
  const times = (factor: readonly number[]): void => {
    const out = new Array<number>(g.length + factor.length - 1).fill(0);
    g.forEach((a, i) => factor.forEach((b, j) => (out[i + j]! += a * b)));
    g = out;
  };
  if (s % 2 === 1) times([1, 1]);
  // Pairs −e^{±iφ}: x² + 2x·cos φ + 1.
  for (let k = s % 2 === 1 ? 1 : 0.5; k <= (s - 1) / 2; k++)
    times([1, 2 * Math.cos((2 * Math.PI * k) / n), 1]);
  return Float64Array.from(g);
}

/** [n, n − s]: cosines and sines at the frequencies around 0 that lie between the zeros' ends. */
function complementBasis(n: number, s: number): Matrix {
  const columns: Float64Array[] = [];
  const add = (f: number, wave: (angle: number) => number): void => {
    const column = Float64Array.from({ length: n }, (_, j) => wave((2 * Math.PI * f * j) / n));
    const norm = Math.sqrt(column.reduce((a, b) => a + b * b, 0));
    columns.push(column.map((v) => v / norm));
  };
  const odd = (n - s) % 2 === 1;
  if (odd) add(0, Math.cos);
  for (let f = odd ? 1 : 0.5; columns.length < n - s; f++) {
    add(f, Math.cos);
    add(f, Math.sin);
  }
  return Matrix.from1DArray(
    n,
    n - s,
    Array.from({ length: n * (n - s) }, (_, e) => columns[e % (n - s)]![Math.floor(e / (n - s))]!),
  );
}
