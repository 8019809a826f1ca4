import { isInteger, type DType } from "../core/dtypes.js";
import { DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add } from "./arithmetic.js";
import { cast, equal, less, where } from "./compare.js";
import { arange } from "./create.js";
import { expandDims, moveAxis } from "./movement.js";

/** Positions along an axis: an integer Tensor, or whole numbers known while tracing. Negative ones count from the end. */
export type Indices = Tensor | number | readonly number[];

/**
 * Indices as an int32 or int64 tensor. Numbers are checked against `size`; a Tensor's values are only known at run
 * time, where ONNX Runtime refuses those out of range.
 * @internal
 */
export function asIndices(name: string, indices: Indices, size: number): Tensor {
  if (typeof indices === "object" && "dtype" in indices) {
    if (!isInteger(indices.dtype))
      throw new DtypeError({ where: `ops.${name}`, want: "integer indices", got: indices.dtype });
    if (indices.dtype === "int32" || indices.dtype === "int64") return indices;
    return cast(indices, indices.dtype === "uint8" ? "int32" : "int64");
  }
  const list = typeof indices === "number" ? [indices] : indices;
  const wrong = list.find((i) => !Number.isInteger(i) || i < -size || i >= size);
  if (wrong !== undefined)
    throw new ShapeError({
      where: `ops.${name}`,
      want: `whole indices in [${-size}, ${size})`,
      got: String(wrong),
    });
  return constant(list, "int32", typeof indices === "number" ? [] : [list.length]);
}

/** Negative indices counted from the front. @internal */
export const wrapIndices = (indices: Tensor, size: number): Tensor =>
  where(less(indices, 0), add(indices, size), indices);

/**
 * A new axis that is 1 at each index and 0 elsewhere; all 0 where the index is not in [0, classes), as in JAX.
 * @param indices integers of any shape S
 * @param options `dtype`, default float32; `axis` of the result that counts classes, default −1 (last)
 * @returns S with an axis of `classes` more
 * @throws DtypeError unless the indices are integers
 */
export function oneHot(
  indices: Tensor | readonly number[],
  classes: number,
  options: { dtype?: DType; axis?: number } = {},
): Tensor {
  if (!Number.isInteger(classes) || classes < 1)
    throw new OptionError({
      where: "ops.oneHot",
      want: "a whole number of classes ≥ 1",
      got: String(classes),
    });
  const at = asIndices("oneHot", indices, Infinity);
  const hits = equal(expandDims(at, at.rank), arange(classes));
  return moveAxis(cast(hits, options.dtype ?? "float32"), -1, options.axis ?? -1);
}
