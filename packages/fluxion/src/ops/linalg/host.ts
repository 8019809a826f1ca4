import { isFloat, promote } from "../../core/dtypes.js";
import { ShapeError } from "../../core/errors.js";
import { apply, type Attrs, type Call, type Op } from "../../core/node.js";
import { showShape, sizeOf, type Shape } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { cast } from "../compare.js";
import { broadcastTo, swapAxes } from "../movement.js";
import { alignBatch } from "../batching.js";

/** One matrix of a stack, or one of each operand. */
type Part = Float64Array;

/**
 * A host operator on stacks: `compute` gets one matrix of each input and gives one part of each output. Inputs without
 * leading axes are shared by all.
 */
export function stackHost<A extends Attrs>(
  compute: (parts: readonly Part[], call: Call<A>, dims: readonly Shape[]) => readonly ArrayLike<number>[],
  /** Axes of one part of each output: 2 for a matrix, 1 a vector, 0 a number. */
  ranks: readonly number[],
): (inputs: readonly Float64Array[], call: Call<A>) => Float64Array[] {
  return (inputs, call) => {
    const first = call.outputs[0]!.shape;
    const count = sizeOf(first.slice(0, first.length - ranks[0]!));
    const dims = call.inputs.map((t) => t.shape.slice(-2));
    const parts = inputs.map((data, i) => {
      const size = sizeOf(dims[i]!);
      const shared = call.inputs[i]!.rank === 2;
      return shared ? data : Array.from({ length: count }, (_, k) => data.subarray(k * size, (k + 1) * size));
    });
    const outputs = call.outputs.map((t) => new Float64Array(t.size));
    for (let k = 0; k < count; k++) {
      const results = compute(
        parts.map((p) => (Array.isArray(p) ? p[k]! : p)),
        call,
        dims,
      );
      results.forEach((values, i) => outputs[i]!.set(values, (k * outputs[i]!.length) / count));
    }
    return outputs;
  };
}

/** vmap rule of an operator on one stack: the batch axis is one more leading axis. */
export const stackBatch =
  <A extends Attrs>(op: () => Op<A>): NonNullable<Op<A>["batch"]> =>
  (inputs, _, attrs) =>
    apply(op(), inputs, attrs);

/** vmap rule of an operator on a matrix and a right-hand side; `f` broadcasts their leading axes. */
export const pairBatch =
  <A extends Attrs>(f: (a: Tensor, b: Tensor, attrs: A) => Tensor): NonNullable<Op<A>["batch"]> =>
  (inputs, batched, attrs, size) => {
    const rank = Math.max(...inputs.map((t, i) => t.rank - (batched[i] ? 1 : 0)));
    const [a, b] = inputs as [Tensor, Tensor];
    // A matrix that all examples share stays single, to be factored once.
    const rhs = batched[1] ? b : broadcastTo(b, [size, ...b.shape]);
    return [f(batched[0] ? alignBatch(a, rank) : a, alignBatch(rhs, rank), attrs)];
  };

/** Floats stay; integers become float32, as does float16, for which the host has no use. */
export const asMatrix = (t: Tensor): Tensor =>
  isFloat(t.dtype) && t.dtype !== "float16" ? t : cast(t, "float32");

/** Both operands in the wider of their dtypes. */
export function asMatrices(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const [x, y] = [asMatrix(a), asMatrix(b)];
  const dtype = promote(x.dtype, y.dtype);
  return [cast(x, dtype), cast(y, dtype)];
}

/** `x` as matrices. @throws ShapeError unless it has two axes or more, none of the last two empty */
export function matrices(where: string, x: Tensor, square = false): Tensor {
  const [m = 0, n = 0] = x.shape.slice(-2);
  if (x.rank < 2 || m === 0 || n === 0 || (square && m !== n))
    throw new ShapeError({
      where,
      want: square ? "square matrices [..., N, N]" : "matrices [..., M, N]",
      got: showShape(x.shape),
    });
  return asMatrix(x);
}

/** Rows and columns exchanged. */
export const transposed = (x: Tensor): Tensor => swapAxes(x, -2, -1);

export const isFiniteMatrix = (a: Float64Array): boolean => a.every((v) => Number.isFinite(v));
