import { checkOptions } from "../errors.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { mul, sub } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { abs, log, neg, sign } from "../../ops/unary.js";
import { floatDType, uniform, type DrawOptions, type FloatDType } from "./uniform.js";

/** Draws in float32 where float16 is asked for: its smallest steps are too coarse for logarithms. */
function draw(
  where: string,
  options: DrawOptions,
  f: (dtype: Exclude<FloatDType, "float16">) => Tensor,
): Tensor {
  checkOptions(where, options, ["dtype"]);
  const dtype = floatDType(where, options.dtype);
  return cast(f(dtype === "float16" ? "float32" : dtype), dtype);
}

/**
 * Exponential numbers of rate 1: −log(1 − u); equal to `jax.random.exponential` up to rounding.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 */
export const exponential = (key: Tensor, shape: Shape = [], options: DrawOptions = {}): Tensor =>
  draw("random.exponential", options, (dtype) => neg(log(sub(1, uniform(key, shape, { dtype })))));

/**
 * Standard Gumbel numbers: −log(−log u); equal to `jax.random.gumbel` up to rounding.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 */
export const gumbel = (key: Tensor, shape: Shape = [], options: DrawOptions = {}): Tensor =>
  draw("random.gumbel", options, (dtype) => {
    // The smallest normal number instead of 0, whose logarithm is infinite.
    const min = dtype === "float64" ? 2 ** -1022 : 2 ** -126;
    return neg(log(neg(log(uniform(key, shape, { min, dtype })))));
  });

/**
 * Laplace numbers of location 0 and scale 1: sign(u)·log(1 − |u|) with u in (−1, 1); equal to `jax.random.laplace` up
 * to rounding.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 */
export const laplace = (key: Tensor, shape: Shape = [], options: DrawOptions = {}): Tensor =>
  draw("random.laplace", options, (dtype) => {
    const min = -1 + (dtype === "float64" ? 2 ** -52 : 2 ** -23);
    const u = uniform(key, shape, { min, dtype });
    return mul(sign(u), log(sub(1, abs(u))));
  });
