import { checkOptions } from "../core/errors.js";
import { add, mul } from "../ops/arithmetic.js";
import { sign } from "../ops/unary.js";
import { mapLeaves, filledTree } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";
import { addDecayedWeights, type Mask } from "./weight-decay.js";

/** Options of `lion`. */
export interface LionOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-4. A third to a tenth of Adam's is usual. */
  learningRate?: number | Schedule;
  /** Share of the momentum in the update's sign, in [0, 1); default 0.9. */
  b1?: number;
  /** Memory of the momentum, in [0, 1); default 0.99. */
  b2?: number;
  /** Decoupled decay in units of the learning rate, in [0, ∞); default 0 (optax has 1e-3). */
  weightDecay?: number;
  /** What weight decay applies to; default everything. */
  mask?: Mask;
}

/** State of `scaleByLion`: the momentum, a tree like the parameters. */
export type LionState = { mu: unknown };

/**
 * The update is sign(b1·m + (1 − b1)·g); then m ← b2·m + (1 − b2)·g.
 * @throws OptionError
 * @source Chen et al., "Symbolic discovery of optimization algorithms", 2023, arXiv:2302.06675, algorithm 2; deviates:
 *   none
 */
export function scaleByLion(options: Pick<LionOptions, "b1" | "b2"> = {}): Transform<LionState> {
  const where = "optim.scaleByLion";
  checkOptions(where, options, ["b1", "b2"]);
  const { b1 = 0.9, b2 = 0.99 } = options;
  checkRange(where, "b1", b1, "[0, 1)");
  checkRange(where, "b2", b2, "[0, 1)");
  return {
    init: (params) => ({ mu: filledTree(params) }),
    update(grads, state) {
      const [updates, mu] = mapLeaves(where, grads, [state.mu], (g, [m]) => [
        sign(add(mul(m, b1), mul(g, 1 - b1))),
        add(mul(m, b2), mul(g, 1 - b2)),
      ]);
      return { updates, state: { mu } };
    },
  };
}

/** Lion: the sign of an interpolated momentum, decoupled weight decay, then −learningRate. @throws OptionError */
export function lion(options: LionOptions = {}): Transform {
  checkOptions("optim.lion", options, ["learningRate", "b1", "b2", "weightDecay", "mask"]);
  const { learningRate = 1e-4, weightDecay = 0, mask, ...rest } = options;
  return chain(
    scaleByLion(rest),
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, { mask })]),
    scaleByLearningRate(learningRate),
  );
}
