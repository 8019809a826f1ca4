import { checkOptions, OptionError } from "../core/errors.js";
import { apply, apply1, type Op } from "../core/node.js";
import { sameShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, sub } from "./arithmetic.js";
import { arange, zeros } from "./create.js";
import { gatherElements } from "./gather.js";
import { broadcastTo, reshape } from "./movement.js";
import { mean } from "./reduce.js";
import { scatterElements } from "./scatter.js";
import {
  geometryOf,
  perAxis,
  spanOf,
  spatialOf,
  windowCounts,
  type Geometry,
  type WindowOptions,
} from "./window.js";

/** Attributes of pooling. @internal */
export type PoolAttrs = Geometry & { kernel: Shape };

/** Outputs: the maxima, and int64 where each was found in the flattened input (the first one at ties). */
const maxPoolOp: Op<PoolAttrs> = {
  name: "MaxPool",
  infer: ([x], attrs) => {
    const shape = [...x!.shape.slice(0, 2), ...windowCounts(x!.shape.slice(2), attrs.kernel, attrs)];
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int64" },
    ];
  },
  grad({ inputs: [x], attrs, outputs: [, index] }, [ct]) {
    const apart = attrs.kernel.every((k, i) => spanOf(k, attrs.dilations[i]!) <= attrs.strides[i]!);
    return [apply1(unpoolOp, [ct!, index!], { shape: x!.shape, apart })];
  },
  batch([x], _, attrs, size) {
    const [y, index] = apply(maxPoolOp, [foldBatch(x!)], attrs);
    const shape = [size, x!.shape[1]!, ...y!.shape.slice(1)];
    return [
      reshape(y!, shape),
      sub(reshape(index!, shape), exampleStarts(size, x!.size / size, shape.length)),
    ];
  },
  emit(scope, { attrs, outputs: [, index] }, names) {
    // ONNX Runtime wants padding less than the kernel even where dilation lets a window hang over further.
    const after = attrs.after.map((p, i) => Math.min(p, attrs.kernel[i]! - 1));
    return scope.node(
      "MaxPool",
      names,
      {
        kernel_shape: attrs.kernel,
        strides: attrs.strides,
        dilations: attrs.dilations,
        pads: [...attrs.before, ...after],
        ceil_mode: sameShape(after, attrs.after) ? 0 : 1,
      },
      { outputs: scope.isUsed(index!) ? 2 : 1 },
    );
  },
  flops: ({ attrs, outputs: [y] }) => y!.size * sizeOf(attrs.kernel),
};

const foldBatch = (x: Tensor): Tensor => reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);

/** Where each of `count` examples of `size` elements starts when all are flattened into one: [count, 1, …]. */
const exampleStarts = (count: number, size: number, rank: number): Tensor =>
  reshape(arange(0, count * size, size, { dtype: "int64" }), [count, ...new Array<number>(rank - 1).fill(1)]);

type UnpoolAttrs = { shape: Shape; apart: boolean };

/** The adjoint of picking: values added at positions of a flattened tensor of zeros; `apart`: no position repeats. */
const unpoolOp: Op<UnpoolAttrs> = {
  name: "MaxUnpool",
  infer: ([values], { shape }) => [{ shape, dtype: values!.dtype }],
  grad: ({ inputs: [, index] }, [ct]) => [pick(ct!, index!), undefined],
  batch(inputs, batched, attrs, size) {
    const [values, index] = inputs.map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape])));
    const shape = [size * attrs.shape[0]!, ...attrs.shape.slice(1)];
    const moved = add(index!, exampleStarts(size, sizeOf(attrs.shape), index!.rank));
    const y = apply1(unpoolOp, [foldBatch(values!), foldBatch(moved)], { ...attrs, shape });
    return [reshape(y, [size, ...attrs.shape])];
  },
  simplify({ inputs: [values, index], attrs: { shape, apart } }) {
    // ONNX Runtime's MaxUnpool is several times faster than its scatter, but keeps only one of repeated positions.
    if (apart && values!.dtype === "float32") return undefined;
    const into = zeros([sizeOf(shape)], { dtype: values!.dtype });
    return [reshape(scatterElements(into, flat(index!), flat(values!), 0, "add"), shape)];
  },
  emit(scope, { attrs: { shape } }, names) {
    // The positions say it all; a kernel of 1 only satisfies the check of the sizes, which would forget padding.
    const ones = shape.slice(2).map(() => 1);
    return scope.node("MaxUnpool", [...names, scope.ints(shape)], { kernel_shape: ones, strides: ones });
  },
};

const flat = (t: Tensor): Tensor => reshape(t, [t.size]);
const pick = (x: Tensor, index: Tensor): Tensor =>
  reshape(gatherElements(flat(x), flat(index), 0), index.shape);

/** Options of pooling. */
export interface PoolOptions extends WindowOptions {
  /** Default: the kernel, so that windows lie side by side. */
  stride?: number | readonly number[];
  /** Whether a last window may hang over the end. Default false. */
  ceilMode?: boolean;
}

/**
 * The largest entry of each window; the gradient goes to the first of equal ones. Padding never wins.
 * @param x float [B, C, ...] with 1 to 3 spatial axes
 * @param kernel window size per spatial axis, or one for all
 * @param options stride (default: kernel), padding (less than the kernel), dilation, ceilMode
 * @returns [B, C, ...]
 * @throws ShapeError if the window does not fit; OptionError
 */
export function maxPool(x: Tensor, kernel: number | readonly number[], options: PoolOptions = {}): Tensor {
  const where = "ops.maxPool";
  checkOptions(where, options, ["stride", "padding", "dilation", "ceilMode"]);
  const spatial = spatialOf(where, x);
  const size = perAxis(where, "kernel", kernel, spatial.length, 1);
  const geometry = poolGeometry(where, spatial, size, options);
  return apply(maxPoolOp, [x], { ...geometry, kernel: size })[0]!;
}

/** Geometry of pooling; `ceilMode` becomes padding at the end. @internal */
export function poolGeometry(where: string, spatial: Shape, kernel: Shape, options: PoolOptions): Geometry {
  const { ceilMode = false, ...rest } = options;
  const geometry = geometryOf(where, spatial, kernel, { ...rest, stride: options.stride ?? kernel });
  const { strides, dilations, before, after } = geometry;
  if (kernel.some((k, i) => before[i]! >= k || after[i]! >= k)) {
    throw new OptionError({
      where,
      want: "padding less than the kernel",
      got: JSON.stringify(options.padding),
    });
  }
  if (!ceilMode) return geometry;
  const counts = windowCounts(spatial, kernel, geometry, true);
  const needed = counts.map(
    (n, i) => (n - 1) * strides[i]! + spanOf(kernel[i]!, dilations[i]!) - spatial[i]! - before[i]!,
  );
  return { ...geometry, after: after.map((p, i) => Math.max(p, needed[i]!)) };
}

/** Options of global pooling. */
export interface GlobalPoolOptions {
  /** Keeps the spatial axes with size 1. Default false. */
  keepDims?: boolean;
}

const spatialAxes = (x: Tensor): number[] => x.shape.slice(2).map((_, i) => i + 2);

/** Mean over the spatial axes: [B, C, ...] → [B, C] (or [B, C, 1, ...] with `keepDims`). @throws ShapeError */
export function globalAvgPool(x: Tensor, options: GlobalPoolOptions = {}): Tensor {
  checkOptions("ops.globalAvgPool", options, ["keepDims"]);
  spatialOf("ops.globalAvgPool", x);
  return mean(x, spatialAxes(x), options);
}

/**
 * Maximum over the spatial axes, the gradient to the first of equal ones: [B, C, ...] → [B, C] (or [B, C, 1, ...] with
 * `keepDims`).
 * @throws ShapeError
 */
export function globalMaxPool(x: Tensor, options: GlobalPoolOptions = {}): Tensor {
  checkOptions("ops.globalMaxPool", options, ["keepDims"]);
  const y = maxPool(x, spatialOf("ops.globalMaxPool", x));
  return options.keepDims ? y : reshape(y, x.shape.slice(0, 2));
}
