import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { input, number, text, type Call, type Translations } from "../call.js";

/** −Σ w·logp[target] with classes on axis 1; targets of `ignore_index` count nothing. */
function nll(call: Call, logp: Tensor, target: Tensor, weight: Tensor | undefined): Tensor {
  const ignored = call.attributes.has("ignore_index")
    ? ops.equal(target, number(call, "ignore_index"))
    : undefined;
  const index = ignored ? ops.where(ignored, ops.zerosLike(target), target) : target;
  const picked = ops.gather(logp, ops.expandDims(index, 1), 1).reshape(target.shape);
  const own = weight ? ops.take(weight, index) : ops.full(target.shape, 1, { dtype: logp.dtype });
  const counted = ignored ? ops.where(ignored, ops.zerosLike(own), own) : own;
  const losses = ops.neg(ops.mul(picked, counted));
  switch (text(call, "reduction", "mean")) {
    case "none":
      return losses;
    case "sum":
      return losses.sum();
    default:
      return ops.div(losses.sum(), counted.sum());
  }
}

/** Losses of classification. */
export const losses: Translations = {
  NegativeLogLikelihoodLoss: (call) => nll(call, input(call, 0), input(call, 1), call.inputs[2]),
  SoftmaxCrossEntropyLoss: (call) => {
    const logp = ops.logSoftmax(input(call, 0), 1);
    return [nll(call, logp, input(call, 1), call.inputs[2]), logp];
  },
};
