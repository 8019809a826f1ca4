import { checkOptions } from "../core/errors.js";
import { sign } from "../ops/unary.js";
import { mapLeaves } from "./leaves.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `signSgd`. */
export interface SignSgdOptions {
  /** Step size of every coordinate, number in [0, ∞) or a schedule; default 1e-3. */
  learningRate?: number | Schedule;
}

/** The sign of every element: −1, 0 or 1. */
export const scaleBySign = (): Transform => ({
  init: () => ({}),
  update(grads, state) {
    const [updates] = mapLeaves("optim.scaleBySign", grads, [], (g) => [sign(g)]);
    return { updates, state };
  },
});

/**
 * Steps of one size in every coordinate: p ← p − learningRate·sign(g).
 * @throws OptionError
 * @source Bernstein, Wang, Azizzadenesheli, Anandkumar, "signSGD: Compressed optimisation for non-convex problems",
 *   2018, arXiv:1802.04434, algorithm 1; deviates: none
 */
export function signSgd(options: SignSgdOptions = {}): Transform {
  checkOptions("optim.signSgd", options, ["learningRate"]);
  const { learningRate = 1e-3 } = options;
  return chain(scaleBySign(), scaleByLearningRate(learningRate));
}
