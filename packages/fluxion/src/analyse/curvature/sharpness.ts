import { hvp } from "../../core/autodiff.js";
import { checkOptions } from "../../core/errors.js";
import { foldIn, key as randomKey } from "../../core/random/index.js";
import type { Tensor } from "../../core/tensor.js";
import { checkWhole } from "../../optim/options.js";
import { largestEigenpair } from "./lanczos.js";
import { probeLike } from "./vectors.js";

/** Options of `sharpness`. */
export interface SharpnessOptions<P> {
  /**
   * Hessian-vector products, whole number ≥ 2; default 20. As many vectors of the parameters' size are kept meanwhile.
   */
  iterations?: number;
  /** Direction to begin with, such as the eigenvector of the step before. Default: random. */
  start?: P;
  /** Of the random direction, uint32 [2]; default `key(0)`. */
  key?: Tensor;
}

/** The largest eigenvalue of a Hessian, and its direction. */
export interface Sharpness<P> {
  /** Float scalar. Estimates come from below: it grows with the iterations. */
  readonly value: Tensor;
  /** A tree like the parameters, of length 1. */
  readonly vector: P;
  /**
   * ‖Hv − value·v‖, float scalar: there is an eigenvalue within this distance of `value`. If it is not small beside
   * `value`, take more iterations.
   */
  readonly residual: Tensor;
}

/**
 * Sharpness: the largest eigenvalue of ∇²f, not the one of largest magnitude, by Lanczos' method on Hessian-vector
 * products in one loop of the graph.
 * @param f float scalar of a tree of parameters
 * @throws OptionError, TreeError
 * @source Cohen et al., "Gradient descent on neural networks typically occurs at the edge of stability", 2021,
 *   arXiv:2103.00065, appendix B (what is measured); Lanczos, "An iteration method for the solution of the eigenvalue
 *   problem of linear differential and integral operators", 1950; deviates: none (not reorthogonalised, which costs
 *   repeated eigenvalues of the small matrix but does not move the largest)
 */
export function sharpness<P>(
  f: (params: P) => Tensor,
  params: P,
  options: SharpnessOptions<P> = {},
): Sharpness<P> {
  const where = "analyse.sharpness";
  checkOptions(where, options, ["iterations", "start", "key"]);
  const { iterations = 20, key = randomKey(0) } = options;
  checkWhole(where, "iterations", iterations, 2);
  const random = probeLike(where, params, key, "normal");
  const { start = random } = options;
  return largestEigenpair(where, (v: P) => hvp(f, [params], v), {
    ...{ start, count: iterations },
    // What a start misses that lies in a space of its own; another one than the start, so nothing is gone through twice.
    fresh: probeLike(where, params, foldIn(key, 1), "normal"),
  });
}
