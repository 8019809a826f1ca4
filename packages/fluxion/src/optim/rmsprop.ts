import { checkOptions } from "../core/errors.js";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.js";
import { sqrt } from "../ops/unary.js";
import { mapLeaves, filledTree } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { trace } from "./sgd.js";
import { chain, type Transform } from "./transform.js";

/** Options of `rmsprop`; the defaults are PyTorch's. */
export interface RmspropOptions {
  /** Step size, number in [0, ∞) or a schedule; default 0.01. */
  learningRate?: number | Schedule;
  /** Memory of the mean of squares, in [0, 1); default 0.99. */
  decay?: number;
  /** Added to the root, in [0, ∞); default 1e-8. */
  eps?: number;
  /** Whether to divide by the standard deviation instead of the root mean square; default false. */
  centered?: boolean;
  /** Factor of a velocity of the scaled gradients, in [0, 1); default 0. */
  momentum?: number;
}

/** State of `scaleByRms`: mean of squares and (if centered) of gradients, trees like the parameters. */
export type RmsState = { nu: unknown; mu?: unknown };

/**
 * v ← decay·v + (1 − decay)·g²; the update is g / (√v + eps). Centered: m ← decay·m + (1 − decay)·g and v − m² under
 * the root.
 * @throws OptionError
 * @source Tieleman, Hinton, "Lecture 6.5: rmsprop", 2012; Graves, "Generating sequences with recurrent neural
 *   networks", 2013, arXiv:1308.0850, equations 38-41 (centered); deviates: eps outside the root, as in PyTorch
 */
export function scaleByRms(
  options: Pick<RmspropOptions, "decay" | "eps" | "centered"> = {},
): Transform<RmsState> {
  const where = "optim.scaleByRms";
  checkOptions(where, options, ["decay", "eps", "centered"]);
  const { decay = 0.99, eps = 1e-8, centered = false } = options;
  checkRange(where, "decay", decay, "[0, 1)");
  checkRange(where, "eps", eps, "[0, ∞)");
  return {
    init: (params) => ({ nu: filledTree(params), ...(centered ? { mu: filledTree(params) } : {}) }),
    update(grads, state) {
      if (!centered) {
        const [updates, nu] = mapLeaves(where, grads, [state.nu], (g, [old]) => {
          const v = add(mul(old, decay), mul(square(g), 1 - decay));
          return [div(g, add(sqrt(v), eps)), v];
        });
        return { updates, state: { nu } };
      }
      const [updates, nu, mu] = mapLeaves(where, grads, [state.nu, state.mu], (g, [oldNu, oldMu]) => {
        const v = add(mul(oldNu, decay), mul(square(g), 1 - decay));
        const m = add(mul(oldMu, decay), mul(g, 1 - decay));
        // The variance of a constant gradient may come out below 0 by rounding.
        return [div(g, add(sqrt(maximum(sub(v, square(m)), 0)), eps)), v, m];
      });
      return { updates, state: { nu, mu } };
    },
  };
}

/** RMSprop: `scaleByRms`, momentum if it is not 0, then −learningRate. @throws OptionError */
export function rmsprop(options: RmspropOptions = {}): Transform {
  checkOptions("optim.rmsprop", options, ["learningRate", "decay", "eps", "centered", "momentum"]);
  const { learningRate = 0.01, momentum = 0, ...rest } = options;
  return chain(
    scaleByRms(rest),
    ...(momentum === 0 ? [] : [trace(momentum)]),
    scaleByLearningRate(learningRate),
  );
}
