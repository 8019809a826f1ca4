// Slopes that stand in for the derivative of the sign, which is 0 almost everywhere.
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { div, maximum, mul, pow, sub } from "../ops/arithmetic.js";
import { lessEqual, where as select } from "../ops/compare.js";
import { onesLike, zerosLike } from "../ops/create.js";
import { abs, sign, tanh } from "../ops/unary.js";

/** A stand-in for the sign's derivative. `power` grows as the stand-in comes nearer to the sign. */
export interface BinaryEstimator {
  readonly name: string;
  /** What the gradient is multiplied by, of x's shape. */
  readonly slope: (x: Tensor, power: Tensor | number) => Tensor;
  /** The function that the slope belongs to: how far it is from the sign is the estimator's error. */
  readonly surrogate: (x: Tensor, power: Tensor | number) => Tensor;
}

/** Options of `reste`. */
export interface ResteOptions {
  /** |x| above it get no gradient, > 0. Default 1.5. */
  truncate?: number;
  /** Half the width of the interval around 0 on which the slope is the secant's, > 0. Default 0.1. */
  window?: number;
}

/**
 * The rectified straight-through estimator: f(x) = sign(x)·|x|^(1/o) with its own derivative, which goes from the identity
 * (o = 1) to the sign (o → ∞). Its slope is 0 for |x| > t, m^(1/o − 1) for |x| ≤ m (the secant of f on [0, m]), else
 * |x|^(1/o − 1)/o.
 * @throws OptionError
 * @source X.-M. Wu, D. Zheng, Z. Liu, W.-S. Zheng, 2023, arXiv 2308.06689, eq. 6 and 7 of version 2, with the truncation and
 *   the window of §3.3; deviates: none
 */
export function reste(options: ResteOptions = {}): BinaryEstimator {
  const where = "quantize.reste";
  checkOptions(where, options, ["truncate", "window"]);
  const { truncate = 1.5, window = 0.1 } = options;
  if (!(window > 0 && truncate > window)) {
    throw new OptionError({ where, want: "0 < window < truncate", got: `${window}, ${truncate}` });
  }
  return {
    name: "ReSTE",
    slope(x, power) {
      const size = abs(x);
      const inverse = div(onesLike(x), power);
      const exponent = sub(inverse, 1);
      // The power is taken away from 0, where it is infinite: the branch that is not taken has a gradient, too.
      const inner = pow(maximum(size, window), exponent);
      const slope = select(lessEqual(size, window), inner, mul(inner, inverse));
      return select(lessEqual(size, truncate), slope, zerosLike(x));
    },
    surrogate: (x, power) => mul(sign(x), pow(abs(x), div(onesLike(x), power))),
  };
}

/**
 * The straight-through estimator with a clip: slope 1 for |x| ≤ clip, else 0. `power` has no effect.
 * @param clip > 0, default 1
 * @throws OptionError
 * @source M. Courbariaux et al., 2016, arXiv 1602.02830, eq. 4; deviates: none
 */
export function clippedStraightThrough(clip = 1): BinaryEstimator {
  if (!(clip > 0))
    throw new OptionError({ where: "quantize.clippedStraightThrough", want: "clip > 0", got: String(clip) });
  return {
    name: "clipped STE",
    slope: (x) => select(lessEqual(abs(x), clip), onesLike(x), zerosLike(x)),
    surrogate: (x) => x,
  };
}

/** The plain straight-through estimator: slope 1 everywhere. @source G. Hinton, 2012, lecture 9c; deviates: none */
export function plainStraightThrough(): BinaryEstimator {
  return { name: "STE", slope: (x) => onesLike(x), surrogate: (x) => x };
}

/**
 * The error-decay estimator: g(x) = k·tanh(a·x) with a = power and k = max(1/a, 1), from nearly the identity to the sign.
 * @source H. Qin et al., 2020, arXiv 1909.10788 (IR-Net), eq. 9 to 11; deviates: a is given, not scheduled here
 */
export function errorDecay(): BinaryEstimator {
  const parts = (x: Tensor, power: Tensor | number): [Tensor, Tensor, Tensor] => {
    const a = mul(onesLike(x), power);
    return [a, maximum(div(onesLike(x), a), 1), tanh(mul(a, x))];
  };
  return {
    name: "EDE",
    slope(x, power) {
      const [a, k, t] = parts(x, power);
      return mul(mul(k, a), sub(1, mul(t, t)));
    },
    surrogate(x, power) {
      const [, k, t] = parts(x, power);
      return mul(k, t);
    },
  };
}
