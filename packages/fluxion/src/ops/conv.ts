import { promote } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { sameShape, showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "./arithmetic.js";
import { cast } from "./compare.js";
import { convByColumns, transposeAsConv, transposeByColumns, weightByProducts } from "./conv-lowering.js";
import { bilinearBatch } from "./conv-vmap.js";
import { reshape } from "./movement.js";
import { sum } from "./reduce.js";
import {
  geometryOf,
  onnxPads,
  paddingOf,
  perAxis,
  spanOf,
  spatialOf,
  windowCounts,
  type Geometry,
  type WindowOptions,
} from "./window.js";

// conv(x, w), its adjoint by x and its adjoint by w form a closed family: each one's gradients are the other two.
/** Attributes of a convolution. */
export type ConvAttrs = Geometry & { readonly groups: number };
/** `size`: the spatial shape of the result. */
export type ConvTransposeAttrs = ConvAttrs & { readonly size: Shape };
/** `kernel`: the spatial shape of the result. */
export type ConvWeightAttrs = ConvAttrs & { readonly kernel: Shape };

const geometry = ({ strides, dilations, before, after, groups }: ConvAttrs): ConvAttrs => ({
  strides,
  dilations,
  before,
  after,
  groups,
});
const onnxAttrs = (attrs: ConvAttrs): Record<string, unknown> => ({
  strides: attrs.strides,
  dilations: attrs.dilations,
  pads: onnxPads(attrs),
  group: attrs.groups,
});
const product = (x: Tensor, w: Tensor, attrs: ConvAttrs): Tensor => apply1(convOp, [x, w], geometry(attrs));
const adjointByX = (y: Tensor, w: Tensor, attrs: ConvAttrs, size: Shape): Tensor =>
  apply1(convTransposeOp, [y, w], { ...geometry(attrs), size });
const adjointByW = (x: Tensor, y: Tensor, attrs: ConvAttrs, kernel: Shape): Tensor =>
  apply1(convWeightOp, [x, y], { ...geometry(attrs), kernel });
/** A channel vector against [B, C, ...]. */
const alongChannels = (b: Tensor, rank: number): Tensor =>
  reshape(b, [...b.shape, ...new Array<number>(rank - 2).fill(1)]);

/** Inputs: x [B, C, ...], w [O, C/groups, ...] and perhaps a bias [O]. @internal */
export const convOp: Op<ConvAttrs> = {
  name: "Conv",
  infer: ([x, w], attrs) => [
    {
      shape: [x!.shape[0]!, w!.shape[0]!, ...windowCounts(x!.shape.slice(2), w!.shape.slice(2), attrs)],
      dtype: x!.dtype,
    },
  ],
  grad({ inputs: [x, w], attrs }, [ct], needs) {
    return [
      needs[0] ? adjointByX(ct!, w!, attrs, x!.shape.slice(2)) : undefined,
      needs[1] ? adjointByW(x!, ct!, attrs, w!.shape.slice(2)) : undefined,
      needs[2] ? sum(ct!, [0, ...ct!.shape.slice(2).map((_, i) => i + 2)]) : undefined,
    ];
  },
  batch(inputs, batched, attrs, size) {
    const places = {
      left: { from: { axis: 0 }, to: { axis: 0 } },
      right: { from: { axis: 0, grouped: true }, to: { axis: 1, grouped: true } },
      both: { left: 1, right: 0, to: 1 },
    };
    const mapped = batched[0] || batched[1];
    const y = mapped
      ? bilinearBatch(places, inputs, batched, attrs.groups, size, (a, b, groups) =>
          product(a, b, { ...attrs, groups }),
        )
      : product(inputs[0]!, inputs[1]!, attrs);
    if (!inputs[2]) return [y];
    const bias = alongChannels(inputs[2], mapped ? y.rank - 1 : y.rank);
    return [add(y, batched[2] ? reshape(bias, [size, 1, ...bias.shape.slice(1)]) : bias)];
  },
  simplify({ inputs: [x, w, bias], attrs, outputs: [y] }) {
    if (x!.dtype !== "float64") return undefined;
    const out = convByColumns(x!, w!, attrs, y!.shape);
    return [bias ? add(out, alongChannels(bias, y!.rank)) : out];
  },
  emit: (scope, { attrs }, names) => scope.node("Conv", names, onnxAttrs(attrs)),
  flops: ({ inputs: [, w], outputs: [y] }) => 2 * y!.size * sizeOf(w!.shape.slice(1)),
};

/** The adjoint of a convolution by x. Inputs: y [B, O, ...], w [O, C/groups, ...]. */
const convTransposeOp: Op<ConvTransposeAttrs> = {
  name: "ConvTranspose",
  infer: ([y, w], { groups, size }) => [
    { shape: [y!.shape[0]!, w!.shape[1]! * groups, ...size], dtype: y!.dtype },
  ],
  grad: ({ inputs: [y, w], attrs }, [ct], needs) => [
    needs[0] ? product(ct!, w!, attrs) : undefined,
    needs[1] ? adjointByW(ct!, y!, attrs, w!.shape.slice(2)) : undefined,
  ],
  batch(inputs, batched, attrs, size) {
    const places = {
      left: { from: { axis: 0 }, to: { axis: 0 } },
      right: { from: { axis: 1 }, to: { axis: 1, grouped: true } },
      both: { left: 1, right: 0, to: 1 },
    };
    const f = (a: Tensor, b: Tensor, groups: number): Tensor =>
      adjointByX(a, b, { ...attrs, groups }, attrs.size);
    return [bilinearBatch(places, inputs, batched, attrs.groups, size, f)];
  },
  simplify({ inputs: [y, w], attrs }) {
    const better =
      y!.dtype === "float64" ? transposeByColumns(y!, w!, attrs) : transposeAsConv(y!, w!, attrs);
    return better && [better];
  },
  emit(scope, { inputs: [y, w], attrs }, names) {
    const open = attrs.size.map((n, i) => {
      const full = (y!.shape[i + 2]! - 1) * attrs.strides[i]! + spanOf(w!.shape[i + 2]!, attrs.dilations[i]!);
      return n - full + attrs.before[i]! + attrs.after[i]!;
    });
    return scope.node("ConvTranspose", names, { ...onnxAttrs(attrs), output_padding: open });
  },
  flops: ({ inputs: [y, w] }) => 2 * y!.size * sizeOf(w!.shape.slice(1)),
};

/** The adjoint of a convolution by w. Inputs: x [B, C, ...], y [B, O, ...]. Always lowered to matrix products. */
const convWeightOp: Op<ConvWeightAttrs> = {
  name: "ConvWeight",
  infer: ([x, y], { groups, kernel }) => [
    { shape: [y!.shape[1]!, x!.shape[1]! / groups, ...kernel], dtype: x!.dtype },
  ],
  grad: ({ inputs: [x, y], attrs }, [ct], needs) => [
    needs[0] ? adjointByX(y!, ct!, attrs, x!.shape.slice(2)) : undefined,
    needs[1] ? product(x!, ct!, attrs) : undefined,
  ],
  batch(inputs, batched, attrs, size) {
    const places = {
      left: { from: { axis: 1, grouped: true }, to: { axis: 1 } },
      right: { from: { axis: 1, grouped: true }, to: { axis: 0, grouped: true } },
      both: { left: 1, right: 1, to: 0 },
    };
    const f = (a: Tensor, b: Tensor, groups: number): Tensor =>
      adjointByW(a, b, { ...attrs, groups }, attrs.kernel);
    return [bilinearBatch(places, inputs, batched, attrs.groups, size, f)];
  },
  simplify: ({ inputs: [x, y], attrs }) => [weightByProducts(x!, y!, attrs)],
  flops: ({ inputs: [x, y], attrs }) => 2 * y!.size * (x!.shape[1]! / attrs.groups) * sizeOf(attrs.kernel),
};

/** How the window of a convolution moves and the channels mix. */
export interface ConvOptions extends WindowOptions {
  /** Number of groups of channels that do not mix; divides C and O. Default 1. */
  groups?: number;
}

/** Bias of a convolution: faster here than an addition afterwards. */
export interface ConvBias {
  /** Added to every output channel, [O]. Default none. */
  bias?: Tensor;
}

/** Options of `convTranspose`. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Extra entries at the end of each spatial axis, less than its stride. Default 0. */
  outputPadding?: number | readonly number[];
}

/** Operands in one float dtype. @throws ShapeError unless `w` has the rank of `x`; OptionError for bad groups */
function operands(
  where: string,
  x: Tensor,
  w: Tensor,
  options: ConvOptions & ConvBias,
): { x: Tensor; w: Tensor; spatial: number[]; groups: number; bias: Tensor | undefined } {
  const spatial = spatialOf(where, x);
  const { groups = 1, bias } = options;
  if (!Number.isInteger(groups) || groups < 1)
    throw new OptionError({ where, want: "groups: a whole number ≥ 1", got: String(groups) });
  if (w.rank !== x.rank || w.size === 0)
    throw new ShapeError({
      where,
      want: `w of ${x.rank} axes for x ${showShape(x.shape)}`,
      got: showShape(w.shape),
    });
  spatialOf(where, w, "w");
  const dtype = promote(x.dtype, w.dtype);
  return { x: cast(x, dtype), w: cast(w, dtype), spatial, groups, bias: bias && cast(bias, dtype) };
}

function checkBias(where: string, bias: Tensor | undefined, channels: number): void {
  if (bias && !sameShape(bias.shape, [channels]))
    throw new ShapeError({ where, want: `bias [${channels}]`, got: showShape(bias.shape) });
}

/**
 * Convolution (cross-correlation, the kernel is not mirrored) over 1 to 3 spatial axes:
 * y[b, o, p] = Σ_c Σ_k w[o, c, k] · x[b, c, stride·p + dilation·k − before] + bias[o].
 * @param x float [B, C, ...]
 * @param w float [O, C/groups, ...kernel]
 * @param options stride, padding, dilation, groups, bias
 * @returns [B, O, ...]
 * @throws ShapeError if the channels, the kernel or the bias do not fit; OptionError
 */
export function conv(x: Tensor, w: Tensor, options: ConvOptions & ConvBias = {}): Tensor {
  const where = "ops.conv";
  checkOptions(where, options, ["stride", "padding", "dilation", "groups", "bias"]);
  const { x: input, w: kernel, spatial, groups, bias } = operands(where, x, w, options);
  const [c, o] = [x.shape[1]!, w.shape[0]!];
  if (c !== w.shape[1]! * groups || o % groups !== 0) {
    throw new ShapeError({
      where,
      want: `w [O, ${c / groups}, ...], O a multiple of ${groups}, for x ${showShape(x.shape)}`,
      got: showShape(w.shape),
    });
  }
  checkBias(where, bias, o);
  const attrs = { ...geometryOf(where, spatial, w.shape.slice(2), options), groups };
  return apply1(convOp, bias ? [input, kernel, bias] : [input, kernel], attrs);
}

/**
 * Transposed convolution: the adjoint of `conv` with the same options, so an upsampling by `stride`. Each spatial axis
 * becomes (n − 1)·stride + dilation·(k − 1) + 1 − before − after + outputPadding; with padding "same", n·stride.
 * @param x float [B, C, ...]
 * @param w float [C, O/groups, ...kernel]
 * @param options stride, padding (cropped from the result), dilation, groups, bias, outputPadding
 * @returns [B, O, ...]
 * @throws ShapeError if the channels or the bias do not fit or nothing is left; OptionError
 */
export function convTranspose(x: Tensor, w: Tensor, options: ConvTransposeOptions & ConvBias = {}): Tensor {
  const where = "ops.convTranspose";
  checkOptions(where, options, ["stride", "padding", "dilation", "groups", "bias", "outputPadding"]);
  const { x: input, w: kernel, spatial, groups, bias } = operands(where, x, w, options);
  if (x.shape[1] !== w.shape[0] || w.shape[0]! % groups !== 0) {
    throw new ShapeError({
      where,
      want: `w [${x.shape[1]}, O/groups, ...] and channels that ${groups} divides, for x ${showShape(x.shape)}`,
      got: showShape(w.shape),
    });
  }
  checkBias(where, bias, w.shape[1]! * groups);
  const rank = spatial.length;
  const strides = perAxis(where, "stride", options.stride ?? 1, rank, 1);
  const dilations = perAxis(where, "dilation", options.dilation ?? 1, rank, 1);
  const excess = (i: number): number => spanOf(w.shape[i + 2]!, dilations[i]!) - strides[i]!;
  const { before, after } = paddingOf(where, options.padding ?? 0, rank, excess);
  const extra = perAxis(where, "outputPadding", options.outputPadding ?? 0, rank, 0);
  if (extra.some((e, i) => e >= strides[i]!))
    throw new OptionError({
      where,
      want: "outputPadding less than the stride",
      got: showShape(extra),
    });
  const size = spatial.map((n, i) => {
    const missing = options.padding === "same" ? Math.max(0, -excess(i)) : 0;
    return (
      (n - 1) * strides[i]! +
      spanOf(w.shape[i + 2]!, dilations[i]!) -
      before[i]! -
      after[i]! +
      extra[i]! +
      missing
    );
  });
  if (size.some((n) => n < 1))
    throw new ShapeError({ where, want: "a result of at least 1 everywhere", got: showShape(size) });
  const y = adjointByX(input, kernel, { strides, dilations, before, after, groups }, size);
  return bias ? add(y, alongChannels(bias, x.rank)) : y;
}
