import { checkOptions } from "../core/errors.js";
import { add, div, square } from "../ops/arithmetic.js";
import { sqrt } from "../ops/unary.js";
import { filledTree, mapLeaves } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `adagrad`; the defaults are PyTorch's. */
export interface AdagradOptions {
  /** Step size, number in [0, ∞) or a schedule; default 0.01. */
  learningRate?: number | Schedule;
  /** Where the sums of squares start, in [0, ∞); default 0. */
  initialAccumulator?: number;
  /** Added to the root of the sum, in [0, ∞); default 1e-10. */
  eps?: number;
}

/** State of `scaleByRss`: sums of squares, a tree like the parameters. */
export type RssState = { sum: unknown };

/**
 * s ← s + g²; the update is g / (√s + eps).
 * @throws OptionError
 * @source Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011,
 *   section 1.1, diagonal form; deviates: eps outside the root
 */
export function scaleByRss(options: Omit<AdagradOptions, "learningRate"> = {}): Transform<RssState> {
  const where = "optim.scaleByRss";
  checkOptions(where, options, ["initialAccumulator", "eps"]);
  const { initialAccumulator = 0, eps = 1e-10 } = options;
  checkRange(where, "initialAccumulator", initialAccumulator, "[0, ∞)");
  checkRange(where, "eps", eps, "[0, ∞)");
  return {
    init: (params) => ({ sum: filledTree(params, initialAccumulator) }),
    update(grads, state) {
      const [updates, sum] = mapLeaves(where, grads, [state.sum], (g, [old]) => {
        const s = add(old, square(g));
        return [div(g, add(sqrt(s), eps)), s];
      });
      return { updates, state: { sum } };
    },
  };
}

/** Adagrad: `scaleByRss`, then −learningRate. @throws OptionError */
export function adagrad(options: AdagradOptions = {}): Transform {
  checkOptions("optim.adagrad", options, ["learningRate", "initialAccumulator", "eps"]);
  const { learningRate = 0.01, ...rest } = options;
  return chain(scaleByRss(rest), scaleByLearningRate(learningRate));
}
