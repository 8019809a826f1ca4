import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, minimum, mul, sub } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { full } from "../ops/create.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { zeroCount } from "./scale.js";

/** Options of `ema`. */
export interface EmaOptions {
  /** Memory, in [0, 1); default 0.999. */
  decay?: number;
  /** Whether the memory starts short: decay of step t is min(decay, (1 + t)/(10 + t)); default false. */
  warmup?: boolean;
}

/** A running average of parameters and the number of updates it has seen. */
export type EmaState<P = unknown> = { average: P; count: Tensor };

/** A moving average of trees, as pure functions. */
export interface Ema {
  /** The average before the first update: the parameters themselves (float16 as float32). */
  readonly init: <P>(params: P) => EmaState<P>;
  /** average ← average + (1 − decay)·(params − average). Leaves that are not floats are taken over. */
  readonly update: <P>(params: P, state: EmaState<P>) => EmaState<P>;
}

/**
 * Exponential moving average of parameters, which samples and evaluates better than the last iterate.
 * @throws OptionError
 * @source Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; deviates: exponential weights
 */
export function ema(options: EmaOptions = {}): Ema {
  checkOptions("optim.ema", options, ["decay", "warmup"]);
  const { decay = 0.999, warmup = false } = options;
  checkRange("optim.ema", "decay", decay, "[0, 1)");
  return {
    init(params) {
      const [average] = mapLeaves("optim.ema", params, [], (p) => [p]);
      return { average, count: zeroCount() };
    },
    update(params, state) {
      const weight = perDtype((dtype) => {
        if (!warmup) return full([], 1 - decay, { dtype });
        const t = cast(state.count, dtype);
        return sub(1, minimum(div(add(t, 1), add(t, 10)), decay));
      });
      const [average] = mapLeaves("optim.ema", params, [state.average], (p, [old]) => [
        add(old, mul(sub(p, old), weight(p.dtype))),
      ]);
      return { average, count: add(state.count, 1) };
    },
  };
}
