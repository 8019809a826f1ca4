import { checkOptions } from "../core/errors.js";
import { add, div, mul, square } from "../ops/arithmetic.js";
import { sqrt } from "../ops/unary.js";
import { filledTree, mapLeaves } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `adadelta`; the defaults are PyTorch's. */
export interface AdadeltaOptions {
  /** Factor of the step, number in [0, ∞) or a schedule; default 1. */
  learningRate?: number | Schedule;
  /** Memory of both means of squares, in [0, 1); default 0.9. */
  decay?: number;
  /** Added under both roots, in (0, ∞); default 1e-6. */
  eps?: number;
}

/** State of `scaleByAdadelta`: means of squared gradients and of squared updates, trees like the parameters. */
export type AdadeltaState = { nu: unknown; delta: unknown };

/**
 * v ← decay·v + (1 − decay)·g²; the update is d = √(u + eps)/√(v + eps)·g; then u ← decay·u + (1 − decay)·d².
 * @throws OptionError
 * @source Zeiler, "ADADELTA: an adaptive learning rate method", 2012, arXiv:1212.5701, algorithm 1; deviates: none
 */
export function scaleByAdadelta(
  options: Omit<AdadeltaOptions, "learningRate"> = {},
): Transform<AdadeltaState> {
  const where = "optim.scaleByAdadelta";
  checkOptions(where, options, ["decay", "eps"]);
  const { decay = 0.9, eps = 1e-6 } = options;
  checkRange(where, "decay", decay, "[0, 1)");
  checkRange(where, "eps", eps, "(0, ∞)");
  return {
    init: (params) => ({ nu: filledTree(params), delta: filledTree(params) }),
    update(grads, state) {
      const [updates, nu, delta] = mapLeaves(where, grads, [state.nu, state.delta], (g, [oldV, oldU]) => {
        const v = add(mul(oldV, decay), mul(square(g), 1 - decay));
        const d = mul(div(sqrt(add(oldU, eps)), sqrt(add(v, eps))), g);
        return [d, v, add(mul(oldU, decay), mul(square(d), 1 - decay))];
      });
      return { updates, state: { nu, delta } };
    },
  };
}

/** Adadelta: `scaleByAdadelta`, then −learningRate. @throws OptionError */
export function adadelta(options: AdadeltaOptions = {}): Transform {
  checkOptions("optim.adadelta", options, ["learningRate", "decay", "eps"]);
  const { learningRate = 1, ...rest } = options;
  return chain(scaleByAdadelta(rest), scaleByLearningRate(learningRate));
}
