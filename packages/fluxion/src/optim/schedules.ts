import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { cast, clip, less, where as select } from "../ops/compare.js";
import { full } from "../ops/create.js";
import { cos, exp, floor } from "../ops/unary.js";
import { checkRange, checkWhole } from "./options.js";

/**
 * A hyperparameter as a function of the step inside the graph.
 * @param step scalar, int32 or float: steps made before this one, so the first is 0
 * @returns float scalar, float32 for an integer step
 */
export type Schedule = (step: Tensor) => Tensor;

const real = (step: Tensor): Tensor => (isFloat(step.dtype) ? step : cast(step, "float32"));

const finite = "(-∞, ∞)";

/** How far `step` has come from 0 to `steps`, held within [0, 1]. */
const progress = (step: Tensor, steps: number): Tensor => clip(div(real(step), steps), 0, 1);

/** `value` at every step. @throws OptionError if it is not finite */
export function constantSchedule(value: number): Schedule {
  checkRange("optim.constantSchedule", "value", value, finite);
  return (step) => full([], value, { dtype: real(step).dtype });
}

/** Options of `linearSchedule`. */
export interface LinearScheduleOptions {
  /** Value at step 0. */
  init: number;
  /** Value from step `steps` on. */
  end: number;
  /** Whole number ≥ 1. */
  steps: number;
}

/** A straight line: init + (end − init)·min(step / steps, 1). @throws OptionError */
export function linearSchedule(options: LinearScheduleOptions): Schedule {
  const where = "optim.linearSchedule";
  checkOptions(where, options, ["init", "end", "steps"]);
  const { init, end, steps } = options;
  checkRange(where, "init", init, finite);
  checkRange(where, "end", end, finite);
  checkWhole(where, "steps", steps, 1);
  return (step) => add(mul(progress(step, steps), end - init), init);
}

/** Options of `cosineSchedule`. */
export interface CosineScheduleOptions {
  /** Value at step 0. */
  init: number;
  /** Value from step `steps` on; default 0. */
  end?: number;
  /** Whole number ≥ 1. */
  steps: number;
}

/**
 * Half a cosine wave: end + (init − end)·(1 + cos(π·min(step / steps, 1)))/2.
 * @throws OptionError
 * @source Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, arXiv:1608.03983,
 *   equation 5; deviates: no restarts
 */
export function cosineSchedule(options: CosineScheduleOptions): Schedule {
  const where = "optim.cosineSchedule";
  checkOptions(where, options, ["init", "end", "steps"]);
  const { init, end = 0, steps } = options;
  checkRange(where, "init", init, finite);
  checkRange(where, "end", end, finite);
  checkWhole(where, "steps", steps, 1);
  return (step) => {
    const wave = add(cos(mul(progress(step, steps), Math.PI)), 1);
    return add(mul(wave, (init - end) / 2), end);
  };
}

/** Options of `warmupCosineSchedule`. */
export interface WarmupCosineScheduleOptions {
  /** Value at step 0; default 0. */
  init?: number;
  /** Value at step `warmupSteps`. */
  peak: number;
  /** Value from step `steps` on; default 0. */
  end?: number;
  /** Steps of the linear rise, a whole number ≥ 1. */
  warmupSteps: number;
  /** Steps in all, rise included: a whole number > warmupSteps. */
  steps: number;
}

/** A linear rise from `init` to `peak`, then half a cosine wave down to `end`. @throws OptionError */
export function warmupCosineSchedule(options: WarmupCosineScheduleOptions): Schedule {
  const where = "optim.warmupCosineSchedule";
  checkOptions(where, options, ["init", "peak", "end", "warmupSteps", "steps"]);
  const { init = 0, peak, end = 0, warmupSteps, steps } = options;
  checkWhole(where, "warmupSteps", warmupSteps, 1);
  checkWhole(where, "steps", steps, warmupSteps + 1);
  return joinSchedules(
    [
      linearSchedule({ init, end: peak, steps: warmupSteps }),
      cosineSchedule({ init: peak, end, steps: steps - warmupSteps }),
    ],
    [warmupSteps],
  );
}

/** Options of `exponentialSchedule`. */
export interface ExponentialScheduleOptions {
  /** Value at step 0. */
  init: number;
  /** Factor over `steps` steps, in (0, ∞). */
  rate: number;
  /** Whole number ≥ 1; default 1. */
  steps?: number;
  /** Whether the value falls in stairs, once every `steps` steps; default false. */
  staircase?: boolean;
}

/** init·rate^(step / steps). @throws OptionError */
export function exponentialSchedule(options: ExponentialScheduleOptions): Schedule {
  const where = "optim.exponentialSchedule";
  checkOptions(where, options, ["init", "rate", "steps", "staircase"]);
  const { init, rate, steps = 1, staircase = false } = options;
  checkRange(where, "init", init, finite);
  checkRange(where, "rate", rate, "(0, ∞)");
  checkWhole(where, "steps", steps, 1);
  return (step) => {
    const turns = div(real(step), steps);
    return mul(exp(mul(staircase ? floor(turns) : turns, Math.log(rate))), init);
  };
}

/** Options of `piecewiseSchedule`. */
export interface PiecewiseScheduleOptions {
  /** Rising whole numbers ≥ 1, K of them. */
  boundaries: readonly number[];
  /** K + 1 values: values[i] holds from step boundaries[i − 1] to before boundaries[i]. */
  values: readonly number[];
}

/** Constant between steps at which it jumps. @throws OptionError */
export function piecewiseSchedule(options: PiecewiseScheduleOptions): Schedule {
  const where = "optim.piecewiseSchedule";
  checkOptions(where, options, ["boundaries", "values"]);
  const { boundaries, values } = options;
  values.forEach((v, i) => checkRange(where, `values[${i}]`, v, finite));
  if (values.length !== boundaries.length + 1) {
    const want = `${boundaries.length + 1} values for ${boundaries.length} boundaries`;
    throw new OptionError({ where, want, got: String(values.length) });
  }
  return joinSchedules(values.map(constantSchedule), boundaries);
}

/**
 * Schedules one after the other; each counts its steps from its own start.
 * @param schedules K + 1 of them
 * @param boundaries K rising whole numbers ≥ 1: the steps at which the next one takes over
 * @throws OptionError
 */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  const where = "optim.joinSchedules";
  boundaries.forEach((b, i) => checkWhole(where, `boundaries[${i}]`, b, (boundaries[i - 1] ?? 0) + 1));
  if (schedules.length !== boundaries.length + 1) {
    throw new OptionError({
      where,
      want: `${boundaries.length + 1} schedules for ${boundaries.length} boundaries`,
      got: String(schedules.length),
    });
  }
  return (step) => {
    const value = (i: number): Tensor => schedules[i]!(i === 0 ? step : sub(step, boundaries[i - 1]!));
    let result = value(schedules.length - 1);
    for (let i = boundaries.length - 1; i >= 0; i--) {
      result = select(less(step, boundaries[i]!), value(i), result);
    }
    return result;
  };
}
