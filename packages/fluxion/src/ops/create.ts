import type { DType } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { showShape, type Shape } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { cast, equal, greaterEqual, where } from "./compare.js";
import { add, mul } from "./arithmetic.js";
import { broadcastTo, reshape } from "./movement.js";
import { rangeOp } from "./range.js";
import { apply1 } from "../core/node.js";

/** Options of the creation functions. */
export interface CreateOptions {
  /** Default float32 (`arange`: int32 for whole numbers). */
  dtype?: DType;
}

/**
 * `value` everywhere.
 * @throws ShapeError if a size is no whole number ≥ 0
 */
export function full(shape: Shape, value: number | boolean, options: CreateOptions = {}): Tensor {
  checkOptions("full", options, ["dtype"]);
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw new ShapeError({ where: "full", want: "whole sizes ≥ 0", got: showShape(shape) });
  return broadcastTo(
    constant(value, options.dtype ?? (typeof value === "boolean" ? "bool" : "float32")),
    shape,
  );
}

/** Zeros. */
export const zeros = (shape: Shape, options: CreateOptions = {}): Tensor => full(shape, 0, options);

/** Ones. */
export const ones = (shape: Shape, options: CreateOptions = {}): Tensor => full(shape, 1, options);

/** Zeros of the shape and dtype of `x`. */
export const zerosLike = (x: Tensor): Tensor => zeros(x.shape, { dtype: x.dtype });

/** Ones of the shape and dtype of `x`. */
export const onesLike = (x: Tensor): Tensor => ones(x.shape, { dtype: x.dtype });

/**
 * Evenly spaced values: `arange(stop)` or `arange(start, stop, step)`, stop excluded.
 * @throws OptionError for a zero step or values that are not finite
 */
export function arange(start: number, stop?: number, step = 1, options: CreateOptions = {}): Tensor {
  checkOptions("arange", options, ["dtype"]);
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0 || ![from, to, step].every(Number.isFinite)) {
    throw new OptionError({
      where: "arange",
      want: "finite numbers and a step other than 0",
      got: `${from}, ${to}, ${step}`,
    });
  }
  const whole = [from, step].every(Number.isInteger);
  const dtype = options.dtype ?? (whole && Number.isInteger(to) ? "int32" : "float32");
  const length = Math.max(0, Math.ceil((to - from) / step));
  const index = apply1(rangeOp, [], { length });
  if (whole && !dtype.startsWith("float")) return cast(add(mul(index, step), from), dtype);
  return add(mul(cast(index, dtype), step), from);
}

/**
 * `count` values from `start` to `stop`, both included (stop excluded with `endpoint: false`). Shape [count].
 * @throws OptionError unless the count is whole and ≥ 1
 */
export function linspace(
  start: number,
  stop: number,
  count: number,
  options: CreateOptions & { endpoint?: boolean } = {},
): Tensor {
  checkOptions("linspace", options, ["dtype", "endpoint"]);
  const { dtype = "float32", endpoint = true } = options;
  if (!Number.isInteger(count) || count < 1)
    throw new OptionError({ where: "linspace", want: "a whole number ≥ 1", got: String(count) });
  const parts = endpoint ? Math.max(1, count - 1) : count;
  const index = apply1(rangeOp, [], { length: count });
  const values = add(mul(cast(index, dtype), (stop - start) / parts), start);
  // The last value is `stop` itself, not a rounding beside it.
  return endpoint && count > 1 ? where(equal(index, count - 1), constant(stop, dtype), values) : values;
}

/** Identity matrix [n, m], with ones on diagonal `k`. */
export function eye(n: number, options: CreateOptions & { m?: number; k?: number } = {}): Tensor {
  checkOptions("eye", options, ["dtype", "m", "k"]);
  const { m = n, k = 0, dtype = "float32" } = options;
  const row = reshape(arange(n), [n, 1]);
  const col = reshape(arange(m), [1, m]);
  const at = mul(
    cast(greaterEqual(add(row, k), col), "int32"),
    cast(greaterEqual(col, add(row, k)), "int32"),
  );
  return cast(at, dtype);
}
