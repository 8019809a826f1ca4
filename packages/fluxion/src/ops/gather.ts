import { ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import {
  broadcastShapes,
  normalizeAxis,
  sameShape,
  showShape,
  sizeOf,
  stridesOf,
  type Shape,
} from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul } from "./arithmetic.js";
import { cast } from "./compare.js";
import { arange, zeros } from "./create.js";
import { asIndices, wrapIndices, type Indices } from "./indices.js";
import { broadcastTo, moveAxis, narrow, reshape } from "./movement.js";
import { scatterElements, scatterInto } from "./scatter.js";

const gatherOp: Op<{ axis: number }> = {
  name: "Gather",
  infer: ([x, indices], { axis }) => [
    { shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)], dtype: x!.dtype },
  ],
  grad: ({ inputs: [x, indices], attrs: { axis } }, [ct]) => [
    scatterInto(x!.shape, axis, indices!, ct!),
    undefined,
  ],
  batch([x, indices], batched, { axis }, size) {
    if (!batched[1]) return [apply1(gatherOp, [x!, indices!], { axis: axis + 1 })];
    if (!batched[0]) return [moveAxis(apply1(gatherOp, [x!, indices!], { axis }), axis, 0)];
    // Both: the examples' axes joined end to end, and each example's indices moved to its own part.
    const n = x!.shape[axis + 1]!;
    const rest = x!.shape.filter((_, i) => i !== 0 && i !== axis + 1);
    const joined = reshape(moveAxis(x!, axis + 1, 1), [size * n, ...rest]);
    const start = reshape(mul(arange(size), n), [size, ...indices!.shape.slice(1).map(() => 1)]);
    const taken = apply1(gatherOp, [joined, add(wrapIndices(indices!, n), start)], { axis: 0 });
    return [moveBlock(taken, indices!.rank - 1, axis)];
  },
  emit: (scope, { attrs: { axis } }, names) => scope.node("Gather", names, { axis }),
};

/** [B, J…, A…, C…] as [B, A…, J…, C…], with `count` axes J and `ahead` axes A. */
function moveBlock(t: Tensor, count: number, ahead: number): Tensor {
  const axes = t.shape.map((_, i) => i);
  const moved = axes.slice(1 + count, 1 + count + ahead);
  return t.transpose([0, ...moved, ...axes.slice(1, 1 + count), ...axes.slice(1 + count + ahead)]);
}

/**
 * Entries of `x` at `indices` along an axis: `out[…, j, …] = x[…, indices[j], …]`. A number drops the axis, as in
 * NumPy; with an embedding table [V, D] and token numbers [B, T] it is the lookup [B, T, D].
 * @param indices whole numbers in [−n, n), n the size of the axis, of any shape; out of range is an error of ONNX
 *   Runtime at run time (at once for JavaScript numbers)
 * @param axis default 0
 * @returns shape of `x` with the axis replaced by the shape of the indices
 * @throws ShapeError, DtypeError
 */
export function take(x: Tensor, indices: Indices, axis = 0): Tensor {
  const k = normalizeAxis("ops.take", axis, x.rank);
  const n = x.shape[k]!;
  const at = asIndices("take", indices, n);
  if (typeof indices === "number") {
    const from = indices < 0 ? indices + n : indices;
    return reshape(
      narrow(x, k, from, from + 1),
      x.shape.filter((_, i) => i !== k),
    );
  }
  return apply1(gatherOp, [x, at], { axis: k });
}

const gatherElementsOp: Op<{ axis: number }> = {
  name: "GatherElements",
  infer([x, indices], { axis }) {
    const fits = indices!.rank === x!.rank && indices!.shape.every((d, i) => i === axis || d <= x!.shape[i]!);
    if (!fits) {
      throw new ShapeError({
        where: "ops.gather",
        want: `indices within ${showShape(x!.shape)} but for axis ${axis}`,
        got: showShape(indices!.shape),
      });
    }
    return [{ shape: indices!.shape, dtype: x!.dtype }];
  },
  grad: ({ inputs: [x, indices], attrs: { axis } }, [ct]) => [
    scatterElements(zeros(x!.shape, { dtype: ct!.dtype }), indices!, ct!, axis, "add"),
    undefined,
  ],
  batch(inputs, batched, { axis }, size) {
    const [x, indices] = inputs.map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape])));
    return [gatherElements(x!, indices!, axis + 1)];
  },
  emit: (scope, { attrs: { axis } }, names) => scope.node("GatherElements", names, { axis }),
};

/** GatherElements on indices that are int32 or int64 already. @internal */
export const gatherElements = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  apply1(gatherElementsOp, [x, indices], { axis });

/**
 * Element by element along an axis, `out[i][j][k] = x[i][indices[i][j][k]][k]` for axis 1: PyTorch's `gather`.
 * @param indices whole numbers in [−n, n), rank of `x`, no axis but `axis` longer than that of `x`
 * @returns shape of the indices
 * @throws ShapeError, DtypeError
 */
export function gather(x: Tensor, indices: Tensor, axis: number): Tensor {
  const k = normalizeAxis("ops.gather", axis, x.rank);
  return gatherElements(x, asIndices("gather", indices, x.shape[k]!), k);
}

/**
 * `gather` with the other axes of `x` and `indices` broadcast together, as NumPy's `take_along_axis`: puts the result of
 * `argsort` or `expandDims(argmax(x, axis), axis)` to use.
 * @throws ShapeError, DtypeError
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  const k = normalizeAxis("ops.takeAlongAxis", axis, x.rank);
  const at = asIndices("takeAlongAxis", indices, x.shape[k]!);
  if (at.rank !== x.rank)
    throw new ShapeError({
      where: "ops.takeAlongAxis",
      want: `indices of rank ${x.rank}`,
      got: showShape(at.shape),
    });
  const along = (shape: Shape, d: number): number[] => shape.map((v, i) => (i === k ? d : v));
  const common = broadcastShapes("ops.takeAlongAxis", along(x.shape, 1), along(at.shape, 1));
  return gatherElements(
    broadcastTo(x, along(common, x.shape[k]!)),
    broadcastTo(at, along(common, at.shape[k]!)),
    k,
  );
}

const gatherNDOp: Op<{ batchDims: number }> = {
  name: "GatherND",
  infer([x, indices], { batchDims }) {
    const depth = indices!.shape[indices!.rank - 1];
    const lead = indices!.shape.slice(0, -1);
    const fits =
      depth !== undefined &&
      depth >= 1 &&
      batchDims + depth <= x!.rank &&
      batchDims <= lead.length &&
      sameShape(lead.slice(0, batchDims), x!.shape.slice(0, batchDims));
    if (!fits) {
      throw new ShapeError({
        where: "ops.gatherND",
        want: `indices [..., depth] with depth in 1 … ${x!.rank - batchDims}, beginning as ${showShape(x!.shape)} for ${batchDims} axes`,
        got: showShape(indices!.shape),
      });
    }
    return [{ shape: [...lead, ...x!.shape.slice(batchDims + depth)], dtype: x!.dtype }];
  },
  grad: ({ inputs: [x, indices], attrs: { batchDims } }, [ct]) => [
    scatterND(x!.shape, indices!, ct!, batchDims),
    undefined,
  ],
  batch(inputs, batched, { batchDims }, size) {
    if (!batched[0] && batchDims === 0) return [apply1(gatherNDOp, inputs, { batchDims })];
    const all = inputs.map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape])));
    return [apply1(gatherNDOp, all, { batchDims: batchDims + 1 })];
  },
  emit: (scope, { attrs: { batchDims } }, names) => scope.node("GatherND", names, { batch_dims: batchDims }),
};

/** The adjoint of `gatherND`: tuples become row numbers of `x` with its indexed axes flattened. */
function scatterND(shape: Shape, indices: Tensor, ct: Tensor, batchDims: number): Tensor {
  const lead = indices.shape.slice(0, -1);
  const depth = indices.shape[indices.rank - 1]!;
  const indexed = shape.slice(0, batchDims + depth);
  const strides = stridesOf(indexed);
  const last = indices.rank - 1;
  const parts = indexed.map((n, i): Tensor => {
    const at =
      i < batchDims
        ? reshape(
            cast(arange(n), indices.dtype),
            lead.map((_, k) => (k === i ? n : 1)),
          )
        : reshape(wrapIndices(narrow(indices, last, i - batchDims, i - batchDims + 1), n), lead);
    return mul(at, strides[i]!);
  });
  const row = broadcastTo(
    parts.reduce((a, b) => add(a, b)),
    lead,
  );
  const rest = shape.slice(batchDims + depth);
  return reshape(scatterInto([sizeOf(indexed), ...rest], 0, row, ct), shape);
}

/**
 * Entries at index tuples: `out[j…] = x[indices[j…, 0], indices[j…, 1], …]`, ONNX's GatherND.
 * @param indices whole numbers [..., depth], negative ones from the end; a tuple shorter than the rank of `x` picks a
 *   sub-array; out of range is an error at run time
 * @param options `batchDims`: how many leading axes `x` and `indices` have in common. Default 0
 * @throws ShapeError, DtypeError
 */
export function gatherND(x: Tensor, indices: Tensor, options: { batchDims?: number } = {}): Tensor {
  const { batchDims = 0 } = options;
  if (!Number.isInteger(batchDims) || batchDims < 0)
    throw new ShapeError({
      where: "ops.gatherND",
      want: "a whole number of batchDims ≥ 0",
      got: String(batchDims),
    });
  return apply1(gatherNDOp, [x, cast(asIndices("gatherND", indices, Infinity), "int64")], { batchDims });
}
