import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { abs, sigmoid, sqrt } from "../ops/unary.js";
import { biasCorrection } from "./bias-correction.js";
import { filledTree, mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate, zeroCount } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";
import { addDecayedWeights, type Mask } from "./weight-decay.js";

/** Options of `scaleByDiffGrad`. */
export interface ScaleByDiffGradOptions {
  /** Memory of the mean of gradients, in [0, 1); default 0.9. */
  b1?: number;
  /** Memory of the mean of squares, in [0, 1); default 0.999. */
  b2?: number;
  /** Added to the root of the mean of squares, before its bias is corrected, in [0, ∞); default 1e-8. */
  eps?: number;
}

/** Options of `diffGrad`. */
export interface DiffGradOptions extends ScaleByDiffGradOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-3. */
  learningRate?: number | Schedule;
  /** Factor of ½‖p‖² added to the loss (not decoupled), in [0, ∞); default 0. */
  weightDecay?: number;
  /** What weight decay applies to; default everything. */
  mask?: Mask;
}

/**
 * State of `scaleByDiffGrad`, trees like the parameters: the sums m/(1 − b1) and v/(1 − b2) of Adam, and the gradients
 * of the step before.
 */
export type DiffGradState = { count: Tensor; mu: unknown; nu: unknown; previous: unknown };

const keys = ["b1", "b2", "eps"] as const;

/**
 * The friction of every coordinate: ξ = 1 / (1 + exp(−|g₀ − g|)), in [0.5, 1). It is 0.5 where the gradient did not
 * change.
 * @param previous gradients of the step before, a tree
 * @param grads gradients now, a tree like it
 * @throws TreeError, ShapeError naming the path where the trees differ
 * @source Dubey et al., "diffGrad: An optimization method for convolutional neural networks", 2019, arXiv:1909.11015,
 *   section III; deviates: none
 */
export function frictionCoefficient<P>(previous: P, grads: P): P {
  const [friction] = mapLeaves("optim.frictionCoefficient", grads, [previous], (g, [before]) => [
    frictionOf(before, g),
  ]);
  return friction;
}

const frictionOf = (before: Tensor, g: Tensor): Tensor => sigmoid(abs(sub(before, g)));

/**
 * m ← b1·m + (1 − b1)·g, v ← b2·v + (1 − b2)·g², ξ = sigmoid(|g₀ − g|) with g₀ the gradient of the step before (0 at the
 * first); the update is √(1 − b2ᵗ)/(1 − b1ᵗ) · ξ·m / (√v + eps). The friction is not fed back into m.
 * @throws OptionError
 * @source Dubey et al., "diffGrad: An optimization method for convolutional neural networks", 2019, arXiv:1909.11015,
 *   section III; deviates: none (eps as in the authors' corrected code, outside the root and before the correction)
 */
export function scaleByDiffGrad(options: ScaleByDiffGradOptions = {}): Transform<DiffGradState> {
  const where = "optim.scaleByDiffGrad";
  checkOptions(where, options, keys);
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options;
  checkRange(where, "b1", b1, "[0, 1)");
  checkRange(where, "b2", b2, "[0, 1)");
  checkRange(where, "eps", eps, "[0, ∞)");
  return {
    init: (params) => ({
      count: zeroCount(),
      ...{ mu: filledTree(params), nu: filledTree(params), previous: filledTree(params) },
    }),
    update(grads, state) {
      const count = add(state.count, 1);
      // What the sums lack to be means, and the corrections, in one scalar.
      const size = perDtype((dtype) =>
        div(
          mul(sqrt(biasCorrection(b2, count, dtype)), (1 - b1) / Math.sqrt(1 - b2)),
          biasCorrection(b1, count, dtype),
        ),
      );
      const floor = eps / Math.sqrt(1 - b2);
      const before = [state.mu, state.nu, state.previous] as const;
      const [updates, mu, nu, previous] = mapLeaves(where, grads, before, (g, [oldM, oldV, last]) => {
        const m = add(mul(oldM, b1), g);
        const v = add(mul(oldV, b2), square(g));
        const held = mul(frictionOf(last, g), m);
        return [mul(div(held, add(sqrt(v), floor)), size(g.dtype)), m, v, g];
      });
      return { updates, state: { count, mu, nu, previous } };
    },
  };
}

/**
 * diffGrad: weight decay into the gradient, `scaleByDiffGrad`, then −learningRate.
 *
 * With losses that are means, gradients change by about 1e-2 from step to step, so the friction stays close to 0.5 and
 * the method close to Adam at half the learning rate: compare it with that. The friction depends on the scale of the
 * loss, which Adam does not.
 * @throws OptionError
 */
export function diffGrad(options: DiffGradOptions = {}): Transform {
  checkOptions("optim.diffGrad", options, [...keys, "learningRate", "weightDecay", "mask"]);
  const { learningRate = 1e-3, weightDecay = 0, mask, ...rest } = options;
  return chain(
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, { mask })]),
    scaleByDiffGrad(rest),
    scaleByLearningRate(learningRate),
  );
}
