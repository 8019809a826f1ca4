import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { softmax } from "../ops/activation.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { expandDims, flatten, reshape } from "../ops/movement.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import type { Velocity } from "./sample.js";

/** Options of `gaussianVelocity`. */
export interface GaussianVelocityOptions {
  /** Mean of the data. Default 0. */
  mean?: number;
  /** Standard deviation of the data, ≥ 0. Default 1. */
  std?: number;
  /** Correlation of source and datum, in (−1, 1]. Default 0: independent. */
  correlation?: number;
}

/**
 * The exact velocity of the linear path from N(0, 1) to N(mean, std²) in every coordinate, jointly Gaussian:
 * v(x, t) = mean + D′(t)/(2·D(t))·(x − t·mean) with D = t²·std² + (1−t)² + 2·correlation·std·t·(1−t).
 * The flow is Z1 = mean + std·Z0, whatever the correlation.
 * @throws OptionError
 * @source own derivation; the minimiser of X. Liu et al., 2022, arXiv 2209.03003, eq. 1
 */
export function gaussianVelocity(options: GaussianVelocityOptions = {}): Velocity {
  const where = "flow.gaussianVelocity";
  checkOptions(where, options, ["mean", "std", "correlation"]);
  const { mean = 0, std = 1, correlation = 0 } = options;
  if (!(std >= 0 && correlation > -1 && correlation <= 1)) {
    throw new OptionError({
      where,
      want: "std ≥ 0 and correlation in (−1, 1]",
      got: `${std}, ${correlation}`,
    });
  }
  return (x, t) => {
    const back = sub(1, t);
    const variance = add(
      add(mul(square(t), std ** 2), square(back)),
      mul(mul(t, back), 2 * correlation * std),
    );
    const half = add(sub(mul(t, std ** 2), back), mul(sub(1, mul(t, 2)), correlation * std));
    return add(mul(sub(x, mul(t, mean)), div(half, variance)), mean);
  };
}

/**
 * The exact velocity of the linear path from N(0, scale²·I) to a finite set of points:
 * v(x, t) = Σᵢ softmaxᵢ(−‖x − t·xᵢ‖²/(2·scale²·(1−t)²))·(xᵢ − x)/(1 − t), for t < 1. Its flow ends on the points.
 * @param points [N, ...]
 * @param scale standard deviation of the source, > 0, default 1
 * @returns a velocity for x [B, ...]
 * @throws OptionError
 * @source own derivation; the minimiser of X. Liu et al., 2022, arXiv 2209.03003, eq. 1 for an empirical target
 */
export function empiricalVelocity(points: Tensor, scale = 1): Velocity {
  if (!(scale > 0)) {
    throw new OptionError({ where: "flow.empiricalVelocity", want: "scale > 0", got: String(scale) });
  }
  const flat = flatten(points, 1);
  return (x, t) => {
    const z = flatten(x, 1);
    const gap = sum(square(sub(expandDims(z, 1), expandDims(mul(flat, t), 0))), -1);
    const weights = softmax(div(gap, mul(square(sub(1, t)), -2 * scale ** 2)));
    return reshape(div(sub(matmul(weights, flat), z), sub(1, t)), x.shape);
  };
}
