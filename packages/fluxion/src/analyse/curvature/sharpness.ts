import { hvp } from "../../core/autodiff.js";
import { checkOptions } from "../../core/errors.js";
import { key as randomKey } from "../../core/random/index.js";
import { scan } from "../../core/scan.js";
import type { Tensor } from "../../core/tensor.js";
import { maximum } from "../../ops/arithmetic.js";
import { neg } from "../../ops/unary.js";
import { checkWhole } from "../../optim/options.js";
import { addScaled, normalized, probeLike, treeDot } from "./vectors.js";

/** Options of `sharpness`. */
export interface SharpnessOptions<P> {
  /** Hessian-vector products, whole number ≥ 2; default 40. Twenty are enough from a `start` that is nearly right. */
  iterations?: number;
  /** Direction to begin with, such as the eigenvector of the step before. Default: random. */
  start?: P;
  /** Of the random direction, uint32 [2]; default `key(0)`. */
  key?: Tensor;
}

/** The largest eigenvalue of a Hessian, and its direction. */
export interface Sharpness<P> {
  /** Float scalar. */
  readonly value: Tensor;
  /** A tree like the parameters, of length 1. */
  readonly vector: P;
}

/**
 * Sharpness: the largest eigenvalue of ∇²f, by power iteration on Hessian-vector products in one loop of the graph.
 *
 * Power iteration finds the eigenvalue of largest magnitude. If that is negative after half of the iterations, the
 * second half runs on ∇²f shifted by it, so that what comes out is the largest, not the most negative.
 * @param f float scalar of a tree of parameters
 * @throws OptionError, TreeError
 * @source Cohen et al., "Gradient descent on neural networks typically occurs at the edge of stability", 2021,
 *   arXiv:2103.00065, appendix B (what is measured); deviates: power iteration instead of Lanczos
 */
export function sharpness<P>(
  f: (params: P) => Tensor,
  params: P,
  options: SharpnessOptions<P> = {},
): Sharpness<P> {
  const where = "analyse.sharpness";
  checkOptions(where, options, ["iterations", "start", "key"]);
  const { iterations = 40, start, key = randomKey(0) } = options;
  checkWhole(where, "iterations", iterations, 2);
  const product = (v: P): P => hvp(f, [params], v);
  const rounds = (v: P, count: number, shift: Tensor | undefined): P =>
    scan(
      (u: P): [P, Tensor] => {
        const hu = product(u);
        const next = shift ? addScaled(where, hu, u, shift) : hu;
        return [normalized(where, next), treeDot(where, u, hu)];
      },
      v,
      undefined,
      { length: count },
    )[0];
  const rayleigh = (v: P): Tensor => treeDot(where, v, product(v));
  const half = Math.max(1, Math.floor(iterations / 2));
  const first = rounds(normalized(where, start ?? probeLike(where, params, key, "normal")), half, undefined);
  const vector = rounds(first, iterations - half, maximum(neg(rayleigh(first)), 0));
  return { value: rayleigh(vector), vector };
}
