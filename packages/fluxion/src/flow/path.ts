import { jvp } from "../core/autodiff.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { reshape } from "../ops/movement.js";
import { atan } from "../ops/angles.js";
import { cos, exp, log, neg, sigmoid, sin } from "../ops/unary.js";

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
  /** The time at which log(alpha²/sigma²) has this value; the inverse of `logSnr`, where the path knows it. */
  readonly timeAt?: (logSnr: Tensor) => Tensor;
}

/** alpha = t, sigma = 1 − t. @source X. Liu et al., 2022, arXiv 2209.03003, eq. 1; deviates: none */
export const linearPath = (): Path => ({
  name: "linear",
  at: (t) => ({ alpha: t, sigma: sub(1, t), dAlpha: onesLike(t), dSigma: neg(onesLike(t)) }),
  timeAt: (logSnr) => sigmoid(mul(logSnr, 0.5)),
});

/** A path from its two coefficients, and `timeAt` if it is known; the derivatives are taken by `jvp`. */
export const customPath = (
  name: string,
  alpha: (t: Tensor) => Tensor,
  sigma: (t: Tensor) => Tensor,
  timeAt?: (logSnr: Tensor) => Tensor,
): Path => ({
  name,
  ...(timeAt ? { timeAt } : {}),
  at(t) {
    const [values, slopes] = jvp((s: Tensor) => ({ alpha: alpha(s), sigma: sigma(s) }), [t], [onesLike(t)]);
    return { ...values, dAlpha: slopes.alpha, dSigma: slopes.sigma };
  },
});

/** alpha = sin(πt/2), sigma = cos(πt/2). */
export function cosinePath(): Path {
  const angle = (t: Tensor): Tensor => mul(t, Math.PI / 2);
  return customPath(
    "cosine",
    (t) => sin(angle(t)),
    (t) => cos(angle(t)),
    (logSnr) => mul(atan(exp(mul(logSnr, 0.5))), 2 / Math.PI),
  );
}

/** The path run from t = 1 to 0: for papers whose t = 0 is data. */
export const reverseTime = (path: Path): Path => ({
  name: `reversed ${path.name}`,
  ...(path.timeAt ? { timeAt: (logSnr: Tensor) => sub(1, path.timeAt!(logSnr)) } : {}),
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

/**
 * The inverse of `logSnr`.
 * @param logSnr log(alpha²/sigma²), float tensor of any shape
 * @returns t as `logSnr`; beyond [0, 1] where the path never is so noisy or so clean
 * @throws OptionError for a path without `timeAt`
 */
export function timeOfLogSnr(path: Path, logSnr: Tensor): Tensor {
  if (path.timeAt) return path.timeAt(logSnr);
  const hint = "give customPath its timeAt";
  throw new OptionError({ where: "flow.timeOfLogSnr", want: "a path with timeAt", got: path.name, hint });
}
