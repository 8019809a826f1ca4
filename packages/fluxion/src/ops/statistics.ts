import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, safeSqrt, square, sub } from "./arithmetic.js";
import { equal, where } from "./compare.js";
import { onesLike, zeros } from "./create.js";
import { reshape } from "./movement.js";
import { countOf, max, mean, sum, toFloat, type ReduceOptions } from "./reduce.js";
import { abs, exp, isInf, log } from "./unary.js";

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the number of elements; 1 for the unbiased estimate of a sample. Default 0. */
  ddof?: number;
}

/** Variance over the given axes: Σ(x − mean)²/(n − ddof); NaN or infinite where n ≤ ddof, as in NumPy. */
export function variance(
  x: Tensor,
  axis?: number | readonly number[],
  options: VarianceOptions = {},
): Tensor {
  checkOptions("ops.variance", options, ["keepDims", "ddof"]);
  const { ddof = 0, ...rest } = options;
  const t = toFloat(x);
  const centred = sub(t, mean(t, axis, { keepDims: true }));
  return mul(sum(square(centred), axis, rest), 1 / Math.max(0, countOf(x, axis) - ddof));
}

/** Standard deviation over the given axes; gradient 0 where it is 0. */
export const std = (x: Tensor, axis?: number | readonly number[], options: VarianceOptions = {}): Tensor =>
  safeSqrt(variance(x, axis, options));

/**
 * p-norm over the given axes: (Σ|x|^p)^(1/p); gradient 0 at 0.
 * @param options `ord` p: 1, 2 (default), any p > 0, or Infinity
 * @throws OptionError unless p > 0
 */
export function norm(
  x: Tensor,
  axis?: number | readonly number[],
  options: ReduceOptions & { ord?: number } = {},
): Tensor {
  checkOptions("ops.norm", options, ["keepDims", "ord"]);
  const { ord = 2, ...rest } = options;
  if (!(ord > 0)) throw new OptionError({ where: "ops.norm", want: "ord > 0", got: String(ord) });
  const t = toFloat(x);
  if (ord === Infinity) return max(abs(t), axis, rest);
  if (ord === 1) return sum(abs(t), axis, rest);
  if (ord === 2) return safeSqrt(sum(square(t), axis, rest));
  const total = sum(abs(t).pow(ord), axis, rest);
  const zero = equal(total, 0);
  return where(
    zero,
    zeros(total.shape, { dtype: total.dtype }),
    where(zero, onesLike(total), total).pow(1 / ord),
  );
}

/** log Σ e^x over the given axes, without overflow; −∞ where all are, with gradient 0. */
export function logsumexp(x: Tensor, axis?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const t = toFloat(x);
  const top = max(t, axis, { keepDims: true }).stopGradient();
  const shift = where(isInf(top), zeros(top.shape, { dtype: top.dtype }), top);
  const inner = sum(exp(sub(t, shift)), axis, options);
  const none = equal(inner, 0);
  const total = where(none, -Infinity, log(where(none, onesLike(inner), inner)));
  return add(total, options.keepDims ? shift : reshape(shift, total.shape));
}
