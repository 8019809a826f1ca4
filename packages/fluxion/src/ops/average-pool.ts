import { vjp } from "../core/autodiff.js";
import { checkOptions } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { sameShape, sizeOf, type Shape } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { conv } from "./conv.js";
import { full, zeros } from "./create.js";
import { reshape } from "./movement.js";
import { poolGeometry, type PoolAttrs, type PoolOptions } from "./pool.js";
import { upsample } from "./upsample.js";
import { onnxPads, perAxis, spanOf, spatialOf, throughBatch, windowCounts } from "./window.js";

/** Sum of each window over its size, padding counted as zeros. */
const averageOp: Op<PoolAttrs> = {
  name: "AveragePool",
  infer: ([x], attrs) => {
    const counts = windowCounts(x!.shape.slice(2), attrs.kernel, attrs);
    return [{ shape: [...x!.shape.slice(0, 2), ...counts], dtype: x!.dtype }];
  },
  grad: ({ inputs: [x], attrs }, [ct]) => [
    apply1(averageAdjointOp, [ct!], { ...attrs, size: x!.shape.slice(2) }),
  ],
  batch: ([x], _, attrs) => [throughBatch(x!, (images) => apply1(averageOp, [images], attrs))],
  simplify: ({ inputs: [x], attrs }) => (x!.dtype === "float64" ? [averageByConv(x!, attrs)] : undefined),
  emit: (scope, { attrs }, names) =>
    scope.node("AveragePool", names, {
      kernel_shape: attrs.kernel,
      strides: attrs.strides,
      pads: onnxPads(attrs),
      count_include_pad: 1,
    }),
  flops: ({ attrs, outputs: [y] }) => y!.size * sizeOf(attrs.kernel),
};

const averageAdjointOp: Op<PoolAttrs & { size: Shape }> = {
  name: "AveragePoolAdjoint",
  infer: ([y], { size }) => [{ shape: [...y!.shape.slice(0, 2), ...size], dtype: y!.dtype }],
  grad: ({ attrs: { size: _, ...attrs } }, [ct]) => [apply1(averageOp, [ct!], attrs)],
  batch: ([y], _, attrs) => [throughBatch(y!, (images) => apply1(averageAdjointOp, [images], attrs))],
  simplify({ inputs: [y], attrs, outputs: [x] }) {
    const { kernel, strides, before, after, size } = attrs;
    const whole = y!.shape.slice(2).map((n, i) => n * kernel[i]!);
    if (sameShape(kernel, strides) && sameShape(size, whole)) {
      return [upsample(mul(y!, 1 / sizeOf(kernel)), kernel)];
    }
    if (strides.every((s) => s === 1)) {
      const rest = (pads: readonly number[]): number[] => kernel.map((k, i) => k - 1 - pads[i]!);
      const { dilations } = attrs;
      const mirrored = { kernel, strides, dilations, before: rest(before), after: rest(after) };
      return [apply1(averageOp, [y!], mirrored)];
    }
    const [, pullback] = vjp((t: Tensor) => averageByConv(t, attrs), zeros(x!.shape, { dtype: y!.dtype }));
    return [pullback(y!)[0]];
  },
};

/** The general form: a convolution of every channel by itself with a constant kernel. */
function averageByConv(x: Tensor, { kernel, before, after, strides }: PoolAttrs): Tensor {
  const [b, c] = x.shape as [number, number];
  const weight = full([1, 1, ...kernel], 1 / sizeOf(kernel), { dtype: x.dtype });
  const padding = before.map((p, i): [number, number] => [p, after[i]!]);
  const y = conv(reshape(x, [b * c, 1, ...x.shape.slice(2)]), weight, { stride: strides, padding });
  return reshape(y, [b, c, ...y.shape.slice(2)]);
}

/** Sums over the equal blocks of `factors` entries that tile `x`: the adjoint of `upsample`. @internal */
export function blockSums(x: Tensor, factors: readonly number[]): Tensor {
  const none = factors.map(() => 0);
  const once = factors.map(() => 1);
  const attrs = { kernel: factors, strides: factors, dilations: once, before: none, after: none };
  return mul(apply1(averageOp, [x], attrs), sizeOf(factors));
}

/** Options of `avgPool`. */
export interface AvgPoolOptions extends Omit<PoolOptions, "dilation"> {
  /** Whether padding counts as entries of value 0. Default true. */
  countIncludePad?: boolean;
}

/**
 * Mean of each window. Entries beyond the padding, where `ceilMode` lets a window hang over, never count.
 * @param x float [B, C, ...] with 1 to 3 spatial axes
 * @param kernel window size per spatial axis, or one for all
 * @param options stride (default: kernel), padding (less than the kernel), ceilMode, countIncludePad
 * @returns [B, C, ...]
 * @throws ShapeError if the window does not fit; OptionError
 */
export function avgPool(x: Tensor, kernel: number | readonly number[], options: AvgPoolOptions = {}): Tensor {
  const where = "ops.avgPool";
  checkOptions(where, options, ["stride", "padding", "ceilMode", "countIncludePad"]);
  const spatial = spatialOf(where, x);
  const size = perAxis(where, "kernel", kernel, spatial.length, 1);
  const { countIncludePad = true, ...rest } = options;
  const padded = poolGeometry(where, spatial, size, { ...rest, ceilMode: false });
  const geometry = poolGeometry(where, spatial, size, rest);
  const counts = windowCounts(spatial, size, geometry);
  // Entries of each window that count, along each axis: from `low` up to `high` in padded positions.
  const counted = counts.map((count, i) => {
    const [low, high] = countIncludePad
      ? [0, spatial[i]! + padded.before[i]! + padded.after[i]!]
      : [padded.before[i]!, padded.before[i]! + spatial[i]!];
    return Array.from({ length: count }, (_, p) => {
      const start = p * geometry.strides[i]!;
      return Math.min(start + spanOf(size[i]!, 1), high) - Math.max(start, low);
    });
  });
  const y = apply1(averageOp, [x], { ...geometry, kernel: size });
  return counted.reduce((mean, list, i) => {
    if (list.every((n) => n === size[i])) return mean;
    const shape = [list.length, ...new Array<number>(counts.length - 1 - i).fill(1)];
    return mul(
      mean,
      constant(
        list.map((n) => size[i]! / n),
        x.dtype,
        shape,
      ),
    );
  }, y);
}
