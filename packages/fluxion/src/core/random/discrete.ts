import { isFloat } from "../dtypes.js";
import { checkOptions, DtypeError, OptionError, ShapeError } from "../errors.js";
import { broadcastShapes, normalizeAxis, sameShape, showShape, type Shape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { add, mul, remainder, sub } from "../../ops/arithmetic.js";
import { cast, less } from "../../ops/compare.js";
import { argmax } from "../../ops/reduce.js";
import { gumbel } from "./continuous.js";
import { keys } from "./key.js";
import { bits, uniform } from "./uniform.js";

/**
 * True with probability p; equal to `jax.random.bernoulli`.
 * @param key uint32 [2]
 * @param p probability in [0, 1]; a Tensor broadcasts to the shape
 * @param shape default: that of p
 * @returns bool
 * @throws OptionError for a number outside [0, 1]
 */
export function bernoulli(key: Tensor, p: number | Tensor = 0.5, shape?: Shape): Tensor {
  if (!(p instanceof Tensor)) {
    if (!(p >= 0 && p <= 1))
      throw new OptionError({ where: "random.bernoulli", want: "p in [0, 1]", got: String(p) });
    return less(uniform(key, shape), p);
  }
  const dims = shape ?? p.shape;
  if (!sameShape(broadcastShapes("random.bernoulli", p.shape, dims), dims))
    throw new ShapeError({
      where: "random.bernoulli",
      want: `a shape that ${showShape(p.shape)} broadcasts to`,
      got: showShape(dims),
    });
  return less(uniform(key, dims, { dtype: p.dtype === "float64" ? "float64" : "float32" }), p);
}

/**
 * −1 or 1 with equal probability; equal to `jax.random.rademacher`.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 * @returns float32
 */
export const rademacher = (key: Tensor, shape: Shape = []): Tensor =>
  sub(mul(cast(bernoulli(key, 0.5, shape), "float32"), 2), 1);

/**
 * Whole numbers in [min, max); equal to `jax.random.randint`. The remainder of 64 random bits where the range is at
 * most 2^16, of 32 beyond: the probabilities differ by less than one part in 2^48, or in 2^32/(max − min).
 * @param key uint32 [2]
 * @param shape sizes; [] for one number
 * @param min lowest value, ≥ −2^31
 * @param max one past the highest, ≤ 2^31
 * @returns int32
 * @throws OptionError unless whole numbers with min < max
 */
export function randint(key: Tensor, shape: Shape, min: number, max: number): Tensor {
  const span = max - min;
  const whole = Number.isInteger(min) && Number.isInteger(max) && min >= -(2 ** 31) && max <= 2 ** 31;
  if (!whole || !(span > 0) || span >= 2 ** 32)
    throw new OptionError({
      where: "random.randint",
      want: "whole numbers min < max of int32",
      got: `${min} and ${max}`,
    });
  const [first, second] = keys(key, 2);
  // 2^32 mod span, but 0 where the square of 2^16 leaves the word: JAX's own arithmetic.
  const factor = span > 65536 ? 0 : ((65536 % span) * (65536 % span)) % span;
  const low = remainder(bits(second, shape), span);
  const offset =
    factor === 0 ? low : remainder(add(mul(remainder(bits(first, shape), span), factor), low), span);
  return span < 2 ** 31 ? add(cast(offset, "int32"), min) : cast(add(cast(offset, "int64"), min), "int32");
}

/** Options of `categorical`. */
export interface CategoricalOptions {
  /** Axis of the categories. Default −1. */
  axis?: number;
  /** Shape of the result; the logits' other axes broadcast to it. Default: those axes. */
  shape?: Shape;
}

/**
 * Categories with probabilities softmax(logits), by the maximum of logits + Gumbel noise; equal to
 * `jax.random.categorical`. A logit of −∞ is never drawn.
 * @param key uint32 [2]
 * @param logits float, unnormalised log probabilities
 * @returns int32
 * @throws DtypeError for logits that are not floats; ShapeError where they do not broadcast to the shape
 */
export function categorical(key: Tensor, logits: Tensor, options: CategoricalOptions = {}): Tensor {
  const where = "random.categorical";
  checkOptions(where, options, ["axis", "shape"]);
  if (!isFloat(logits.dtype)) throw new DtypeError({ where, want: "float logits", got: logits.dtype });
  const axis = normalizeAxis(where, options.axis ?? -1, logits.rank);
  const batch = logits.shape.filter((_, i) => i !== axis);
  const shape = options.shape ?? batch;
  if (!sameShape(broadcastShapes(where, batch, shape), shape))
    throw new ShapeError({
      where,
      want: `a shape that ${showShape(batch)} broadcasts to`,
      got: showShape(shape),
    });
  const k = axis + shape.length - batch.length;
  const dims = [...shape.slice(0, k), logits.shape[axis]!, ...shape.slice(k)];
  const noise = gumbel(key, dims, { dtype: logits.dtype === "float64" ? "float64" : "float32" });
  return argmax(add(noise, logits), k);
}
