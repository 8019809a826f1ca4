// What convolution, pooling and unfolding share: sliding windows over the spatial axes of [B, C, ...].
import { isFloat } from "../core/dtypes.js";
import { DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { padZeros, reshape, slice, type SlicePart } from "./movement.js";

/** How a window moves over the spatial axes; one number per axis. */
export type Geometry = {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros added before and after each axis. */
  readonly before: readonly number[];
  readonly after: readonly number[];
};

/**
 * Zeros around the spatial axes: a number for all sides, `[before, after]` per axis, `"valid"` (none), or `"same"`:
 * as many as make the result ⌈size / stride⌉, the odd one after.
 */
export type Padding = number | readonly (readonly [number, number])[] | "same" | "valid";

/** Options of everything that slides a window. */
export interface WindowOptions {
  /** Step of the window, one for all axes or one per axis; ≥ 1. Default 1. */
  stride?: number | readonly number[];
  /** Default 0. */
  padding?: Padding;
  /** Distance of neighbouring window entries; ≥ 1. Default 1. */
  dilation?: number | readonly number[];
}

/** Spatial sizes of an image batch. @throws ShapeError unless there are one to three; DtypeError for non-floats */
export function spatialOf(where: string, x: Tensor, name = "x"): number[] {
  if (x.rank < 3 || x.rank > 5) {
    throw new ShapeError({
      where,
      want: `${name} [B, C, ...] with 1 to 3 spatial axes`,
      got: showShape(x.shape),
      hint: x.rank === 2 ? "add an axis" : undefined,
    });
  }
  if (!isFloat(x.dtype))
    throw new DtypeError({ where, want: `a float ${name}`, got: x.dtype, hint: "cast first" });
  return x.shape.slice(2);
}

/** One whole number ≥ `least` per spatial axis. @throws OptionError */
export function perAxis(
  where: string,
  name: string,
  value: number | readonly number[],
  rank: number,
  least: number,
): readonly number[] {
  const list = typeof value === "number" ? new Array<number>(rank).fill(value) : value;
  if (list.length === rank && list.every((v) => Number.isInteger(v) && v >= least)) return list;
  throw new OptionError({
    where,
    want: `${name}: a whole number ≥ ${least}, or ${rank} of them`,
    got: JSON.stringify(value),
  });
}

/** Entries a dilated kernel spans. */
export const spanOf = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** Padding as `[before, after]` of each axis; `same` gives the total that "same" stands for. */
export function paddingOf(
  where: string,
  padding: Padding,
  rank: number,
  same: (axis: number) => number,
): { before: number[]; after: number[] } {
  const axes = Array.from({ length: rank }, (_, i) => i);
  if (padding === "valid") return { before: axes.map(() => 0), after: axes.map(() => 0) };
  if (padding === "same") {
    const total = axes.map((i) => Math.max(0, same(i)));
    return { before: total.map((t) => Math.floor(t / 2)), after: total.map((t) => Math.ceil(t / 2)) };
  }
  const given: unknown = padding;
  const pairs = typeof padding === "number" ? axes.map(() => [padding, padding] as const) : padding;
  const legal =
    Array.isArray(given) || typeof given === "number"
      ? pairs.length === rank &&
        pairs.every((p) => p.length === 2 && p.every((v) => Number.isInteger(v) && v >= 0))
      : false;
  if (!legal) {
    throw new OptionError({
      where,
      want: `padding: a whole number ≥ 0, ${rank} pairs [before, after], "same" or "valid"`,
      got: JSON.stringify(padding),
    });
  }
  return { before: pairs.map((p) => p[0]), after: pairs.map((p) => p[1]) };
}

/** Window positions along each axis; with `ceil` also a last one that starts inside but hangs over the end. */
export function windowCounts(spatial: Shape, kernel: Shape, g: Geometry, ceil = false): number[] {
  return spatial.map((n, i) => {
    const stride = g.strides[i]!;
    const free = n + g.before[i]! + g.after[i]! - spanOf(kernel[i]!, g.dilations[i]!);
    const count = (ceil ? Math.ceil(free / stride) : Math.floor(free / stride)) + 1;
    return ceil && (count - 1) * stride >= n + g.before[i]! ? count - 1 : count;
  });
}

/** Geometry from options, checked against the sizes. @throws OptionError, ShapeError if the window does not fit */
export function geometryOf(where: string, spatial: Shape, kernel: Shape, options: WindowOptions): Geometry {
  const rank = spatial.length;
  const strides = perAxis(where, "stride", options.stride ?? 1, rank, 1);
  const dilations = perAxis(where, "dilation", options.dilation ?? 1, rank, 1);
  const { before, after } = paddingOf(where, options.padding ?? 0, rank, (i) => {
    const count = Math.ceil(spatial[i]! / strides[i]!);
    return (count - 1) * strides[i]! + spanOf(kernel[i]!, dilations[i]!) - spatial[i]!;
  });
  const geometry = { strides, dilations, before, after };
  if (windowCounts(spatial, kernel, geometry).some((n) => n < 1)) {
    throw new ShapeError({
      where,
      want: `spatial axes, padding included, of at least ${showShape(kernel.map((k, i) => spanOf(k, dilations[i]!)))}`,
      got: showShape(spatial.map((n, i) => n + before[i]! + after[i]!)),
    });
  }
  return geometry;
}

/** [N, B, ...] as [N·B, ...] through `f` and back: the vmap rule of what treats the images of a batch alike. */
export function throughBatch(x: Tensor, f: (images: Tensor) => Tensor): Tensor {
  const [n, b] = x.shape as [number, number];
  const y = f(reshape(x, [n * b, ...x.shape.slice(2)]));
  return reshape(y, [n, b, ...y.shape.slice(1)]);
}

/** ONNX's order of pads: all befores, then all afters. */
export const onnxPads = (g: Geometry): number[] => [...g.before, ...g.after];

/** For each entry of the window, in row-major order, what it sees: slices of `x` of shape [B, C, ...counts]. */
export function windowSlices(x: Tensor, kernel: Shape, g: Geometry): Tensor[] {
  const counts = windowCounts(x.shape.slice(2), kernel, g);
  const padded = padZeros(x, [0, 0, ...g.before], [0, 0, ...g.after]);
  return Array.from({ length: sizeOf(kernel) }, (_, n) => {
    let rest = n;
    const parts = kernel.map((_k, i): SlicePart => {
      const inner = sizeOf(kernel.slice(i + 1));
      const start = Math.floor(rest / inner) * g.dilations[i]!;
      rest %= inner;
      return [start, start + (counts[i]! - 1) * g.strides[i]! + 1, g.strides[i]!];
    });
    return slice(padded, null, null, ...parts);
  });
}
