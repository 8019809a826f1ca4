import { ShapeError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { zeros } from "../ops/create.js";
import { neg } from "../ops/unary.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import type { Schedule } from "./schedules.js";
import type { Transform } from "./transform.js";

/** State of transforms that only count their steps. */
export type CountState = {
  /** Steps made, int32 scalar. */
  count: Tensor;
};

/** The step counter before the first step. @internal */
export const zeroCount = (): Tensor => zeros([], { dtype: "int32" });

/** Multiplies updates by `factor`. @throws OptionError if it is not finite */
export function scale(factor: number): Transform {
  checkRange("optim.scale", "factor", factor, "(-∞, ∞)");
  return {
    init: () => ({}),
    update(grads, state) {
      const [updates] = mapLeaves("optim.scale", grads, [], (g) => [mul(g, factor)]);
      return { updates, state };
    },
  };
}

/** Multiplies updates by `schedule(count)`, the first step having count 0. */
export const scaleBySchedule = (schedule: Schedule): Transform<CountState> => ({
  init: () => ({ count: zeroCount() }),
  update(grads, state) {
    const factor = schedule(state.count);
    if (factor.rank !== 0) {
      const got = `${factor.rank} axes`;
      throw new ShapeError({ where: "optim.scaleBySchedule", want: "a schedule giving a scalar", got });
    }
    const as = perDtype((dtype) => cast(factor, dtype));
    const [updates] = mapLeaves("optim.scaleBySchedule", grads, [], (g) => [mul(g, as(g.dtype))]);
    return { updates, state: { count: add(state.count, 1) } };
  },
});

/**
 * Turns a direction of ascent into a step of descent: multiplies by −learningRate.
 * @param learningRate number in [0, ∞) or a schedule
 * @throws OptionError
 */
export function scaleByLearningRate(learningRate: number | Schedule): Transform {
  if (typeof learningRate === "function") return scaleBySchedule((step) => neg(learningRate(step)));
  checkRange("optim.scaleByLearningRate", "learningRate", learningRate, "[0, ∞)");
  return scale(-learningRate);
}
