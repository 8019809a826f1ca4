import { checkOptions, OptionError } from "../core/errors.js";
import { normal, randint, uniform } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { full } from "../ops/create.js";
import { sigmoid } from "../ops/unary.js";

/** A distribution of training times in [0, 1]. */
export interface TimeDistribution {
  readonly name: string;
  /** `count` independent times, float32 [count]. */
  readonly sample: (key: Tensor, count: number) => Tensor;
  /** Probability density at t, where it has one. */
  readonly density?: (t: number) => number;
}

/** Uniform on [min, max], default [0, 1]. */
export function uniformTime(options: { min?: number; max?: number } = {}): TimeDistribution {
  checkOptions("flow.uniformTime", options, ["min", "max"]);
  const { min = 0, max = 1 } = options;
  if (!(min >= 0 && max <= 1 && min < max))
    throw new OptionError({ where: "flow.uniformTime", want: "0 ≤ min < max ≤ 1", got: `${min}, ${max}` });
  return {
    name: "uniform",
    sample: (key, count) => add(mul(uniform(key, [count]), max - min), min),
    density: (t) => (t >= min && t <= max ? 1 / (max - min) : 0),
  };
}

/**
 * t = sigmoid(mean + std·z), z ~ N(0, 1): weight in the middle.
 * @source P. Esser et al., 2024, arXiv 2403.03206, §3.1; deviates: our t runs from noise to data
 */
export function logitNormalTime(options: { mean?: number; std?: number } = {}): TimeDistribution {
  checkOptions("flow.logitNormalTime", options, ["mean", "std"]);
  const { mean = 0, std = 1 } = options;
  if (!(std > 0)) throw new OptionError({ where: "flow.logitNormalTime", want: "std > 0", got: String(std) });
  return {
    name: "logit-normal",
    sample: (key, count) => sigmoid(add(mul(normal(key, [count]), std), mean)),
    density: (t) => {
      if (t <= 0 || t >= 1) return 0;
      const z = (Math.log(t / (1 - t)) - mean) / std;
      return Math.exp((-z * z) / 2) / (std * Math.sqrt(2 * Math.PI) * t * (1 - t));
    },
  };
}

/** Always t in [0, 1]: with t = 0 the objective is one-step distillation. @throws OptionError */
export function fixedTime(t: number): TimeDistribution {
  if (!(t >= 0 && t <= 1))
    throw new OptionError({ where: "flow.fixedTime", want: "t in [0, 1]", got: String(t) });
  return { name: "fixed", sample: (_, count) => full([count], t) };
}

/**
 * One of 0, 1/k, …, (k−1)/k, equally likely: k-step distillation.
 * @param k whole number ≥ 1
 * @throws OptionError
 * @source X. Liu et al., 2022, arXiv 2209.03003, §3.2; deviates: none
 */
export function gridTime(k: number): TimeDistribution {
  if (!Number.isInteger(k) || k < 1) {
    throw new OptionError({ where: "flow.gridTime", want: "a whole number ≥ 1", got: String(k) });
  }
  return { name: "grid", sample: (key, count) => div(cast(randint(key, [count], 0, k), "float32"), k) };
}
