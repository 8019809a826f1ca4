import { OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, square, sub } from "../ops/arithmetic.js";
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

/** Mean over the features of √(e² + c²) − c. @param c > 0, in units of the error */
export function pseudoHuber(c: number): Metric {
  if (!(c > 0)) throw new OptionError({ where: "flow.pseudoHuber", want: "c > 0", got: String(c) });
  return (p, y) => sub(mean(sqrt(add(square(error(p, y)), c * c)), 1), c);
}

/** √(‖e‖² + c²) − c of the whole example. @param c > 0 */
export function vectorPseudoHuber(c: number): Metric {
  if (!(c > 0)) throw new OptionError({ where: "flow.vectorPseudoHuber", want: "c > 0", got: String(c) });
  return (p, y) => sub(sqrt(add(sum(square(error(p, y)), 1), c * c)), c);
}
