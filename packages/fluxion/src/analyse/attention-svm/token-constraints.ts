// The constraints of the margin problems: which token is to beat which, as rows of rank one.
import { Matrix, QrDecomposition } from "ml-matrix";
import { OptionError } from "../../core/errors.js";
import type { LinearConstraints } from "../../solve/constraints.js";
import type { HostAttention } from "./attention-data.js";

/** Tokens selected in every sequence: one each, or a set each. */
export type SelectedTokens = readonly (number | readonly number[])[];

/** One row: token `over` of a sequence against token `under`. */
export interface TokenPair {
  readonly sequence: number;
  readonly over: number;
  readonly under: number;
}

/** The selection as sets. @throws OptionError unless every sequence has distinct tokens that it may attend @internal */
export function selectedSets(where: string, data: HostAttention, selected: SelectedTokens): number[][] {
  if (selected.length !== data.n) {
    const want = `selected tokens for each of ${data.n} sequences`;
    throw new OptionError({ where, want, got: String(selected.length) });
  }
  return selected.map((choice, i) => {
    const set = typeof choice === "number" ? [choice] : [...choice];
    const valid = set.every((t) => Number.isInteger(t) && t >= 0 && t < data.t && data.allowed(i, t));
    if (!valid || set.length === 0 || new Set(set).size < set.length) {
      const want = `distinct tokens in [0, ${data.t}) that the mask allows`;
      throw new OptionError({ where: `${where}: selected[${i}]`, want, got: `[${set.join(", ")}]` });
    }
    return set;
  });
}

/** Pairs within the sets, whose logits are to be equal, and pairs of a selected token and one to be beaten. @internal */
export function tokenPairs(
  data: HostAttention,
  sets: readonly number[][],
): { within: TokenPair[]; between: TokenPair[] } {
  const within = sets.flatMap((set, sequence) =>
    set.slice(1).map((under) => ({ sequence, over: set[0]!, under })),
  );
  // Given equality within a set, its first token speaks for all.
  const between = sets.flatMap((set, sequence) =>
    Array.from({ length: data.t }, (_, under) => ({ sequence, over: set[0]!, under })).filter(
      ({ under }) => data.allowed(sequence, under) && !set.includes(under),
    ),
  );
  return { within, between };
}

/** Rows over a matrix that stands for W. @internal */
export interface TokenConstraints extends LinearConstraints {
  /** Rows and columns of the matrix: p ≤ d and r ≤ d. */
  readonly shape: readonly [number, number];
  /** The matrix as W, [d, d]: an isometry. */
  readonly expand: (x: Float64Array) => Float64Array;
}

/**
 * Rows (x_over − x_under) ⊗ z over W. Least norms have W in span{differences} × span{queries}; where these are smaller
 * than d, the unknown is the matrix within them.
 * @internal
 */
export function tokenConstraints(data: HostAttention, pairs: readonly TokenPair[]): TokenConstraints {
  const { n, t, d } = data;
  const differences = new Float64Array(pairs.length * d);
  pairs.forEach(({ sequence, over, under }, k) => {
    const [a, b] = [(sequence * t + over) * d, (sequence * t + under) * d];
    for (let j = 0; j < d; j++) differences[k * d + j] = data.tokens[a + j]! - data.tokens[b + j]!;
  });
  const left = within(differences, pairs.length, d);
  const right = within(data.queries, n, d);
  const [p, r] = [left.size, right.size];
  const [x, z] = [left.rows, right.rows];
  const owner = pairs.map(({ sequence }) => sequence);
  const product = (list: Float64Array, size: number, i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += list[i * size + k]! * list[j * size + k]!;
    return sum;
  };
  return {
    count: pairs.length,
    size: p * r,
    shape: [p, r],
    times(w) {
      // W z once a sequence, then one product a pair.
      const out = new Float64Array(pairs.length);
      const direction = new Float64Array(p);
      let last = -1;
      for (let k = 0; k < pairs.length; k++) {
        const i = owner[k]!;
        if (i !== last) {
          for (let a = 0; a < p; a++) {
            let sum = 0;
            for (let b = 0; b < r; b++) sum += w[a * r + b]! * z[i * r + b]!;
            direction[a] = sum;
          }
          last = i;
        }
        let sum = 0;
        for (let a = 0; a < p; a++) sum += x[k * p + a]! * direction[a]!;
        out[k] = sum;
      }
      return out;
    },
    combine(rows, weights) {
      // Differences of a sequence are added up first, then one outer product a sequence.
      const sums = new Float64Array(n * p);
      rows.forEach((k, at) => {
        const [from, weight] = [owner[k]! * p, weights[at]!];
        for (let a = 0; a < p; a++) sums[from + a]! += weight * x[k * p + a]!;
      });
      const out = new Float64Array(p * r);
      for (let i = 0; i < n; i++)
        for (let a = 0; a < p; a++) {
          const sum = sums[i * p + a]!;
          if (sum !== 0) for (let b = 0; b < r; b++) out[a * r + b]! += sum * z[i * r + b]!;
        }
      return out;
    },
    dot: (i, j) => product(x, p, i, j) * product(z, r, owner[i]!, owner[j]!),
    expand(w) {
      let x = Matrix.from1DArray(p, r, Array.from(w));
      if (left.basis) x = left.basis.mmul(x);
      if (right.basis) x = x.mmul(right.basis.transpose());
      return Float64Array.from(x.to1DArray());
    },
  };
}

/** Vectors in coordinates of a space that contains them: their own span's if there are fewer than d, else all of it. */
function within(vectors: Float64Array, count: number, d: number) {
  if (count >= d || count === 0) return { size: d, rows: vectors };
  const columns = Matrix.from1DArray(count, d, Array.from(vectors)).transpose();
  // Householder's Q is orthonormal whatever the rank, and its columns span the vectors.
  const basis = new QrDecomposition(columns).orthogonalMatrix;
  const rows = Float64Array.from(columns.transpose().mmul(basis).to1DArray());
  return { size: count, rows, basis };
}
