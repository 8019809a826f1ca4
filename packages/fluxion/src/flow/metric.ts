import { OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, square, sub } from "../ops/arithmetic.js";
import { flatten } from "../ops/movement.js";
import { mean, sum } from "../ops/reduce.js";
import { sqrt } from "../ops/unary.js";

/** Distance of prediction and target per example: [B, ...] twice → [B]. */
export type Metric = (prediction: Tensor, target: Tensor) => Tensor;

const error = (prediction: Tensor, target: Tensor): Tensor => {
  const e = sub(prediction, target);
  return e.rank === 1 ? e.expandDims(1) : flatten(e, 1);
};

/** Mean of squares over the features. */
export const l2 = (): Metric => (p, y) => mean(square(error(p, y)), 1);

/** √(e² + c²) − c of a square, without the cancellation at small e. */
const huber = (squared: Tensor, c: number): Tensor => div(squared, add(sqrt(add(squared, c * c)), c));

/**
 * Element-wise pseudo-Huber: the mean over the features of √(e² + c²) − c.
 * @param c > 0, in units of the error
 * @throws OptionError
 */
export function pseudoHuber(c: number): Metric {
  checkWidth("flow.pseudoHuber", c);
  return (p, y) => mean(huber(square(error(p, y)), c), 1);
}

/**
 * Pseudo-Huber of the whole example: √(‖e‖² + c²) − c.
 * @param c > 0, in units of the error's norm
 * @throws OptionError
 */
export function vectorPseudoHuber(c: number): Metric {
  checkWidth("flow.vectorPseudoHuber", c);
  return (p, y) => huber(sum(square(error(p, y)), 1), c);
}

/**
 * Pseudo-Huber of the whole example per feature, (√(‖e‖² + c²) − c)/d with c = width·d for d features.
 * @param width > 0, default 0.00054
 * @throws OptionError
 * @source S. Lee et al., 2024, arXiv 2405.20320 (pseudo-Huber loss); deviates: c grows with d as in the official code, where the paper
 *   it refers to (Y. Song, P. Dhariwal, 2023, arXiv 2310.14189) has √d
 */
export function scaledPseudoHuber(width = 0.00054): Metric {
  checkWidth("flow.scaledPseudoHuber", width);
  return (p, y) => {
    const e = error(p, y);
    return div(huber(sum(square(e), 1), width * e.shape[1]!), e.shape[1]!);
  };
}

function checkWidth(where: string, c: number): void {
  if (!(c > 0 && c < Infinity)) throw new OptionError({ where, want: "c > 0", got: String(c) });
}
