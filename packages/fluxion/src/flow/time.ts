import { checkOptions, OptionError } from "../core/errors.js";
import { bernoulli, keys, normal, randint, uniform } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { cast, clip, where as choose } from "../ops/compare.js";
import { full } from "../ops/create.js";
import { log, sigmoid } from "../ops/unary.js";
import { timeOfLogSnr, type Path } from "./path.js";

/** A distribution of training times in [0, 1]. */
export interface TimeDistribution {
  readonly name: string;
  /** `count` independent times, float32 [count]. */
  readonly sample: (key: Tensor, count: number) => Tensor;
  /** Probability density at t, where it has one. */
  readonly density?: (t: number) => number;
  /** The time below which a part u in [0, 1] of the draws lies, where it has a closed form. */
  readonly quantile?: (u: number) => number;
}

/** Uniform on [min, max], default [0, 1]. */
export function uniformTime(options: { min?: number; max?: number } = {}): TimeDistribution {
  checkOptions("flow.uniformTime", options, ["min", "max"]);
  const { min = 0, max = 1 } = options;
  if (!(min >= 0 && max <= 1 && min < max))
    throw new OptionError({ where: "flow.uniformTime", want: "0 ≤ min < max ≤ 1", got: `${min}, ${max}` });
  return {
    name: "uniform",
    quantile: (u) => min + u * (max - min),
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

/**
 * Both ends more often than the middle: density proportional to cosh(a·(t − ½)).
 * @param options `a` > 0, default 4: how much (the ends are cosh(a/2) times as likely as the middle); `margin` kept from
 *   both ends, default 1e-5
 * @throws OptionError
 * @source S. Lee et al., 2024, arXiv 2405.20320 (U-shaped time distribution); deviates: symmetric, as in the official code, where the formula
 *   read on [0, 1] is one-sided
 */
export function uShapedTime(options: { a?: number; margin?: number } = {}): TimeDistribution {
  const where = "flow.uShapedTime";
  checkOptions(where, options, ["a", "margin"]);
  const { a = 4, margin = 1e-5 } = options;
  if (!(a > 0 && a < 80 && margin >= 0 && margin < 0.5))
    throw new OptionError({ where, want: "a in (0, 80), margin in [0, ½)", got: `${a}, ${margin}` });
  const wide = 1 - 2 * margin;
  return {
    name: "u-shaped",
    sample(key, count) {
      const [size, side] = keys(key, 2);
      const s = div(log(add(mul(uniform(size, [count]), Math.expm1(a)), 1)), a);
      return add(mul(choose(bernoulli(side, 0.5, [count]), s, sub(1, s)), wide), margin);
    },
    density(t) {
      const s = (t - margin) / wide;
      if (s < 0 || s > 1) return 0;
      return ((Math.exp(a * s) + Math.exp(a * (1 - s))) * a) / (2 * Math.expm1(a)) / wide;
    },
  };
}

/**
 * log(sigma/alpha) ~ N(mean, std²): EDM's distribution of noise levels, on any path with `timeAt`. On the linear path it
 * is `logitNormalTime` with the mean turned round.
 * @param options default `mean` −1.2, `std` 1.2
 * @throws OptionError
 * @source T. Karras et al., 2022, arXiv 2206.00364, Table 1; deviates: times beyond the path's ends are moved to them
 */
export function noiseLevelTime(path: Path, options: { mean?: number; std?: number } = {}): TimeDistribution {
  const where = "flow.noiseLevelTime";
  checkOptions(where, options, ["mean", "std"]);
  const { mean = -1.2, std = 1.2 } = options;
  if (!(std > 0 && Number.isFinite(mean)))
    throw new OptionError({ where, want: "std > 0", got: `${mean}, ${std}` });
  return {
    name: `noise level on ${path.name}`,
    sample: (key, count) =>
      clip(timeOfLogSnr(path, mul(add(mul(normal(key, [count]), std), mean), -2)), 0, 1),
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
