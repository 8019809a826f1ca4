import { vjp } from "../core/autodiff.js";
import { stopGradient } from "../core/backward.js";
import { promote } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "./arithmetic.js";
import { cast, clip, greater, greaterEqual, less, lessEqual, logicalAnd, where } from "./compare.js";
import { arange } from "./create.js";
import { take } from "./gather.js";
import { broadcastTo, concat, expandDims, reshape, slice, transpose } from "./movement.js";
import { sum } from "./reduce.js";
import { spatialOf } from "./window.js";
import { abs, floor, round } from "./unary.js";

/** Options of `gridSample`. */
export interface GridSampleOptions {
  /** Between the four neighbours, or the nearest one (halves to even). Default bilinear. */
  mode?: "bilinear" | "nearest";
  /** Outside: zeros, the nearest edge, or mirrored at the edge. Default zeros. */
  padding?: "zeros" | "border" | "reflection";
  /** Whether −1 and 1 are the centres of the corner pixels rather than the image's outer edges. Default false. */
  alignCorners?: boolean;
}

type SampleAttrs = {
  mode: "bilinear" | "nearest";
  padding: "zeros" | "border" | "reflection";
  alignCorners: boolean;
};

const sampleOp: Op<SampleAttrs> = {
  name: "GridSample",
  infer: ([x, grid]) => [{ shape: [...x!.shape.slice(0, 2), ...grid!.shape.slice(1, 3)], dtype: x!.dtype }],
  grad({ inputs: [x, grid], attrs }, [ct]) {
    const [, pullback] = vjp((image: Tensor, at: Tensor) => sampleByTake(image, at, attrs), x!, grid!);
    return pullback(ct!);
  },
  batch(inputs, batched, attrs, size) {
    const [x, grid] = inputs.map((t, i) => {
      const all = batched[i] ? t : broadcastTo(t, [size, ...t.shape]);
      return reshape(all, [size * all.shape[1]!, ...all.shape.slice(2)]);
    });
    const y = apply1(sampleOp, [x!, grid!], attrs);
    return [reshape(y, [size, y.shape[0]! / size, ...y.shape.slice(1)])];
  },
  simplify: ({ inputs: [x, grid], attrs }) =>
    x!.dtype === "float32" ? undefined : [sampleByTake(x!, grid!, attrs)],
  emit: (scope, { attrs: { mode, padding, alignCorners } }, names) =>
    scope.node("GridSample", names, {
      mode: mode === "bilinear" ? "linear" : mode,
      padding_mode: padding,
      align_corners: alignCorners ? 1 : 0,
    }),
  flops: ({ outputs: [y], attrs: { mode } }) => y!.size * (mode === "bilinear" ? 8 : 1),
};

/** `x` held within [0, top], with slope 0 at and beyond the bounds, as PyTorch has it. */
function hold(x: Tensor, top: number): Tensor {
  const inside = logicalAnd(greater(x, 0), less(x, top));
  return where(inside, x, stopGradient(clip(x, 0, top)));
}

/** Mirrored back and forth between `low` and `high`. */
function reflect(x: Tensor, low: number, high: number): Tensor {
  const span = high - low;
  if (span === 0) return mul(x, 0);
  const from = abs(sub(x, low));
  const flips = floor(mul(from, 1 / span));
  const rest = sub(from, mul(flips, span));
  const odd = greater(sub(flips, mul(floor(mul(flips, 0.5)), 2)), 0.5);
  return add(where(odd, sub(span, rest), rest), low);
}

/** Pixel positions from coordinates in [−1, 1] along an axis of `n` pixels. */
function pixels(at: Tensor, n: number, { padding, alignCorners }: SampleAttrs): Tensor {
  const scaled = mul(add(at, 1), alignCorners ? (n - 1) / 2 : n / 2);
  const position = alignCorners ? scaled : sub(scaled, 0.5);
  if (padding === "zeros") return position;
  if (padding === "border") return hold(position, n - 1);
  return hold(reflect(position, alignCorners ? 0 : -0.5, alignCorners ? n - 1 : n - 0.5), n - 1);
}

/** Whole positions along an axis and the share that each has in the result, 0 outside. */
function taps(position: Tensor, n: number, mode: "bilinear" | "nearest"): { at: Tensor; share: Tensor }[] {
  const base = stopGradient(mode === "nearest" ? round(position) : floor(position));
  const ahead = sub(position, base);
  const list =
    mode === "nearest"
      ? [{ at: base, share: undefined }]
      : [
          { at: base, share: sub(1, ahead) },
          { at: add(base, 1), share: ahead },
        ];
  return list.map(({ at, share }) => {
    const inside = cast(logicalAnd(greaterEqual(at, 0), lessEqual(at, n - 1)), position.dtype);
    return { at: cast(clip(at, 0, n - 1), "int32"), share: share ? mul(share, inside) : inside };
  });
}

/** Sampling from other operators, for gradients: pixels are taken as rows of [B·H·W, C]. */
function sampleByTake(x: Tensor, grid: Tensor, attrs: SampleAttrs): Tensor {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const points = grid.shape[1]! * grid.shape[2]!;
  const rows = reshape(transpose(x, [0, 2, 3, 1]), [b * h * w, c]);
  const coordinate = (k: 0 | 1): Tensor => reshape(slice(grid, null, null, null, k), [b, points]);
  const images = mul(reshape(arange(b), [b, 1]), h * w);
  const across = taps(pixels(coordinate(0), w, attrs), w, attrs.mode);
  const down = taps(pixels(coordinate(1), h, attrs), h, attrs.mode);
  const neighbours = down.flatMap((v) =>
    across.map((u) => ({ row: add(images, add(mul(v.at, w), u.at)), share: mul(v.share, u.share) })),
  );
  const row = concat(neighbours.map((n) => expandDims(n.row, 0)));
  const share = concat(neighbours.map((n) => expandDims(n.share, 0)));
  const taken = mul(take(rows, row), expandDims(share, 3));
  return reshape(transpose(sum(taken, 0), [0, 2, 1]), [b, c, grid.shape[1]!, grid.shape[2]!]);
}

/**
 * Images sampled at points of a grid, with the conventions of PyTorch's `grid_sample`; differentiable in both.
 * @param x float [B, C, H, W]
 * @param grid float [B, H', W', 2]: (x, y) with −1 and 1 at the left and right, top and bottom edges
 * @param options mode, padding, alignCorners
 * @returns [B, C, H', W']
 * @throws ShapeError, OptionError
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  const where_ = "ops.gridSample";
  checkOptions(where_, options, ["mode", "padding", "alignCorners"]);
  const { mode = "bilinear", padding = "zeros", alignCorners = false } = options;
  if (mode !== "bilinear" && mode !== "nearest")
    throw new OptionError({ where: where_, want: "mode bilinear or nearest", got: String(mode) });
  if (padding !== "zeros" && padding !== "border" && padding !== "reflection")
    throw new OptionError({
      where: where_,
      want: "padding zeros, border or reflection",
      got: String(padding),
    });
  spatialOf(where_, x);
  spatialOf(where_, grid, "grid");
  if (x.rank !== 4) throw new ShapeError({ where: where_, want: "x [B, C, H, W]", got: showShape(x.shape) });
  if (grid.rank !== 4 || grid.shape[0] !== x.shape[0] || grid.shape[3] !== 2)
    throw new ShapeError({
      where: where_,
      want: `grid [${x.shape[0]}, H', W', 2]`,
      got: showShape(grid.shape),
    });
  const dtype = promote(x.dtype, grid.dtype);
  return apply1(sampleOp, [cast(x, dtype), cast(grid, dtype)], { mode, padding, alignCorners });
}
