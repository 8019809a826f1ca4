import { dtypes, type TypedArray } from "../core/dtypes.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { apply, type Op } from "../core/node.js";
import { normalizeAxis, showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, square, sub } from "./arithmetic.js";
import { reshape } from "./movement.js";
import { mean, sum, toFloat } from "./reduce.js";
import { rsqrt } from "./unary.js";

/** Outputs: the normalised tensor, and 1/√(var + epsilon) with the normalised axes kept as 1. */
const layerNormOp: Op<{ axis: number; epsilon: number }> = {
  name: "LayerNormalization",
  infer: ([x], { axis }) => [x!, { shape: x!.shape.map((d, i) => (i < axis ? d : 1)), dtype: x!.dtype }],
  grad({ outputs: [y, inverse], attrs: { axis } }, [ctY, ctInverse]) {
    const axes = y!.shape.map((_, i) => i).slice(axis);
    const count = sizeOf(y!.shape.slice(axis));
    const average = (t: Tensor): Tensor => mul(sum(t, axes, { keepDims: true }), 1 / count);
    let dx: Tensor | undefined;
    if (ctY) dx = mul(sub(sub(ctY, average(ctY)), mul(y!, average(mul(ctY, y!)))), inverse!);
    if (ctInverse) {
      // ∂(1/√(var + ε))/∂x = −y/(n·(var + ε))
      const slope = mul(mul(mul(square(inverse!), -1 / count), ctInverse), y!);
      dx = dx ? add(dx, slope) : slope;
    }
    return [dx];
  },
  batch: ([x], _, { axis, epsilon }) => apply(layerNormOp, [x!], { axis: axis + 1, epsilon }),
  emit(scope, { inputs: [x], attrs: { axis, epsilon }, outputs }, [name]) {
    const shape = x!.shape.slice(axis);
    const scale = scope.literal(filled(x!, sizeOf(shape)), x!.dtype, shape);
    const wanted = scope.isUsed(outputs[1]!);
    const names = scope.node(
      "LayerNormalization",
      [name!, scale],
      { axis, epsilon },
      { outputs: wanted ? 3 : 1 },
    );
    // The second output is float32 whatever the input.
    const inverse =
      wanted && x!.dtype !== "float32" ? scope.node("Cast", [names[2]!], { to: dtypes[x!.dtype].onnx }) : [];
    return [names[0]!, inverse[0] ?? names[2] ?? ""];
  },
  flops: ({ inputs: [x] }) => 8 * x!.size,
};

function filled(like: Tensor, count: number): TypedArray {
  if (like.dtype === "float16") return new Uint16Array(count).fill(0x3c00);
  return (new dtypes[like.dtype].array(count) as Float32Array).fill(1);
}

/** Options of the normalisations. */
export interface NormOptions {
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
}

/** Scale and shift after a normalisation; either may be left out. */
export interface Affine {
  readonly scale?: Tensor;
  readonly bias?: Tensor;
}

const affine = (y: Tensor, { scale, bias }: Affine, shape?: Shape): Tensor => {
  const scaled = scale ? mul(y, shape ? reshape(scale, shape) : scale) : y;
  return bias ? add(scaled, shape ? reshape(bias, shape) : bias) : scaled;
};

/** In double, step by step: ONNX Runtime's operator gives 1/√(var + ε), which the gradient needs, in float32 only. */
function normalizeDouble(x: Tensor, axis: number, epsilon: number): Tensor {
  const axes = x.shape.map((_, i) => i).slice(axis);
  const centred = sub(x, mean(x, axes, { keepDims: true }));
  return mul(centred, rsqrt(add(mean(square(centred), axes, { keepDims: true }), epsilon)));
}

/**
 * (x − mean)/√(var + epsilon)·scale + bias over the axes from `axis` on (default: the last).
 * @param weights scale and bias of the shape of those axes
 */
export function layerNorm(
  x: Tensor,
  weights: Affine = {},
  options: NormOptions & { axis?: number } = {},
): Tensor {
  const t = toFloat(x);
  const axis = normalizeAxis("ops.layerNorm", options.axis ?? -1, t.rank);
  const epsilon = options.epsilon ?? 1e-5;
  const y =
    t.dtype === "float64"
      ? normalizeDouble(t, axis, epsilon)
      : apply(layerNormOp, [t], { axis, epsilon })[0]!;
  return affine(y, weights);
}

/** x/√(mean(x²) + epsilon)·scale over the last axis. */
export function rmsNorm(x: Tensor, weights: { scale?: Tensor } = {}, options: NormOptions = {}): Tensor {
  const t = toFloat(x);
  const inverse = rsqrt(add(mean(square(t), -1, { keepDims: true }), options.epsilon ?? 1e-5));
  return affine(mul(t, inverse), weights);
}

/**
 * Layer normalisation within groups of channels.
 * @param x [B, C, ...]
 * @param groups divides C
 * @param weights scale and bias [C]
 * @throws ShapeError if the groups do not divide the channels
 */
export function groupNorm(
  x: Tensor,
  groups: number,
  weights: Affine = {},
  options: NormOptions = {},
): Tensor {
  const t = toFloat(x);
  const [b, c] = t.shape;
  if (t.rank < 2 || c! % groups !== 0) {
    throw new ShapeError({
      where: "ops.groupNorm",
      want: `channels in ${groups} equal groups`,
      got: showShape(t.shape),
    });
  }
  const flat = reshape(t, [b!, groups, -1]);
  const y = reshape(layerNorm(flat, {}, options), t.shape);
  return affine(y, weights, [c!, ...t.shape.slice(2).map(() => 1)]);
}

/** Layer normalisation of every channel of every example: `groupNorm` with one channel a group. */
export const instanceNorm = (x: Tensor, weights: Affine = {}, options: NormOptions = {}): Tensor =>
  groupNorm(x, x.shape[1]!, weights, options);

/** Running statistics of batch normalisation, [C] each. */
export interface BatchStats {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Batch normalisation over all axes but the channels.
 * @param x [B, C, ...]
 * @param stats running mean and variance [C]
 * @param options `training`: normalise by the batch and move the statistics (default false); `momentum` of the moving
 *   average as in PyTorch, in (0, 1], default 0.1; `epsilon`
 * @returns the normalised tensor and the statistics after it (gradient-free)
 */
export function batchNorm(
  x: Tensor,
  stats: BatchStats,
  weights: Affine = {},
  options: NormOptions & { training?: boolean; momentum?: number } = {},
): { y: Tensor; stats: BatchStats } {
  const { training = false, momentum = 0.1, epsilon = 1e-5 } = options;
  if (!(momentum > 0 && momentum <= 1))
    throw new OptionError({ where: "ops.batchNorm", want: "momentum in (0, 1]", got: String(momentum) });
  const t = toFloat(x);
  const channel = [t.shape[1]!, ...t.shape.slice(2).map(() => 1)];
  const axes = t.shape.map((_, i) => i).filter((i) => i !== 1);
  if (!training) {
    const inverse = rsqrt(add(stats.variance, epsilon));
    const y = mul(sub(t, reshape(stats.mean, channel)), reshape(inverse, channel));
    return { y: affine(y, weights, channel), stats };
  }
  const count = t.size / t.shape[1]!;
  const mu = mean(t, axes);
  const centred = sub(t, reshape(mu, channel));
  const variance = mean(square(centred), axes);
  const y = mul(centred, reshape(rsqrt(add(variance, epsilon)), channel));
  const move = (old: Tensor, now: Tensor): Tensor =>
    add(mul(old, 1 - momentum), mul(now.stopGradient(), momentum));
  // The running variance is the unbiased one, as in PyTorch.
  const unbiased = mul(variance, count / Math.max(1, count - 1));
  return {
    y: affine(y, weights, channel),
    stats: { mean: move(stats.mean, mu), variance: move(stats.variance, unbiased) },
  };
}
