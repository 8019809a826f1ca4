import { CompileError, ShapeError } from "../../core/errors.js";
import { broadcastShapes, normalizeAxis, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import {
  fixed,
  flag,
  input,
  known,
  listed,
  number,
  numbers,
  text,
  type Call,
  type Translations,
} from "../call.js";

function reshape(call: Call): Tensor {
  const x = input(call, 0);
  const shape = listed(call, "shape", 1) ?? [];
  const keep = !flag(call, "allowzero");
  return ops.reshape(
    x,
    shape.map((d, i) => (d === 0 && keep ? (x.shape[i] ?? 0) : d)),
  );
}

function flatten(call: Call): Tensor {
  const x = input(call, 0);
  const axis = number(call, "axis", 1);
  const k = axis === x.rank ? axis : normalizeAxis(call.type, axis, x.rank);
  return ops.reshape(x, [sizeOf(x.shape.slice(0, k)), sizeOf(x.shape.slice(k))]);
}

function split(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const axis = normalizeAxis(call.type, number(call, "axis", 0), x.rank);
  const n = x.shape[axis]!;
  const sizes = listed(call, "split", 1);
  if (sizes) return ops.split(x, sizes, axis);
  // Equal parts, the last one smaller if need be; never more parts than outputs.
  const part = Math.ceil(n / call.outputs);
  const parts = Array.from({ length: call.outputs }, (_, i) => Math.max(0, Math.min(part, n - i * part)));
  return ops.split(x, parts, axis);
}

/** Indices as ONNX clamps them; its "to the beginning" is any stop below −size. */
function slice(call: Call): Tensor {
  const x = input(call, 0);
  const starts = listed(call, "starts", 1) ?? [];
  const stops = listed(call, "ends", 2) ?? [];
  const axes = listed(call, "axes", 3) ?? starts.map((_, i) => i);
  const steps = fixed(call, 4, "steps") ?? starts.map(() => 1);
  const parts: ops.SlicePart[] = x.shape.map(() => null);
  axes.forEach((a, i) => {
    const axis = normalizeAxis(call.type, a, x.rank);
    const n = x.shape[axis]!;
    const [start, stop, step] = [starts[i]!, stops[i]!, steps[i] ?? 1];
    parts[axis] = [Math.max(start, -n - 1), step < 0 && stop < -n ? null : Math.max(stop, -n - 1), step];
    if (start < -n) parts[axis] = step < 0 ? [0, 0, step] : [0, stop, step];
  });
  return ops.slice(x, ...parts);
}

/** Pads, or crops where a width is negative. */
function pad(call: Call): Tensor {
  const x = input(call, 0);
  const widths = listed(call, "pads", 1) ?? [];
  const axes = normalizeList(call, fixed(call, 3, "axes"), x.rank);
  const before = x.shape
    .map((_, i) => widths[axes.indexOf(i)] ?? 0)
    .map((w, i) => (axes.includes(i) ? w : 0));
  const after = x.shape.map((_, i) => (axes.includes(i) ? (widths[axes.length + axes.indexOf(i)] ?? 0) : 0));
  const cropped = ops.slice(
    x,
    ...x.shape.map((n, i): ops.SlicePart => [Math.max(0, -before[i]!), n + Math.min(0, after[i]!)]),
  );
  const pairs = before.map((b, i): [number, number] => [Math.max(0, b), Math.max(0, after[i]!)]);
  const mode = text(call, "mode", "constant");
  if (mode !== "constant") return ops.pad(cropped, pairs, { mode: mode as ops.PadMode });
  const value = call.inputs[2];
  const fill = value ? known(value)?.[0] : number(call, "value", 0);
  if (fill !== undefined) return ops.pad(cropped, pairs, { value: fill }).cast(x.dtype);
  const inside = ops.pad(ops.full(cropped.shape, true), pairs);
  return ops.where(inside, ops.pad(cropped, pairs), value!.reshape([]));
}

const normalizeList = (call: Call, axes: readonly number[] | undefined, rank: number): number[] =>
  axes ? axes.map((a) => normalizeAxis(call.type, a, rank)) : Array.from({ length: rank }, (_, i) => i);

function blocks(call: Call): { x: Tensor; b: number; n: number; c: number; h: number; w: number } {
  const x = input(call, 0);
  const b = number(call, "blocksize");
  const [n, c, h, w] = x.shape;
  if (x.rank !== 4 || !(b >= 1))
    throw new ShapeError({ where: call.type, want: "x [N, C, H, W] and a block ≥ 1", got: String(x) });
  return { x, b, n: n!, c: c!, h: h!, w: w! };
}

function depthToSpace(call: Call): Tensor {
  const { x, b, n, c, h, w } = blocks(call);
  const inner = c / (b * b);
  const columns = text(call, "mode", "DCR") === "CRD";
  const parts = ops.reshape(x, columns ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w]);
  return parts.transpose(columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]).reshape([n, inner, h * b, w * b]);
}

function spaceToDepth(call: Call): Tensor {
  const { x, b, n, c, h, w } = blocks(call);
  const parts = ops.reshape(x, [n, c, h / b, b, w / b, b]);
  const columns = text(call, "mode", "DCR") === "CRD";
  return parts
    .transpose(columns ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
    .reshape([n, c * b * b, h / b, w / b]);
}

function trilu(call: Call): Tensor {
  const x = input(call, 0);
  const [k = 0] = fixed(call, 1, "the diagonal") ?? [];
  const [rows, columns] = [x.shape[x.rank - 2]!, x.shape[x.rank - 1]!];
  const distance = ops.sub(ops.arange(columns).reshape([1, columns]), ops.arange(rows).reshape([rows, 1]));
  const kept = flag(call, "upper", true) ? ops.greaterEqual(distance, k) : ops.lessEqual(distance, k);
  return ops.where(kept, x, ops.zerosLike(x));
}

function centerCropPad(call: Call): Tensor {
  let x = input(call, 0);
  const axes = normalizeList(call, numbers(call, "axes"), x.rank);
  const shape = fixed(call, 1, "the shape") ?? [];
  axes.forEach((axis, i) => {
    const [n, want] = [x.shape[axis]!, shape[i]!];
    if (n > want) {
      const start = Math.floor((n - want) / 2);
      x = x.narrow(axis, start, start + want);
    } else if (n < want) {
      const before = Math.floor((want - n) / 2);
      x = x.pad(x.shape.map((_, k): [number, number] => (k === axis ? [before, want - n - before] : [0, 0])));
    }
  });
  return x;
}

/** Operators that move elements or change the form. */
export const movement: Translations = {
  Identity: (call) => input(call, 0),
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: (call) => ops.squeeze(input(call, 0), listed(call, "axes", 1)),
  Unsqueeze: (call) => ops.expandDims(input(call, 0), listed(call, "axes", 1) ?? []),
  Transpose: (call) => ops.transpose(input(call, 0), numbers(call, "perm")),
  Expand: (call) => {
    const x = input(call, 0);
    return ops.broadcastTo(x, broadcastShapes(call.type, x.shape, fixed(call, 1, "the shape") ?? []));
  },
  Concat: (call) =>
    ops.concat(
      call.inputs.map((_, i) => input(call, i)),
      number(call, "axis"),
    ),
  Split: split,
  Slice: slice,
  Tile: (call) => ops.tile(input(call, 0), fixed(call, 1, "repeats") ?? []),
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
  CenterCropPad: centerCropPad,
  Dropout: dropout,
};

/** The identity, as always outside training; the mask is all true. */
function dropout(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const [training = 0] = fixed(call, 2, "the training mode") ?? [];
  const [ratio = 0.5] = fixed(call, 1, "the ratio") ?? [];
  if (training !== 0 && ratio !== 0) {
    throw new CompileError({
      where: call.type,
      want: "inference",
      got: "training mode",
      hint: "export the model for inference",
    });
  }
  return [x, ops.full(x.shape, true)];
}
