// Activation patterns: which examples a hidden unit is active on.
import { checkOptions, OptionError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { checkFeatures } from "./problem.js";

/** Distinct activation patterns of N examples: the diagonals of the paper's matrices Dᵢ = diag(1[X·h ≥ 0]). */
export interface ReluPatterns {
  readonly n: number;
  readonly count: number;
  /** 0 or 1, [count, N] row-major. */
  readonly masks: Uint8Array;
  /** Whether these are all that occur, so that a certificate by them holds for every network. */
  readonly complete: boolean;
}

/** Options of `samplePatterns`. */
export interface SamplePatternsOptions {
  /** Directions drawn, whole number ≥ 1; duplicates are dropped. Default 100. */
  count?: number;
  /** Whole number in [0, 2³²). Default 0. */
  seed?: number;
}

/** Gathers distinct masks. */
function distinct(n: number): { add: (mask: Uint8Array) => boolean; list: Uint8Array[] } {
  const seen = new Set<string>();
  const list: Uint8Array[] = [];
  return {
    list,
    add(mask) {
      const key = String.fromCharCode(...packed(mask, n));
      if (seen.has(key)) return false;
      seen.add(key);
      list.push(mask);
      return true;
    },
  };
}

const packed = (mask: Uint8Array, n: number): Uint16Array => {
  const words = new Uint16Array(Math.ceil(n / 16));
  for (let k = 0; k < n; k++) words[k >> 4]! |= mask[k]! << (k & 15);
  return words;
};

/** Patterns from their masks. @internal */
export function patternsOf(n: number, list: readonly Uint8Array[], complete: boolean): ReluPatterns {
  const masks = new Uint8Array(list.length * n);
  list.forEach((mask, i) => masks.set(mask, i * n));
  return { n, count: list.length, masks, complete };
}

/**
 * The distinct patterns 1[X·h ≥ 0] of random directions h ~ N(0, I).
 * @param features float [N, D]
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §2.2; deviates: none
 */
export function samplePatterns(features: ArrayData, options: SamplePatternsOptions = {}): ReluPatterns {
  const where = "solve.samplePatterns";
  checkOptions(where, options, ["count", "seed"]);
  const { count = 100, seed = 0 } = options;
  checkWhole(where, "count", count, 1);
  const { x, n, d } = checkFeatures(where, features);
  const normal = normalFrom(seededUniform(seed));
  const found = distinct(n);
  for (let i = 0; i < count; i++) {
    const h = Float64Array.from({ length: d }, normal);
    found.add(maskOf(x, n, d, h));
  }
  return patternsOf(n, found.list, false);
}

/** 1[X·h ≥ 0] of the row-major n×d matrix `x`. @internal */
export function maskOf(x: Float64Array, n: number, d: number, h: Float64Array): Uint8Array {
  const mask = new Uint8Array(n);
  for (let k = 0; k < n; k++) {
    let dot = 0;
    for (let j = 0; j < d; j++) dot += x[k * d + j]! * h[j]!;
    mask[k] = dot >= 0 ? 1 : 0;
  }
  return mask;
}

/** Most patterns that `enumeratePatterns` lists. */
const mostPatterns = 200_000;

/**
 * All patterns that occur on a set of positive measure of directions: 2·Σ_{k<r} C(N − 1, k) for N examples in general
 * position of rank r, so for few dimensions only.
 * @param features float [N, D]
 * @throws ShapeError, FormatError; OptionError if there may be more than 200,000
 * @source Pilanci, Ergen, "Neural networks are convex regularizers", 2020, arXiv 2002.10553, §3; deviates: cells of the
 *   arrangement are found by adding one example at a time, and asking whether a cell is cut by the new hyperplane
 */
export function enumeratePatterns(features: ArrayData): ReluPatterns {
  const where = "solve.enumeratePatterns";
  const { x, n, d } = checkFeatures(where, features);
  const most = patternCount(n, d);
  if (most > mostPatterns) {
    const got = `up to ${most.toExponential(1)} patterns`;
    const hint = "samplePatterns draws some of them";
    throw new OptionError({ where, want: `at most ${mostPatterns}`, got, hint });
  }
  const rows = Array.from({ length: n }, (_, k) => x.subarray(k * d, (k + 1) * d));
  const found = distinct(n);
  for (const h of cellDirections(rows, d)) found.add(maskOf(x, n, d, h));
  return patternsOf(n, found.list, true);
}

/** Directions inside the cells of the arrangement {h : row·h = 0}, every cell at least once, by recursion on `d`. */
function* cellDirections(rows: readonly Float64Array[], d: number): Generator<Float64Array, void, undefined> {
  const normals = rows.filter((row) => Math.hypot(...row) > 0);
  if (normals.length === 0) return yield new Float64Array(d).fill(1);
  if (d === 1) return yield* [Float64Array.of(1), Float64Array.of(-1)];
  const lengths = normals.map((row) => Math.hypot(...row));
  for (const [k, normal] of normals.entries()) {
    // Every cell touches some hyperplane in a cell of the arrangement induced there: step off it to both sides.
    const basis = orthogonalComplement(normal, lengths[k]!);
    const induced = normals.map((row, i) =>
      Float64Array.from(basis, (b) => {
        const part = dot(b, row);
        return i === k || Math.abs(part) <= rounding * lengths[i]! ? 0 : part;
      }),
    );
    for (const inner of cellDirections(induced, d - 1)) {
      const h = new Float64Array(d);
      basis.forEach((b, i) => b.forEach((v, j) => (h[j]! += inner[i]! * v)));
      const size = Math.hypot(...h);
      // Half way to the nearest other hyperplane, so that none is crossed.
      let room = 2;
      for (const [i, other] of normals.entries()) {
        const sine = Math.abs(dot(other, h)) / (lengths[i]! * size);
        if (i !== k && sine > rounding) room = Math.min(room, sine);
      }
      const step = (room / 2) * (size / lengths[k]!);
      for (const side of [step, -step]) yield h.map((v, j) => v + side * normal[j]!);
    }
  }
}

/** Below it, a sine is taken for zero. */
const rounding = 1e-12;

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, j) => sum + v * b[j]!, 0);

/** Orthonormal vectors that span the complement of `normal`: the other columns of its Householder reflection. */
function orthogonalComplement(normal: Float64Array, length: number): Float64Array[] {
  const v = normal.map((a) => a / length);
  v[0]! += v[0]! >= 0 ? 1 : -1;
  const scale = 2 / dot(v, v);
  return Array.from({ length: v.length - 1 }, (_, i) =>
    v.map((a, j) => (j === i + 1 ? 1 : 0) - scale * v[i + 1]! * a),
  );
}

/**
 * The number of patterns of N examples in general position: 2·Σ_{k<D} C(N − 1, k).
 * @param n examples, whole number ≥ 1
 * @param d features, whole number ≥ 1
 * @throws OptionError
 * @source Cover, "Geometrical and statistical properties of systems of linear inequalities", 1965, theorem 1;
 *   deviates: none
 */
export function patternCount(n: number, d: number): number {
  checkWhole("solve.patternCount", "n", n, 1);
  checkWhole("solve.patternCount", "d", d, 1);
  let [binomial, sum] = [1, 0];
  for (let k = 0; k < d && k < n; k++) {
    sum += binomial;
    binomial *= (n - 1 - k) / (k + 1);
  }
  return 2 * sum;
}

/** Options of `patternsNeeded`. */
export interface PatternsNeededOptions {
  /** Probability that one more pattern may still lower the optimum, in (0, 1); default 0.1. */
  psi?: number;
  /** Probability that the sample was unlucky, in (0, 1); default 0.1. */
  xi?: number;
}

/**
 * How many sampled patterns suffice so that, with probability at least 1 − ξ, one more would lower the optimum with
 * probability at most ψ: min{(N + 1)/(ψξ) − 1, (2/ψ)(N + 1 − log ξ)}, rounded up.
 * @param n examples, whole number ≥ 1
 * @throws OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, theorem 2.1; deviates: psi and xi stand in the second bound
 *   where the theory of sampled convex programs (Campi, Garatti, Prandini, 2009) has them
 */
export function patternsNeeded(n: number, options: PatternsNeededOptions = {}): number {
  const where = "solve.patternsNeeded";
  checkOptions(where, options, ["psi", "xi"]);
  const { psi = 0.1, xi = 0.1 } = options;
  checkWhole(where, "n", n, 1);
  checkRange(where, "psi", psi, "(0, 1)");
  checkRange(where, "xi", xi, "(0, 1)");
  return Math.ceil(Math.min((n + 1) / (psi * xi) - 1, (2 / psi) * (n + 1 - Math.log(xi))));
}
