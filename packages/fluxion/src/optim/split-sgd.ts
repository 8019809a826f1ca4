import { checkOptions } from "../core/errors.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast, greater, where as select } from "../ops/compare.js";
import { abs, neg, sign } from "../ops/unary.js";
import type { Tensor } from "../core/tensor.js";
import { filledTree, mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { zeroCount, type CountState } from "./scale.js";
import type { Schedule } from "./schedules.js";
import type { Transform } from "./transform.js";

/** Options of `splitSgd`. */
export interface SplitSgdOptions {
  /** Step size where the velocity is small, number in [0, ∞) or a schedule; default 0.1. */
  learningRate?: number | Schedule;
  /** Step of every coordinate whose velocity is large, number in [0, ∞) or a schedule; default 1e-3. */
  signLearningRate?: number | Schedule;
  /**
   * Largest size of a velocity that counts as small, in [0, ∞]; default ∞: none is large. Take it from the first
   * gradients, so that a tenth of the coordinates exceed it: `topFractionThreshold(grads, 0.1)`.
   */
  threshold?: number;
  /** Factor of the velocity, in [0, 1); default 0.9. */
  momentum?: number;
  /** What the gradient is weakened by, in [0, 1); default 0.9. */
  dampening?: number;
}

/** State of `splitSgd`: the velocity, a tree like the parameters. */
export type SplitSgdState = CountState & { velocity: unknown };

/**
 * SplitSGD: m ← momentum·m + (1 − dampening)·g; coordinates with |m| ≤ threshold move by −learningRate·m, the others by
 * −signLearningRate·sign(m): the few that would move far get a step of fixed size.
 * @throws OptionError
 * @source Rosenfeld, Risteski, "Outliers with opposing signals have an outsized effect on neural network optimization",
 *   2023, arXiv:2311.04163, section 4 (the hybrid of SGD and SignSGD); deviates: defaults are ours
 */
export function splitSgd(options: SplitSgdOptions = {}): Transform<SplitSgdState> {
  const where = "optim.splitSgd";
  checkOptions(where, options, ["learningRate", "signLearningRate", "threshold", "momentum", "dampening"]);
  const { learningRate = 0.1, signLearningRate = 1e-3, threshold = Infinity } = options;
  const { momentum = 0.9, dampening = 0.9 } = options;
  for (const [name, rate] of Object.entries({ learningRate, signLearningRate }))
    if (typeof rate !== "function") checkRange(where, name, rate, "[0, ∞)");
  if (threshold !== Infinity) checkRange(where, "threshold", threshold, "[0, ∞)");
  checkRange(where, "momentum", momentum, "[0, 1)");
  checkRange(where, "dampening", dampening, "[0, 1)");
  return {
    init: (params) => ({ count: zeroCount(), velocity: filledTree(params) }),
    update(grads, state) {
      /** t times a rate; a number keeps the precision of t. */
      const times = (rate: number | Schedule): ((t: Tensor) => Tensor) => {
        if (typeof rate === "number") return (t) => mul(t, rate);
        const value = rate(state.count);
        const as = perDtype((dtype) => cast(value, dtype));
        return (t) => mul(t, as(t.dtype));
      };
      const [near, far] = [times(learningRate), times(signLearningRate)];
      const [updates, velocity] = mapLeaves(where, grads, [state.velocity], (g, [old]): [Tensor, Tensor] => {
        const m = add(mul(old, momentum), mul(g, 1 - dampening));
        const small = near(m);
        if (threshold === Infinity) return [neg(small), m];
        return [neg(select(greater(abs(m), threshold), far(sign(m)), small)), m];
      });
      return { updates, state: { count: add(state.count, 1), velocity } };
    },
  };
}
