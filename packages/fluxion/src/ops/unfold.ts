import { vjp } from "../core/autodiff.js";
import { checkOptions, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { sameShape, showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { zeros } from "./create.js";
import { concat, expandDims, reshape } from "./movement.js";
import {
  geometryOf,
  onnxPads,
  perAxis,
  spatialOf,
  throughBatch,
  windowCounts,
  windowSlices,
  type Geometry,
  type WindowOptions,
} from "./window.js";

type UnfoldAttrs = Geometry & { kernel: Shape };
type FoldAttrs = UnfoldAttrs & { size: Shape };

const unfoldOp: Op<UnfoldAttrs> = {
  name: "Unfold",
  infer: ([x], attrs) => {
    const [b, c] = x!.shape as [number, number];
    const columns = sizeOf(windowCounts(x!.shape.slice(2), attrs.kernel, attrs));
    return [{ shape: [b, c * sizeOf(attrs.kernel), columns], dtype: x!.dtype }];
  },
  grad: ({ inputs: [x], attrs }, [ct]) => [apply1(foldOp, [ct!], { ...attrs, size: x!.shape.slice(2) })],
  batch: ([x], _, attrs) => [throughBatch(x!, (flat) => apply1(unfoldOp, [flat], attrs))],
  simplify: ({ inputs: [x], attrs }) => [unfoldBySlices(x!, attrs)],
  flops: () => 0,
};

function unfoldBySlices(x: Tensor, attrs: UnfoldAttrs): Tensor {
  const parts = windowSlices(x, attrs.kernel, attrs).map((t) => expandDims(t, 2));
  return reshape(concat(parts, 2), [
    x.shape[0]!,
    x.shape[1]! * parts.length,
    sizeOf(parts[0]!.shape.slice(3)),
  ]);
}

const foldOp: Op<FoldAttrs> = {
  name: "Col2Im",
  infer: ([u], { size, kernel }) => [
    { shape: [u!.shape[0]!, u!.shape[1]! / sizeOf(kernel), ...size], dtype: u!.dtype },
  ],
  grad: ({ attrs }, [ct]) => {
    const { strides, dilations, before, after, kernel } = attrs;
    return [apply1(unfoldOp, [ct!], { strides, dilations, before, after, kernel })];
  },
  batch: ([u], _, attrs) => [throughBatch(u!, (flat) => apply1(foldOp, [flat], attrs))],
  simplify({ inputs: [u], attrs, outputs: [y] }) {
    // ONNX Runtime has Col2Im in float32 only; elsewhere the adjoint of the slices.
    if (u!.dtype === "float32") return undefined;
    const [, pullback] = vjp((x: Tensor) => unfoldBySlices(x, attrs), zeros(y!.shape, { dtype: u!.dtype }));
    return [pullback(u!)[0]];
  },
  emit: (scope, { attrs }, [u]) =>
    scope.node("Col2Im", [u!, scope.ints(attrs.size), scope.ints(attrs.kernel)], {
      strides: attrs.strides,
      dilations: attrs.dilations,
      pads: onnxPads(attrs),
    }),
  flops: ({ inputs: [u] }) => u!.size,
};

const known = ["stride", "padding", "dilation"];

/**
 * Windows as columns (im2col): out[b, c·K + k, l] = x at window l, entry k, channel c.
 * @param x float [B, C, ...] with 1 to 3 spatial axes
 * @param kernel window size per spatial axis, or one for all
 * @param options stride, padding, dilation
 * @returns [B, C·K, L] with K entries a window and L window positions, both in row-major order
 * @throws ShapeError if the window does not fit; OptionError
 */
export function unfold(x: Tensor, kernel: number | readonly number[], options: WindowOptions = {}): Tensor {
  const where = "ops.unfold";
  checkOptions(where, options, known);
  const spatial = spatialOf(where, x);
  const size = perAxis(where, "kernel", kernel, spatial.length, 1);
  return apply1(unfoldOp, [x], { ...geometryOf(where, spatial, size, options), kernel: size });
}

/**
 * The adjoint of `unfold` (col2im): columns put back where they came from, overlaps added up.
 * @param u float [B, C·K, L]
 * @param size spatial sizes of the result
 * @param kernel window size per spatial axis, or one for all
 * @param options stride, padding, dilation, as they were for `unfold`
 * @returns [B, C, ...size]
 * @throws ShapeError if u does not have the rows and columns that `unfold` would give
 */
export function fold(
  u: Tensor,
  size: readonly number[],
  kernel: number | readonly number[],
  options: WindowOptions = {},
): Tensor {
  const where = "ops.fold";
  checkOptions(where, options, known);
  if (size.length < 1 || size.length > 3)
    throw new ShapeError({ where, want: "1 to 3 spatial sizes", got: showShape(size) });
  const window = perAxis(where, "kernel", kernel, size.length, 1);
  const geometry = geometryOf(where, perAxis(where, "size", size, size.length, 1), window, options);
  const columns = sizeOf(windowCounts(size, window, geometry));
  const entries = sizeOf(window);
  if (u.rank !== 3 || u.shape[1]! % entries !== 0 || !sameShape(u.shape.slice(2), [columns])) {
    throw new ShapeError({ where, want: `[B, C·${entries}, ${columns}]`, got: showShape(u.shape) });
  }
  return apply1(foldOp, [u], { ...geometry, kernel: window, size });
}
