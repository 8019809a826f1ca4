import { checkOptions, OptionError } from "../errors.js";
import type { Shape } from "../shape.js";
import { constant, type Tensor } from "../tensor.js";
import { mul } from "../../ops/arithmetic.js";
import { cast, clip } from "../../ops/compare.js";
import { erfinv } from "../../ops/special.js";
import { erf } from "../../ops/erf.js";
import { floatDType, uniform, type DrawOptions } from "./uniform.js";

/**
 * Standard normal numbers, √2·erfinv(u) with u uniform on (−1, 1); equal to `jax.random.normal` up to rounding. Shift
 * and scale by arithmetic: `normal(key, shape).mul(sigma).add(mu)` is differentiable in both.
 * @param key uint32 [2]
 * @param shape default [] (one number)
 */
export function normal(key: Tensor, shape: Shape = [], options: DrawOptions = {}): Tensor {
  checkOptions("random.normal", options, ["dtype"]);
  const dtype = floatDType("random.normal", options.dtype);
  if (dtype === "float16") return cast(normal(key, shape), dtype);
  // −1 itself would give −∞.
  const min = dtype === "float64" ? -1 + 2 ** -53 : -1 + 2 ** -24;
  return mul(erfinv(uniform(key, shape, { min, max: 1, dtype })), Math.SQRT2);
}

/**
 * Standard normal numbers given that they lie in (low, high); equal to `jax.random.truncated_normal` up to rounding.
 * float32.
 * @param key uint32 [2]
 * @param low lower bound, may be −∞
 * @param high upper bound, may be ∞. Bounds beyond ±5 on one side lose accuracy: u is a float32 there.
 * @param shape default [] (one number)
 * @throws OptionError unless low < high
 */
export function truncatedNormal(key: Tensor, low: number, high: number, shape: Shape = []): Tensor {
  if (!(low < high))
    throw new OptionError({ where: "random.truncatedNormal", want: "low < high", got: `${low} and ${high}` });
  const at = (bound: number): Tensor => erf(constant(bound * Math.SQRT1_2, "float32"));
  const u = uniform(key, shape, { min: at(low), max: at(high) });
  // Rounding may give a bound itself, and ±1 an infinity.
  return clip(mul(erfinv(u), Math.SQRT2), above(low), -above(-high));
}

/** The next float32 above `x`; the smallest number for −∞. */
function above(x: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, x);
  if (bits.getFloat32(0) > x) return bits.getFloat32(0);
  if (bits.getFloat32(0) === 0) return 2 ** -126;
  bits.setInt32(0, bits.getInt32(0) + (x > 0 ? 1 : -1));
  return bits.getFloat32(0);
}
