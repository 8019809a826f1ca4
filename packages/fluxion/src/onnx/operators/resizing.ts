import { CompileError, ShapeError } from "../../core/errors.js";
import { normalizeAxis, sizeOf } from "../../core/shape.js";
import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { fixed, flag, input, number, numbers, text, type Call, type Translations } from "../call.js";

/** How one axis is resized. */
interface Axis {
  readonly size: number;
  readonly length: number;
  /** Output entries per input entry; not always length/size. */
  readonly scale: number;
  readonly from: number;
  readonly to: number;
}

/** Where output entry `i` lies among the inputs. */
function position(mode: string, i: number, { size, length, scale, from, to }: Axis): number {
  switch (mode) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      const offset = (size / 2) * (1 - length / (scale * size));
      return offset + (i + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return length > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return length > 1 ? (i * (size - 1)) / (size * scale - 1) : 0;
    case "asymmetric":
      return i / scale;
    case "tf_crop_and_resize":
      return length > 1
        ? from * (size - 1) + (i * (to - from) * (size - 1)) / (length - 1)
        : 0.5 * (from + to) * (size - 1);
    default:
      throw new CompileError({ where: "Resize", want: "a known coordinate_transformation_mode", got: mode });
  }
}

const nearestRules: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => (x % 1 === 0.5 ? Math.floor(x) : Math.round(x)),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Keys' cubic kernel. */
function cubic(d: number, a: number): number {
  const t = Math.abs(d);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

interface Settings {
  readonly mode: string;
  readonly coordinates: string;
  readonly a: number;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
  readonly extrapolation: number;
}

/** The interpolation matrix [length, size], row-major, and which rows lie outside altogether. */
function matrixOf(axis: Axis, s: Settings): { matrix: Float64Array; outside: boolean[] } {
  const { size, length, scale } = axis;
  const matrix = new Float64Array(length * size);
  const shrink = s.antialias ? Math.min(1, scale) : 1;
  const radius = (s.mode === "cubic" ? 2 : 1) / shrink;
  const kernel =
    s.mode === "cubic" ? (d: number) => cubic(d, s.a) : (d: number) => Math.max(0, 1 - Math.abs(d));
  const outside = Array.from({ length }, (_, i) => {
    const x = position(s.coordinates, i, axis);
    const first = Math.floor(x - radius) + 1;
    const last = Math.ceil(x + radius) - 1;
    const taps = Array.from({ length: Math.max(1, last - first + 1) }, (_t, k) => first + k);
    const weights = taps.map((at) => {
      const inside = at >= 0 && at < size;
      return s.excludeOutside && !inside ? 0 : kernel((at - x) * shrink);
    });
    const total = weights.reduce((a, b) => a + b, 0);
    taps.forEach((at, k) => {
      matrix[i * size + Math.min(Math.max(at, 0), size - 1)]! += weights[k]! / total;
    });
    return s.coordinates === "tf_crop_and_resize" && (x < 0 || x > size - 1);
  });
  return { matrix, outside };
}

/** `matrix` [length, size] times `x` along one axis. */
function along(x: Tensor, axis: number, length: number, matrix: Tensor): Tensor {
  const rows = x.reshape([sizeOf(x.shape.slice(0, axis)), x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))]);
  if (axis === x.rank - 1) return ops.matmul(x, matrix.transpose());
  return ops.matmul(matrix, rows).reshape(x.shape.with(axis, length));
}

/** Sizes and scales of all axes from the inputs. */
function planOf(call: Call, x: Tensor): Axis[] {
  const axes = (numbers(call, "axes") ?? x.shape.map((_, i) => i)).map((a) =>
    normalizeAxis(call.type, a, x.rank),
  );
  const upsample = call.type === "Upsample" || call.opset < 11;
  const roi = upsample ? [] : (fixed(call, 1, "the region") ?? []);
  const scales =
    (upsample ? (numbers(call, "scales") ?? fixed(call, 1, "scales")) : fixed(call, 2, "scales")) ?? [];
  const sizes = upsample ? [] : (fixed(call, 3, "sizes") ?? []);
  const count = Math.max(scales.length, sizes.length);
  if (count !== axes.length)
    throw new ShapeError({ where: call.type, want: `${axes.length} scales or sizes`, got: String(count) });
  const policy = text(call, "keep_aspect_ratio_policy", "stretch");
  const ratios = sizes.map((n, i) => n / x.shape[axes[i]!]!);
  const common =
    policy === "not_larger"
      ? Math.min(...ratios)
      : policy === "not_smaller"
        ? Math.max(...ratios)
        : undefined;
  return x.shape.map((size, axis) => {
    const k = axes.indexOf(axis);
    const [from, to] = [roi[k] ?? 0, roi[axes.length + k] ?? 1];
    if (k < 0) return { size, length: size, scale: 1, from: 0, to: 1 };
    if (sizes.length === 0) {
      const crop = text(call, "coordinate_transformation_mode", "") === "tf_crop_and_resize" ? to - from : 1;
      return { size, length: Math.floor(size * crop * scales[k]!), scale: scales[k]!, from, to };
    }
    const length = common === undefined ? sizes[k]! : Math.round(size * common);
    return { size, length, scale: common ?? length / size, from, to };
  });
}

const MAX_LENGTH = 1 << 16;
/** Entries of an interpolation matrix. */
const MAX_ENTRIES = 1 << 24;

function resize(call: Call): Tensor {
  const x = input(call, 0);
  const plan = planOf(call, x);
  const big = plan.find((p) => !(p.length >= 1 && p.length <= MAX_LENGTH && p.size >= 1));
  if (big)
    throw new ShapeError({ where: call.type, want: `sizes in 1 … ${MAX_LENGTH}`, got: String(big.length) });
  const old = call.type === "Upsample" || call.opset < 11;
  const coordinates = text(call, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  const mode = text(call, "mode", "nearest");
  const wide = x.dtype.startsWith("float") ? x : x.cast("float32");
  const changed = plan.flatMap((p, i) =>
    p.length === p.size && p.scale === 1 && coordinates !== "tf_crop_and_resize" ? [] : [i],
  );
  if (mode === "nearest") return nearest(call, x, plan, changed, coordinates, old);
  const settings: Settings = {
    mode,
    coordinates,
    a: number(call, "cubic_coeff_a", -0.75),
    antialias: flag(call, "antialias"),
    excludeOutside: flag(call, "exclude_outside"),
    extrapolation: number(call, "extrapolation_value", 0),
  };
  let y = wide;
  for (const axis of changed) {
    const { length, size } = plan[axis]!;
    if (length * size > MAX_ENTRIES)
      throw new ShapeError({
        where: call.type,
        want: `at most ${MAX_ENTRIES} weights`,
        got: `${length} x ${size}`,
      });
    const { matrix, outside } = matrixOf(plan[axis]!, settings);
    y = along(y, axis, length, constant(matrix, wide.dtype, [length, size]));
    if (outside.includes(true)) {
      const mask = constant(outside, "bool", [length]).reshape(
        y.shape.map((_, i) => (i === axis ? length : 1)),
      );
      y = ops.where(mask, ops.full([], settings.extrapolation, { dtype: y.dtype }), y);
    }
  }
  return y.cast(x.dtype);
}

function nearest(
  call: Call,
  x: Tensor,
  plan: readonly Axis[],
  changed: readonly number[],
  coordinates: string,
  old: boolean,
): Tensor {
  const rule = nearestRules[text(call, "nearest_mode", old ? "floor" : "round_prefer_floor")];
  if (!rule)
    throw new CompileError({
      where: call.type,
      want: "a known nearest_mode",
      got: text(call, "nearest_mode", ""),
    });
  const indices = plan.map((axis) =>
    Array.from({ length: axis.length }, (_, i) =>
      Math.min(Math.max(rule(position(coordinates, i, axis)), 0), axis.size - 1),
    ),
  );
  // Repeated pixels have an operator of their own, with a far faster gradient.
  const plain = changed.every(
    (a) => a >= 2 && indices[a]!.every((v, i) => v === Math.floor((i * plan[a]!.size) / plan[a]!.length)),
  );
  if (plain && x.rank >= 3 && x.rank <= 5 && x.dtype.startsWith("float")) {
    return ops.resize(
      x,
      plan.slice(2).map((p) => p.length),
    );
  }
  return changed.reduce((t, axis) => ops.take(t, indices[axis]!, axis), x);
}

function gridSample(call: Call): Tensor {
  const [x, grid] = [input(call, 0), input(call, 1)];
  const mode = text(call, "mode", "linear");
  const cubicMode = mode === "cubic" || mode === "bicubic";
  if (cubicMode || x.rank !== 4) {
    throw new CompileError({
      where: call.type,
      want: "linear or nearest sampling of [N, C, H, W]",
      got: `${mode} of rank ${x.rank}`,
    });
  }
  return ops.gridSample(x, grid, {
    mode: mode === "nearest" ? "nearest" : "bilinear",
    padding: text(call, "padding_mode", "zeros") as "zeros" | "border" | "reflection",
    alignCorners: flag(call, "align_corners"),
  });
}

/** Resampling. */
export const resizing: Translations = { Resize: resize, Upsample: resize, GridSample: gridSample };
