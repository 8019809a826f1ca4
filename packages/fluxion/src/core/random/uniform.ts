import { isFloat, type DType } from "../dtypes.js";
import { checkOptions, DtypeError, OptionError } from "../errors.js";
import { sizeOf, type Shape } from "../shape.js";
import { constant, Tensor } from "../tensor.js";
import { add, bitwiseAnd, bitwiseXor, mul, rightShift, sub } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { zeros } from "../../ops/create.js";
import { broadcastTo, reshape } from "../../ops/movement.js";
import { blocks, checkShape, keyWords } from "./key.js";

/** Both words of the blocks that fill `shape`. */
function words(where: string, key: Tensor, shape: Shape): [Tensor, Tensor] {
  const pair = keyWords(where, key);
  checkShape(where, shape);
  const size = sizeOf(shape);
  if (size === 0) return [zeros(shape, { dtype: "uint32" }), zeros(shape, { dtype: "uint32" })];
  const [a, b] = blocks(pair, [size], size);
  return [a, b];
}

/** Uniform words in one row; the caller gives them their shape at the end. */
function flatBits(where: string, key: Tensor, shape: Shape): Tensor {
  const [a, b] = words(where, key, shape);
  return bitwiseXor(a, b);
}

/**
 * Uniform random words; equal to `jax.random.bits`.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 * @returns uint32
 */
export const bits = (key: Tensor, shape: Shape = []): Tensor =>
  reshape(flatBits("random.bits", key, shape), shape);

/** A float dtype that numbers are drawn in. */
export type FloatDType = Extract<DType, `float${string}`>;

/** Options of a distribution that has none but its dtype. */
export interface DrawOptions {
  /** Default float32. */
  dtype?: FloatDType;
}

/** @throws DtypeError unless float @internal */
export function floatDType(where: string, dtype: FloatDType = "float32"): FloatDType {
  if (!isFloat(dtype)) throw new DtypeError({ where, want: "a float dtype", got: dtype });
  return dtype;
}

/** Whole numbers 0 … 2^digits−1 as floats, in one row, and 2^−digits; together uniform on [0, 1). */
function fraction(
  where: string,
  key: Tensor,
  shape: Shape,
  dtype: FloatDType,
): { whole: Tensor; unit: number } {
  if (dtype === "float64") {
    const [high, low] = words(where, key, shape);
    const top = mul(cast(high, dtype), 2 ** 20);
    return { whole: add(top, cast(rightShift(low, 12), dtype)), unit: 2 ** -52 };
  }
  const word = flatBits(where, key, shape);
  if (dtype === "float32") return { whole: cast(rightShift(word, 9), dtype), unit: 2 ** -23 };
  return { whole: cast(rightShift(bitwiseAnd(word, 0xffff), 6), "float32"), unit: 2 ** -10 };
}

/** Options of `uniform`. */
export interface UniformOptions extends DrawOptions {
  /** Lower bound, included. A Tensor broadcasts to the shape. Default 0. */
  min?: number | Tensor;
  /** Upper bound, excluded but for rounding. Default 1. */
  max?: number | Tensor;
}

/**
 * Uniform numbers in [min, max); float32 equal to `jax.random.uniform` bit for bit, float64 for ranges that are
 * powers of two (else up to rounding). Differentiable in bounds that are Tensors.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 * @throws OptionError unless the bounds are finite and min ≤ max
 */
export function uniform(key: Tensor, shape: Shape = [], options: UniformOptions = {}): Tensor {
  checkOptions("random.uniform", options, ["min", "max", "dtype"]);
  const { min = 0, max = 1 } = options;
  const dtype = floatDType("random.uniform", options.dtype);
  const { whole, unit } = fraction("random.uniform", key, shape, dtype);
  const unshaped = (flat: Tensor): Tensor => cast(reshape(flat, shape), dtype);
  // JAX multiplies and adds with one rounding, as float64 does here.
  const wide = dtype === "float32" ? "float64" : dtype;
  if (min instanceof Tensor || max instanceof Tensor) {
    const bound = (v: number | Tensor): Tensor =>
      broadcastTo(v instanceof Tensor ? cast(v, dtype) : constant(v, dtype), shape);
    const [low, high] = [bound(min), bound(max)];
    const fractions = reshape(mul(cast(whole, wide), unit), shape);
    return cast(add(mul(fractions, cast(sub(high, low), wide)), cast(low, wide)), dtype);
  }
  const round = dtype === "float64" ? (v: number): number => v : Math.fround;
  const range = round(round(max) - round(min));
  if (!(range >= 0 && range < Infinity))
    throw new OptionError({ where: "random.uniform", want: "finite min ≤ max", got: `${min} and ${max}` });
  // A product with a power of two has no rounding to spare.
  const exact = min === 0 || Number.isInteger(Math.log2(range));
  const scaled = mul(exact ? whole : cast(whole, wide), range * unit);
  return unshaped(min === 0 ? scaled : add(scaled, round(min)));
}
