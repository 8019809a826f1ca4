// Convex terms of an objective with kinks or walls: their values and proximal operators.
import { OptionError, ShapeError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";
import { thinSvd } from "../ops/linalg/decompose.js";

/** A convex function g with its proximal operator: what proximal gradient methods and ADMM need to know of it. */
export interface ProxTerm {
  /** g(x); infinite outside of its domain. */
  readonly value: (x: Float64Array) => number;
  /**
   * argmin_z weight·g(z) + ½‖z − x‖².
   * @param x float64, any length the term is meant for
   * @param weight number ≥ 0
   * @param out where to write it, may be `x`; default: a new array
   */
  readonly prox: (x: Float64Array, weight: number, out?: Float64Array) => Float64Array;
}

/**
 * g(x) = Σ|xⱼ|; its operator shrinks every element towards 0 by `weight`.
 * @source Parikh, Boyd, "Proximal algorithms", 2014, §6.5.2; deviates: none
 */
export const l1Norm = (): ProxTerm => ({
  value: (x) => x.reduce((sum, v) => sum + Math.abs(v), 0),
  prox(x, weight, out = new Float64Array(x.length)) {
    for (let j = 0; j < x.length; j++) {
      const v = x[j]!;
      out[j] = v > weight ? v - weight : v < -weight ? v + weight : Number.isNaN(v) ? NaN : 0;
    }
    return out;
  },
});

/**
 * g(x) = Σᵢ‖xᵢ‖₂ over groups of `size` consecutive elements; its operator shortens every group by `weight`, to 0 those
 * that are no longer than that, and keeps directions.
 * @param size whole number ≥ 1
 * @throws OptionError; its functions ShapeError if the length is no multiple of `size`
 * @source Parikh, Boyd, "Proximal algorithms", 2014, §6.5.4; deviates: none
 */
export function groupNorm(size: number): ProxTerm {
  const where = "solve.groupNorm";
  checkWhole(where, "size", size, 1);
  const norms = (x: Float64Array): Float64Array => {
    if (x.length % size !== 0)
      throw new ShapeError({ where, want: `a multiple of ${size} elements`, got: String(x.length) });
    const all = new Float64Array(x.length / size);
    for (let i = 0; i < all.length; i++) {
      let squares = 0;
      for (let j = i * size; j < (i + 1) * size; j++) squares += x[j]! * x[j]!;
      all[i] = Math.sqrt(squares);
    }
    return all;
  };
  return {
    value: (x) => norms(x).reduce((sum, v) => sum + v, 0),
    prox(x, weight, out = new Float64Array(x.length)) {
      norms(x).forEach((norm, i) => {
        // Written so that a NaN stays one.
        const keep = norm <= weight ? 0 : 1 - weight / norm;
        for (let j = i * size; j < (i + 1) * size; j++) out[j] = keep === 0 ? 0 : keep * x[j]!;
      });
      return out;
    },
  };
}

/**
 * g(x) = 0 where all elements are ≥ 0, infinite elsewhere; its operator replaces negative elements by 0.
 * @source Parikh, Boyd, "Proximal algorithms", 2014, §6.2; deviates: none
 */
export const nonNegative = (): ProxTerm => ({
  value: (x) => (x.every((v) => v >= 0) ? 0 : Infinity),
  prox(x, _, out = new Float64Array(x.length)) {
    for (let j = 0; j < x.length; j++) out[j] = Math.max(x[j]!, 0);
    return out;
  },
});

/**
 * g(X) = Σ σₖ(X), the nuclear norm of a matrix; its operator shrinks the singular values by `weight` (singular-value
 * thresholding).
 * @param shape [M, N] of the row-major matrix, whole numbers ≥ 1
 * @throws OptionError; its functions ShapeError if the length is not M·N
 * @source Cai, Candès, Shen, "A singular value thresholding algorithm for matrix completion", 2010, arXiv 0810.3286,
 *   theorem 2.1; deviates: none
 */
export function nuclearNorm(shape: readonly [number, number]): ProxTerm {
  const where = "solve.nuclearNorm";
  if (shape.length !== 2)
    throw new OptionError({ where, want: "shape [M, N]", got: `[${shape.join(", ")}]` });
  const [m, n] = shape;
  checkWhole(where, "rows", m, 1);
  checkWhole(where, "columns", n, 1);
  const decompose = (x: Float64Array): ReturnType<typeof thinSvd> => {
    if (x.length !== m * n) throw new ShapeError({ where, want: `${m * n} elements`, got: String(x.length) });
    return thinSvd(x, m, n);
  };
  return {
    value: (x) => decompose(x).s.reduce((sum, s) => sum + s, 0),
    prox(x, weight, out = new Float64Array(x.length)) {
      const { u, s, v } = decompose(x);
      const rank = s.length;
      out.fill(0);
      for (let k = 0; k < rank; k++) {
        const kept = s[k]! <= weight ? 0 : s[k]! - weight;
        if (kept === 0) continue;
        for (let i = 0; i < m; i++) {
          const scale = kept * u[i * rank + k]!;
          for (let j = 0; j < n; j++) out[i * n + j]! += scale * v[j * rank + k]!;
        }
      }
      return out;
    },
  };
}
