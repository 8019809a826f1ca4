import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { softplus } from "../ops/activation.js";
import { add, div, mul, pow, square, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { exp, log, neg, sigmoid, sqrt } from "../ops/unary.js";
import { customPath, type Path } from "./path.js";

/** Options of the variance-preserving paths. */
export interface VpOptions {
  /** Growth of the noise rate, ≥ 0. Default 19.9. */
  a?: number;
  /** Noise rate at the data, ≥ 0. Default 0.1. */
  b?: number;
}

/** alpha = exp(−¼a(1−t)² − ½b(1−t)), the signal of the variance-preserving paths, and t of −log alpha. */
function vpSignal(
  where: string,
  options: VpOptions,
): { alpha: (t: Tensor) => Tensor; timeOf: (fall: Tensor) => Tensor } {
  checkOptions(where, options, ["a", "b"]);
  const { a = 19.9, b = 0.1 } = options;
  if (!(a >= 0 && b >= 0 && a + b > 0 && a + b < Infinity)) {
    throw new OptionError({ where, want: "a, b ≥ 0, not both 0", got: `${a}, ${b}` });
  }
  return {
    alpha(t) {
      const back = sub(1, t);
      return exp(sub(mul(square(back), -a / 4), mul(back, b / 2)));
    },
    // The positive root of ¼a·s² + ½b·s = fall with s = 1 − t, in the form that survives a = 0.
    timeOf: (fall) => sub(1, div(mul(fall, 2), add(sqrt(add(mul(fall, a), b ** 2 / 4)), b / 2))),
  };
}

/**
 * Variance-preserving: sigma = √(1 − alpha²), alpha = exp(−¼a(1−t)² − ½b(1−t)). Its velocity is singular at t = 1:
 * stay below, e.g. with `uniformTime({ max: 0.999 })`.
 * @source X. Liu et al., 2022, arXiv 2209.03003, §2.3 (from Y. Song et al., 2011.13456); deviates: none
 */
export function vpPath(options: VpOptions = {}): Path {
  const { alpha, timeOf } = vpSignal("flow.vpPath", options);
  return customPath(
    "vp",
    alpha,
    (t) => sqrt(sub(1, square(alpha(t)))),
    // alpha² = sigmoid(logSnr)
    (logSnr) => timeOf(mul(softplus(neg(logSnr)), 0.5)),
  );
}

/** Sub-variance-preserving: sigma = 1 − alpha². @source as `vpPath` */
export function subVpPath(options: VpOptions = {}): Path {
  const { alpha, timeOf } = vpSignal("flow.subVpPath", options);
  return customPath(
    "sub-vp",
    alpha,
    (t) => sub(1, square(alpha(t))),
    (logSnr) => {
      // alpha / (1 − alpha²) = r: alpha = 2r / (1 + √(1 + 4r²)).
      const r = exp(mul(logSnr, 0.5));
      return timeOf(neg(log(div(mul(r, 2), add(sqrt(add(mul(square(r), 4), 1)), 1)))));
    },
  );
}

/** alpha = t, sigma = √(1 − t²): variance-preserving at constant speed of the signal. @source as `vpPath` */
export const constantSpeedVpPath = (): Path =>
  customPath(
    "constant-speed-vp",
    (t) => mul(t, 1),
    (t) => sqrt(sub(1, square(t))),
    (logSnr) => sqrt(sigmoid(logSnr)),
  );

/**
 * Variance-exploding, x_t = x1 + sigma·z with z ~ N(0, I): sigma = sigmaMin·√((sigmaMax/sigmaMin)^(2(1−t)) − 1).
 * @param options `sigmaMin` default 0.01, `sigmaMax` default 50, in units of the data
 * @throws OptionError
 * @source as `vpPath`; deviates: none
 */
export function vePath(options: { sigmaMin?: number; sigmaMax?: number } = {}): Path {
  checkOptions("flow.vePath", options, ["sigmaMin", "sigmaMax"]);
  const { sigmaMin = 0.01, sigmaMax = 50 } = options;
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && sigmaMax < Infinity)) {
    throw new OptionError({
      where: "flow.vePath",
      want: "0 < sigmaMin < sigmaMax",
      got: `${sigmaMin}, ${sigmaMax}`,
    });
  }
  const rate = 2 * Math.log(sigmaMax / sigmaMin);
  return customPath(
    "ve",
    onesLike,
    (t) => mul(sqrt(sub(exp(mul(sub(1, t), rate)), 1)), sigmaMin),
    (logSnr) => sub(1, div(log(add(div(exp(neg(logSnr)), sigmaMin ** 2), 1)), rate)),
  );
}

/** Options of `edmPath`. */
export interface EdmPathOptions {
  /** Noise at t = 1, ≥ 0. Default 0.002. */
  sigmaMin?: number;
  /** Noise at t = 0, above `sigmaMin`. Default 80, in units of the data. */
  sigmaMax?: number;
  /** Bend ≥ 1: equal steps in t are small where there is little noise. Default 7. */
  rho?: number;
}

/**
 * x_t = x1 + sigma·z with sigma^(1/rho) linear in t: equal steps in t are EDM's noise levels. The flow starts at
 * sigmaMax·z.
 * @throws OptionError
 * @source T. Karras et al., 2022, arXiv 2206.00364, eq. 5; deviates: t runs from noise to data
 */
export function edmPath(options: EdmPathOptions = {}): Path {
  const where = "flow.edmPath";
  checkOptions(where, options, ["sigmaMin", "sigmaMax", "rho"]);
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = options;
  if (!(sigmaMin >= 0 && sigmaMax > sigmaMin && sigmaMax < Infinity && rho >= 1 && rho < Infinity)) {
    const got = `${sigmaMin}, ${sigmaMax}, ${rho}`;
    throw new OptionError({ where, want: "0 ≤ sigmaMin < sigmaMax, rho ≥ 1", got });
  }
  const [from, to] = [sigmaMax ** (1 / rho), sigmaMin ** (1 / rho)];
  return customPath(
    "edm",
    onesLike,
    (t) => pow(add(mul(t, to - from), from), rho),
    (logSnr) => div(sub(exp(mul(logSnr, -0.5 / rho)), from), to - from),
  );
}
