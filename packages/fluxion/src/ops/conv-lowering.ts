// Cheaper or more widely supported forms of the convolution operators, chosen while compiling.
import { apply1 } from "../core/node.js";
import { sizeOf, stridesOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { convOp, type ConvAttrs, type ConvTransposeAttrs, type ConvWeightAttrs } from "./conv.js";
import { matmul } from "./matmul.js";
import { concat, flip, narrow, padZeros, reshape, swapAxes, transpose } from "./movement.js";
import { sum } from "./reduce.js";
import { fold, unfold } from "./unfold.js";
import { spanOf, windowSlices, type Geometry, type WindowOptions } from "./window.js";

/** The kernel of the adjoint: mirrored in space, input and output channels of each group exchanged. */
function mirrored(w: Tensor, groups: number): Tensor {
  const [o, c, ...kernel] = w.shape as [number, number, ...number[]];
  const flipped = flip(
    w,
    kernel.map((_, i) => i + 2),
  );
  const split = reshape(flipped, [groups, o / groups, c, ...kernel]);
  return reshape(swapAxes(split, 1, 2), [groups * c, o / groups, ...kernel]);
}

/**
 * The transposed convolution as a convolution, where the stride is 1 and that is faster: ONNX Runtime's ConvTranspose
 * does not run images in parallel, Conv does. Few result channels or positions turn the balance (measured).
 */
export function transposeAsConv(y: Tensor, w: Tensor, attrs: ConvTransposeAttrs): Tensor | undefined {
  const { strides, dilations, groups, size } = attrs;
  if (strides.some((s) => s !== 1)) return undefined;
  const kernel = w.shape.slice(2);
  const reach = kernel.map((k, i) => spanOf(k, dilations[i]!) - 1);
  const before = reach.map((r, i) => r - attrs.before[i]!);
  const after = reach.map((r, i) => size[i]! - y.shape[i + 2]! + r - before[i]!);
  if ([...before, ...after].some((p) => p < 0)) return undefined;
  if (y.shape[1]! > 4 * w.shape[1]! * groups || sizeOf(size) < 64) return undefined;
  return apply1(convOp, [y, mirrored(w, groups)], { strides, dilations, before, after, groups });
}

/** Fewest channels of a group for which one matrix product per kernel entry beats one for all of them (measured). */
const NARROW = 8;

/**
 * The gradient of a convolution by its kernel: for each kernel entry the matrix product of the result's cotangent with
 * the slice of `x` that the entry saw, summed over the batch. About half the time of a convolution with the batch as
 * channels (measured).
 */
export function weightByProducts(x: Tensor, y: Tensor, attrs: ConvWeightAttrs): Tensor {
  const { groups, kernel } = attrs;
  const [b, c] = x.shape as [number, number];
  const o = y.shape[1]!;
  const positions = sizeOf(y.shape.slice(2));
  const [cg, og] = [c / groups, o / groups];
  // With few positions one long product over batch and positions is faster than a batch of short ones.
  const short = groups === 1 && positions <= 2 * Math.min(cg, og);
  const lead = (t: Tensor): Tensor => (short ? swapAxes(t, 0, 1) : t);
  const rows = (t: Tensor, n: number): Tensor =>
    reshape(t, short ? [1, 1, n, b * positions] : [b, groups, n, t.size / (b * groups * n)]);
  const dense = !short && attrs.strides.every((s) => s === 1);
  const seen = dense ? runs(x, y, attrs) : { result: lead(y), slices: windowSlices(lead(x), kernel, attrs) };
  const left = rows(seen.result, og);
  const slices = seen.slices.map((t) => rows(t, cg));
  const operands = cg < NARROW ? [concat(slices, 2)] : slices;
  const products = operands.map((right) => {
    const product = sum(matmul(left, swapAxes(right, 2, 3)), 0);
    return reshape(product, [groups, og, right.shape[2]! / cg, cg]);
  });
  return reshape(transpose(concat(products, 2), [0, 1, 3, 2]), [o, cg, ...kernel]);
}

/**
 * With stride 1, what the kernel entries saw as contiguous runs of the padded `x` with its spatial axes flattened: a
 * run starts where the entry does and is as long as the result with its rows filled up to those of `x` by zeros, which
 * cancel what a run sees between the rows. Copying runs takes a fraction of copying windows row by row (measured).
 * @returns the filled result and one run for each kernel entry, all [B, channels, length]
 */
function runs(x: Tensor, y: Tensor, attrs: ConvWeightAttrs): { result: Tensor; slices: Tensor[] } {
  const { kernel, dilations, before, after } = attrs;
  const [q, ...rest] = y.shape.slice(2) as [number, ...number[]];
  // One more slab of zeros behind, so that the last run does not leave the array.
  const behind = after.map((p, i) => (i === 0 ? p + 1 : p));
  const padded = padZeros(x, [0, 0, ...before], [0, 0, ...behind]);
  const sizes = padded.shape.slice(3);
  const filled = padZeros(
    y,
    y.shape.map(() => 0),
    [0, 0, 0, ...sizes.map((n, i) => n - rest[i]!)],
  );
  const length = q * sizeOf(sizes);
  const flat = reshape(padded, [...padded.shape.slice(0, 2), -1]);
  const steps = stridesOf(padded.shape.slice(2)).map((stride, i) => stride * dilations[i]!);
  const starts = kernel.reduce<number[]>(
    (list, k, i) => list.flatMap((at) => Array.from({ length: k }, (_, j) => at + j * steps[i]!)),
    [0],
  );
  return {
    result: reshape(filled, [...y.shape.slice(0, 2), length]),
    slices: starts.map((at) => narrow(flat, 2, at, at + length)),
  };
}

const windowOptions = (g: Geometry): WindowOptions => ({
  stride: g.strides,
  dilation: g.dilations,
  padding: g.before.map((p, i): [number, number] => [p, g.after[i]!]),
});

const matrices = (w: Tensor, groups: number): Tensor =>
  reshape(w, [groups, w.shape[0]! / groups, sizeOf(w.shape.slice(1))]);

const columnsOf = (t: Tensor, groups: number): Tensor =>
  reshape(t, [t.shape[0]!, groups, t.shape[1]! / groups, sizeOf(t.shape.slice(2))]);

/** A convolution as one matrix product of unfolded columns: for dtypes in which ONNX Runtime has no Conv. */
export function convByColumns(x: Tensor, w: Tensor, attrs: ConvAttrs, shape: Shape): Tensor {
  const columns = unfold(x, w.shape.slice(2), windowOptions(attrs));
  return reshape(matmul(matrices(w, attrs.groups), columnsOf(columns, attrs.groups)), shape);
}

/** The adjoint of `convByColumns`. */
export function transposeByColumns(y: Tensor, w: Tensor, attrs: ConvTransposeAttrs): Tensor {
  const { groups, size } = attrs;
  const columns = matmul(swapAxes(matrices(w, groups), 1, 2), columnsOf(y, groups));
  const flat = reshape(columns, [y.shape[0]!, sizeOf(columns.shape.slice(1, 3)), columns.shape[3]!]);
  return fold(flat, size, w.shape.slice(2), windowOptions(attrs));
}
