import { isFloat } from "../../core/dtypes.js";
import { normalizeAxes, normalizeAxis, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, listed, number, type Call, type Translation, type Translations } from "../call.js";

type Reduction = (x: Tensor, axes: readonly number[], options: { keepDims: boolean }) => Tensor;

/** @param ofNothing the value over no elements, where the reduction itself refuses them */
function reduction(f: Reduction, ofNothing?: (x: Tensor) => number): Translation {
  return (call) => {
    const x = input(call, 0);
    const given = listed(call, "axes", 1);
    const none = given === undefined || given.length === 0;
    const keepDims = flag(call, "keepdims", true);
    if (none && flag(call, "noop_with_empty_axes")) return f(x, [], { keepDims }).cast(x.dtype);
    const axes = normalizeAxes(call.type, none ? undefined : given, x.rank);
    if (ofNothing && sizeOf(axes.map((a) => x.shape[a]!)) === 0) {
      const shape = x.shape.flatMap((d, i) => (!axes.includes(i) ? [d] : keepDims ? [1] : []));
      return ops.full(shape, ofNothing(x), { dtype: x.dtype });
    }
    return f(x, axes, { keepDims }).cast(x.dtype);
  };
}

const bounds: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint8: [0, 255],
  bool: [0, 1],
};
const lowest = (x: Tensor): number => (isFloat(x.dtype) ? -Infinity : (bounds[x.dtype]?.[0] ?? -(2 ** 63)));
const highest = (x: Tensor): number => (isFloat(x.dtype) ? Infinity : (bounds[x.dtype]?.[1] ?? 2 ** 62));

const arg =
  (f: (x: Tensor, axis: number, options: { keepDims: boolean }) => Tensor) =>
  (call: Call): Tensor => {
    const x = input(call, 0);
    const axis = normalizeAxis(call.type, number(call, "axis", 0), x.rank);
    const keepDims = flag(call, "keepdims", true);
    if (!flag(call, "select_last_index")) return f(x, axis, { keepDims }).cast("int64");
    const mirrored = f(ops.flip(x, axis), axis, { keepDims });
    return ops.sub(x.shape[axis]! - 1, mirrored).cast("int64");
  };

/** Reductions. */
export const reductions: Translations = {
  ReduceSum: reduction(ops.sum),
  ReduceMean: reduction((x, axes, options) => (axes.length === 0 ? x : ops.mean(x, axes, options))),
  ReduceMax: reduction(ops.max, lowest),
  ReduceMin: reduction(ops.min, highest),
  ReduceProd: reduction(ops.prod),
  ReduceL1: reduction((x, axes, options) => ops.sum(ops.abs(x), axes, options)),
  ReduceL2: reduction((x, axes, options) => ops.sqrt(ops.sum(ops.square(x), axes, options))),
  ReduceSumSquare: reduction((x, axes, options) => ops.sum(ops.square(x), axes, options)),
  ReduceLogSum: reduction((x, axes, options) => ops.log(ops.sum(x, axes, options))),
  ReduceLogSumExp: reduction(ops.logsumexp, () => -Infinity),
  ArgMax: arg(ops.argmax),
  ArgMin: arg(ops.argmin),
};
