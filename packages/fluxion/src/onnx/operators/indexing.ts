import { CompileError, ShapeError } from "../../core/errors.js";
import { normalizeAxis, showShape, sizeOf, stridesOf } from "../../core/shape.js";
import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { fixed, flag, input, number, text, type Call, type Translations } from "../call.js";

/** Counted from the front. */
const wrapped = (indices: Tensor, size: number): Tensor =>
  ops.where(ops.less(indices, 0), ops.add(indices, size), indices);

const reducers: Readonly<
  Record<
    string,
    { neutral: number; over: (t: Tensor, axis: number) => Tensor; join: (a: Tensor, b: Tensor) => Tensor }
  >
> = {
  mul: { neutral: 1, over: (t, axis) => ops.prod(t, axis), join: ops.mul },
  max: { neutral: -Infinity, over: (t, axis) => ops.max(t, axis), join: ops.maximum },
  min: { neutral: Infinity, over: (t, axis) => ops.min(t, axis), join: ops.minimum },
};

/** `rows` of `x` [N, M] combined with `updates` [K, M] that go there, by way of a table [K, N, M] of who goes where. */
function combineRows(call: Call, x: Tensor, rows: Tensor, updates: Tensor, reduction: string): Tensor {
  const reducer = reducers[reduction];
  if (!reducer)
    throw new CompileError({
      where: call.type,
      want: "reduction none, add, mul, max or min",
      got: reduction,
    });
  const n = x.shape[0]!;
  const hit = ops.equal(rows.reshape([rows.size, 1, 1]), ops.arange(n).cast(rows.dtype).reshape([1, n, 1]));
  const table = ops.where(hit, ops.expandDims(updates, 1), constant(reducer.neutral, x.dtype));
  return reducer.join(x, reducer.over(table, 0)).cast(x.dtype);
}

function scatterElements(call: Call): Tensor {
  const [x, indices, updates] = [input(call, 0), input(call, 1), input(call, 2)];
  const axis = normalizeAxis(call.type, number(call, "axis", 0), x.rank);
  const reduction = text(call, "reduction", "none");
  if (reduction === "none" || reduction === "add") {
    return ops.putAlongAxis(x, indices, updates, axis, { add: reduction === "add" });
  }
  // Every element by its place in the flattened tensor.
  const strides = stridesOf(x.shape);
  const place = indices.shape.reduce((sum: Tensor | undefined, n, i) => {
    const along =
      i === axis
        ? wrapped(indices, x.shape[axis]!)
        : ops
            .arange(n)
            .cast(indices.dtype)
            .reshape(indices.shape.map((_, k) => (k === i ? n : 1)));
    const part = ops.mul(along, strides[i]!);
    return sum ? ops.add(sum, part) : part;
  }, undefined)!;
  const flat = ops.broadcastTo(place, indices.shape).reshape([indices.size]);
  return combineRows(
    call,
    x.reshape([x.size, 1]),
    flat,
    updates.reshape([updates.size, 1]),
    reduction,
  ).reshape(x.shape);
}

function scatterND(call: Call): Tensor {
  const [x, indices, updates] = [input(call, 0), input(call, 1), input(call, 2)];
  const depth = indices.shape[indices.rank - 1] ?? 0;
  if (depth < 1 || depth > x.rank)
    throw new ShapeError({
      where: call.type,
      want: `tuples of 1 to ${x.rank}`,
      got: showShape(indices.shape),
    });
  const indexed = x.shape.slice(0, depth);
  const strides = stridesOf(indexed);
  const tuples = indices.reshape([-1, depth]);
  const row = indexed
    .map((n, i) => ops.mul(wrapped(tuples.slice(null, i), n), strides[i]!))
    .reduce((a, b) => ops.add(a, b));
  const rest = x.shape.slice(depth);
  const reduction = text(call, "reduction", "none");
  const table = x.reshape([sizeOf(indexed), sizeOf(rest)]);
  const values = updates.reshape([row.size, sizeOf(rest)]);
  if (reduction === "none") return ops.scatterUpdate(table, row, values).reshape(x.shape);
  if (reduction === "add") return ops.scatterAdd(table, row, values).reshape(x.shape);
  return combineRows(call, table, row, values, reduction).reshape(x.shape);
}

function oneHot(call: Call): Tensor {
  const [indices, values] = [input(call, 0), input(call, 2)];
  const [depth = 0] = fixed(call, 1, "the depth") ?? [];
  const axis = normalizeAxis(call.type, number(call, "axis", -1), indices.rank + 1);
  const at = wrapped(indices.cast("int64"), depth);
  const hit = ops.oneHot(at, depth, { dtype: "bool" });
  return ops.where(ops.moveAxis(hit, indices.rank, axis), values.slice(1), values.slice(0));
}

function topK(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const k = (fixed(call, 1, "k") ?? [number(call, "k", 0)])[0]!;
  const [values, places] = ops.topK(x, k, number(call, "axis", -1), { largest: flag(call, "largest", true) });
  return [values, places.cast("int64")];
}

/** The first `length` entries of every example in reverse order. */
function reverseSequence(call: Call): Tensor {
  const [x, lengths] = [input(call, 0), input(call, 1)];
  const time = normalizeAxis(call.type, number(call, "time_axis", 0), x.rank);
  const batch = normalizeAxis(call.type, number(call, "batch_axis", 1), x.rank);
  const along = (t: Tensor, axis: number): Tensor =>
    t.reshape(x.shape.map((_, i) => (i === axis ? t.size : 1)));
  const step = along(ops.arange(x.shape[time]!).cast("int64"), time);
  const length = along(lengths.cast("int64"), batch);
  const from = ops.where(ops.less(step, length), ops.sub(ops.sub(length, step), 1), step);
  return ops.takeAlongAxis(x, from, time);
}

/** Entries where a condition known while tracing holds. */
function compress(call: Call): Tensor {
  const x = input(call, 0);
  const condition = fixed(call, 1, "a condition") ?? [];
  const places = condition.flatMap((v, i) => (v === 0 ? [] : [i]));
  const whole = !call.attributes.has("axis");
  return ops.take(whole ? x.reshape([x.size]) : x, places, whole ? 0 : number(call, "axis"));
}

/** Gathering and scattering. */
export const indexing: Translations = {
  Gather: (call) => ops.take(input(call, 0), input(call, 1), number(call, "axis", 0)),
  GatherElements: (call) => ops.gather(input(call, 0), input(call, 1), number(call, "axis", 0)),
  GatherND: (call) =>
    ops.gatherND(input(call, 0), input(call, 1), { batchDims: number(call, "batch_dims", 0) }),
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  TopK: topK,
  ReverseSequence: reverseSequence,
  Compress: compress,
};
