// The two sides of the estimator's equilibrium, to be watched while a binary network trains.
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import { add, sub } from "../ops/arithmetic.js";
import { norm, variance } from "../ops/statistics.js";
import { abs, sign } from "../ops/unary.js";
import type { BinaryEstimator } from "./binary-estimators.js";

const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));

/**
 * The estimating error: Σ over the layers of ‖f(w) − sign(w)‖₂, f the estimator's surrogate.
 * @param weights tree of the binarised layers' real weights
 * @returns float scalar ≥ 0
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, eq. 8; deviates: none
 */
export function estimatingError(
  weights: unknown,
  estimator: BinaryEstimator,
  power: Tensor | number = 1,
): Tensor {
  return total(treeLeaves(weights).map((w) => norm(sub(estimator.surrogate(w, power), sign(w)))));
}

/**
 * How unstable the gradients are: Σ over the layers of the unbiased variance of |g| over the layer's elements. Larger is
 * less stable.
 * @param gradients tree of the binarised layers' gradients, two elements or more each
 * @returns float scalar ≥ 0
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, eq. 9; deviates: none
 */
export function gradientInstability(gradients: unknown): Tensor {
  return total(treeLeaves(gradients).map((g) => variance(abs(g), undefined, { ddof: 1 })));
}
