import { customGradient } from "../../core/custom.js";
import { checkOptions } from "../../core/errors.js";
import type { Tensor } from "../../core/tensor.js";
import { logSoftmax, softmax } from "../../ops/activation.js";
import { add, mul, sub } from "../../ops/arithmetic.js";
import { eye } from "../../ops/create.js";
import { expandDims } from "../../ops/movement.js";
import { max, sum } from "../../ops/reduce.js";
import { exp } from "../../ops/unary.js";

/** How gradients pass a saturated attention. */
export interface AttentionGradientOptions {
  /**
   * Whether the gradient is multiplied by one positive number for the whole array, such that its largest factor
   * s_t s_τ becomes 1: its direction survives where the gradient itself falls below the smallest number. For optimizers
   * to which only the direction counts. Default false.
   */
  rescale?: boolean;
}

/**
 * Softmax over the last axis whose gradient keeps its digits where one probability is 1 up to rounding:
 * ∂/∂l_t = s_t Σ_τ s_τ (c_t − c_τ) for a cotangent c, where the usual s_t (c_t − Σ_τ s_τ c_τ) cancels. It takes a T×T
 * array for every row.
 * @param logits float [..., T]
 * @throws OptionError
 */
export function saturatedSoftmax(logits: Tensor, options: AttentionGradientOptions = {}): Tensor {
  checkOptions("analyse.saturatedSoftmax", options, ["rescale"]);
  return options.rescale ? rescaled(logits) : plain(logits);
}

const differences = (c: Tensor): Tensor => sub(expandDims(c, -1), expandDims(c, -2));

const plain = customGradient(
  (logits: Tensor) => softmax(logits),
  (c, _, s) => [mul(s, sum(mul(differences(c), expandDims(s, -2)), -1))],
);

const rescaled = customGradient(
  (logits: Tensor) => softmax(logits),
  (c, [logits]) => {
    const log = logSoftmax(logits);
    // A token beside itself counts for nothing and must not set the scale.
    const self = mul(eye(logits.shape.at(-1)!, { dtype: logits.dtype }), -1e30);
    const pairs = add(add(expandDims(log, -1), expandDims(log, -2)), self);
    return [sum(mul(exp(sub(pairs, max(pairs))), differences(c)), -1)];
  },
);
