// The linear maps of the convex program. Its variable u has 2P rows of length D: first the uᵢ (for v), then the zᵢ (w).
import type { Problem } from "./problem.js";
import type { ReluPatterns } from "./patterns.js";

/** F, G and their adjoints for one set of data and patterns. @internal */
export interface ConvexOperators {
  readonly problem: Problem;
  readonly patterns: ReluPatterns;
  /** 2P. */
  readonly rows: number;
  /** F·u = Σᵢ Dᵢ·X·(uᵢ − zᵢ), [N]. */
  predict(u: Float64Array): Float64Array;
  /** ±dᵢ∘q for every row, added to `into`: [2P, N]. Fᵀ·q is that times X. */
  spread(q: Float64Array, into?: Float64Array): Float64Array;
  /** (2Dᵢ − I)·sᵢ for every row, [2P, N]. */
  turn(s: Float64Array, out?: Float64Array): Float64Array;
  /** G·u: (2Dᵢ − I)·X·uᵢ and the same of zᵢ, [2P, N]. */
  signs(u: Float64Array): Float64Array;
  /** Gᵀ·s, [2P, D]. */
  signsAdjoint(s: Float64Array): Float64Array;
}

/** @internal */
export function convexOperators(problem: Problem, patterns: ReluPatterns): ConvexOperators {
  const { x, n, d } = problem;
  const { count } = patterns;
  const rows = 2 * count;
  const at = (row: number): number => (row % count) * n;
  // Numbers to multiply with: branches on a pattern cannot be predicted.
  const masks = Float64Array.from(patterns.masks);
  const turns = masks.map((v) => 2 * v - 1);
  const images = (u: Float64Array): Float64Array => rowImages(u, x, rows, n, d);
  return {
    problem,
    patterns,
    rows,
    predict(u) {
      const [all, yhat] = [images(u), new Float64Array(n)];
      for (let r = 0; r < rows; r++) {
        const [from, sign] = [at(r), r < count ? 1 : -1];
        for (let k = 0; k < n; k++) yhat[k]! += sign * masks[from + k]! * all[r * n + k]!;
      }
      return yhat;
    },
    spread(q, into = new Float64Array(rows * n)) {
      for (let r = 0; r < rows; r++) {
        const [from, sign] = [at(r), r < count ? 1 : -1];
        for (let k = 0; k < n; k++) into[r * n + k]! += sign * masks[from + k]! * q[k]!;
      }
      return into;
    },
    turn(s, out = new Float64Array(rows * n)) {
      for (let r = 0; r < rows; r++) {
        const from = at(r);
        for (let k = 0; k < n; k++) out[r * n + k] = turns[from + k]! * s[r * n + k]!;
      }
      return out;
    },
    signs(u) {
      const all = images(u);
      return this.turn(all, all);
    },
    signsAdjoint(s) {
      return rowCombinations(this.turn(s), x, rows, n, d);
    },
  };
}

/** U·Xᵀ for U [rows, D] and X [N, D]: [rows, N]. @internal */
export function rowImages(
  u: Float64Array,
  x: Float64Array,
  rows: number,
  n: number,
  d: number,
): Float64Array {
  const out = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < n; k++) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += u[r * d + j]! * x[k * d + j]!;
      out[r * n + k] = dot;
    }
  }
  return out;
}

/** S·X for S [rows, N] and X [N, D]: [rows, D]. @internal */
export function rowCombinations(
  s: Float64Array,
  x: Float64Array,
  rows: number,
  n: number,
  d: number,
): Float64Array {
  const out = new Float64Array(rows * d);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < n; k++) {
      const factor = s[r * n + k]!;
      if (factor !== 0) for (let j = 0; j < d; j++) out[r * d + j]! += factor * x[k * d + j]!;
    }
  }
  return out;
}

/** XᵀX, [D, D]. @internal */
export function gram(x: Float64Array, n: number, d: number): Float64Array {
  const out = new Float64Array(d * d);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) out[i * d + j]! += x[k * d + i]! * x[k * d + j]!;
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) out[j * d + i] = out[i * d + j]!;
  return out;
}
