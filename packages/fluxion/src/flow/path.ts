import { jvp } from "../core/autodiff.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { reshape } from "../ops/movement.js";
import { cos, exp, log, neg, sin, sqrt } from "../ops/unary.js";

/** Coefficients of x_t = alpha·x1 + sigma·x0 and their time derivatives, each of the shape of t. */
export interface Coefficients {
  readonly alpha: Tensor;
  readonly sigma: Tensor;
  readonly dAlpha: Tensor;
  readonly dSigma: Tensor;
}

/**
 * A path from source to data: t = 0 is source (noise), t = 1 data, everywhere in Fluxion. Papers that run the other way
 * go through `reverseTime`.
 */
export interface Path {
  readonly name: string;
  /** @param t float tensor of any shape, in [0, 1] */
  readonly at: (t: Tensor) => Coefficients;
}

/** alpha = t, sigma = 1 − t. @source X. Liu et al., 2022, arXiv 2209.03003, eq. 1; deviates: none */
export const linearPath = (): Path => ({
  name: "linear",
  at: (t) => ({ alpha: t, sigma: sub(1, t), dAlpha: onesLike(t), dSigma: neg(onesLike(t)) }),
});

/** A path from its two coefficients; the derivatives are taken by `jvp`. */
export const customPath = (
  name: string,
  alpha: (t: Tensor) => Tensor,
  sigma: (t: Tensor) => Tensor,
): Path => ({
  name,
  at(t) {
    const [values, slopes] = jvp((s: Tensor) => ({ alpha: alpha(s), sigma: sigma(s) }), [t], [onesLike(t)]);
    return { ...values, dAlpha: slopes.alpha, dSigma: slopes.sigma };
  },
});

/** Options of the variance-preserving paths. */
export interface VpOptions {
  /** Growth of the noise rate, ≥ 0. Default 19.9. */
  a?: number;
  /** Noise rate at the data, ≥ 0. Default 0.1. */
  b?: number;
}

/** exp(−¼a(1−t)² − ½b(1−t)): the signal of the variance-preserving paths. */
function vpSignal(where: string, options: VpOptions): (t: Tensor) => Tensor {
  checkOptions(where, options, ["a", "b"]);
  const { a = 19.9, b = 0.1 } = options;
  if (!(a >= 0 && b >= 0 && a + b > 0 && a + b < Infinity)) {
    throw new OptionError({ where, want: "a, b ≥ 0, not both 0", got: `${a}, ${b}` });
  }
  return (t) => {
    const back = sub(1, t);
    return exp(sub(mul(square(back), -a / 4), mul(back, b / 2)));
  };
}

/**
 * Variance-preserving: sigma = √(1 − alpha²), alpha = exp(−¼a(1−t)² − ½b(1−t)). Its velocity is singular at t = 1:
 * stay below, e.g. with `uniformTime({ max: 0.999 })`.
 * @source X. Liu et al., 2022, arXiv 2209.03003, §2.3 (from Y. Song et al., 2011.13456); deviates: none
 */
export function vpPath(options: VpOptions = {}): Path {
  const alpha = vpSignal("flow.vpPath", options);
  return customPath("vp", alpha, (t) => sqrt(sub(1, square(alpha(t)))));
}

/** Sub-variance-preserving: sigma = 1 − alpha². @source as `vpPath` */
export function subVpPath(options: VpOptions = {}): Path {
  const alpha = vpSignal("flow.subVpPath", options);
  return customPath("sub-vp", alpha, (t) => sub(1, square(alpha(t))));
}

/** alpha = t, sigma = √(1 − t²): variance-preserving at constant speed of the signal. @source as `vpPath` */
export const constantSpeedVpPath = (): Path =>
  customPath(
    "constant-speed-vp",
    (t) => mul(t, 1),
    (t) => sqrt(sub(1, square(t))),
  );

/** alpha = sin(πt/2), sigma = cos(πt/2). */
export function cosinePath(): Path {
  const angle = (t: Tensor): Tensor => mul(t, Math.PI / 2);
  return customPath(
    "cosine",
    (t) => sin(angle(t)),
    (t) => cos(angle(t)),
  );
}

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
  return customPath("ve", onesLike, (t) => mul(sqrt(sub(exp(mul(sub(1, t), rate)), 1)), sigmaMin));
}

/** The path run from t = 1 to 0: for papers whose t = 0 is data. */
export const reverseTime = (path: Path): Path => ({
  name: `reversed ${path.name}`,
  at(t) {
    const { alpha, sigma, dAlpha, dSigma } = path.at(sub(1, t));
    return { alpha, sigma, dAlpha: neg(dAlpha), dSigma: neg(dSigma) };
  },
});

/**
 * t [B] (or a scalar) with unit axes, so that it broadcasts against x [B, ...].
 * @throws ShapeError if the batch sizes differ
 */
export function timeLike(t: Tensor, x: Tensor): Tensor {
  if (t.rank === 0) return t;
  if (t.rank !== 1 || t.shape[0] !== x.shape[0]) {
    throw new ShapeError({
      where: "flow: time",
      want: `a scalar or [${x.shape[0]}]`,
      got: showShape(t.shape),
    });
  }
  return reshape(t, [t.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
}

/**
 * The point of the path and its velocity: x_t = alpha·x1 + sigma·x0 and dAlpha·x1 + dSigma·x0.
 * @param x0 source [B, ...]
 * @param x1 data, as x0
 * @param t [B] in [0, 1]
 */
export function interpolate(path: Path, x0: Tensor, x1: Tensor, t: Tensor): { xt: Tensor; velocity: Tensor } {
  const c = path.at(timeLike(t, x1));
  return { xt: add(mul(c.alpha, x1), mul(c.sigma, x0)), velocity: velocityAt(c, x0, x1) };
}

/** dAlpha·x1 + dSigma·x0, with coefficients that broadcast against the points; x1 − x0 on the linear path. @internal */
export const velocityAt = ({ dAlpha, dSigma }: Coefficients, x0: Tensor, x1: Tensor): Tensor =>
  // Written as a difference, so that the simplifier leaves one subtraction where dAlpha = 1 and dSigma = −1.
  sub(mul(dAlpha, x1), mul(neg(dSigma), x0));

/**
 * Logarithm of the signal-to-noise ratio, log(alpha²/sigma²) = 2·(log alpha − log sigma).
 * @param t float tensor of any shape, where alpha and sigma are positive
 */
export function logSnr(path: Path, t: Tensor): Tensor {
  const { alpha, sigma } = path.at(t);
  return mul(sub(log(alpha), log(sigma)), 2);
}
