import { checkOptions } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { normalInit, type Initializer } from "../nn/initializers.js";
import type { Model } from "../nn/model.js";
import { checkSizes } from "../nn/sizes.js";
import { mul } from "../ops/arithmetic.js";
import { conv as convolve, type ConvOptions } from "../ops/conv.js";
import { matmul } from "../ops/matmul.js";
import { mean } from "../ops/reduce.js";
import { abs, sign } from "../ops/unary.js";
import { reste, type BinaryEstimator } from "./binary-estimators.js";
import { straightThrough } from "./straight-through.js";

/**
 * sign(x), trained by an estimator's slope. sign(0) is 0.
 * @param x float [...]
 * @param power the estimator's power o ≥ 1: a number or a scalar Tensor, which may change from step to step. Default 1.
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, eq. 1 and 7; deviates: none
 */
export function binarize(x: Tensor, estimator: BinaryEstimator, power: Tensor | number = 1): Tensor {
  if (typeof power === "number") return straightThrough(x, sign, (at) => estimator.slope(at, power));
  return straightThrough(x, sign, (at, o: Tensor) => estimator.slope(at, o), power);
}

/** Options of the binary layers. */
export interface BinaryLayerOptions {
  /** How signs are trained. Default `reste()`. */
  estimator?: BinaryEstimator;
  /** Whether the inputs are binarised, too. Default true. */
  activations?: boolean;
  /** What the signs of the weights are multiplied by: the mean size of the layer's weights, of each output's, or 1. Default "layer". */
  scale?: "layer" | "channel" | "none";
  /** Of the real weights behind the signs. Default normal with variance 2/fanIn. */
  init?: Initializer;
}

/** A binary layer; `power` is the estimator's. */
export type BinaryLayer = Model<{ weight: Tensor }, [x: Tensor, power?: Tensor | number]>;

const names = ["estimator", "activations", "scale", "init"];
const he: Initializer = (key, shape, fanIn, fanOut) =>
  normalInit(Math.sqrt(2 / fanIn))(key, shape, fanIn, fanOut);

/** sign(w) times its scale, which has a gradient of its own. @param axes all axes of w but that of the outputs */
function binaryWeight(
  weight: Tensor,
  axes: readonly number[],
  { estimator = reste(), scale = "layer" }: BinaryLayerOptions,
  power: Tensor | number,
): Tensor {
  const signs = binarize(weight, estimator, power);
  if (scale === "none") return signs;
  const size = abs(weight);
  return mul(signs, scale === "layer" ? mean(size) : mean(size, axes, { keepDims: true }));
}

/**
 * A linear layer of binary weights without bias: sign(x)·(sign(w)·mean|w|), [..., inputs] → [..., outputs].
 * @throws OptionError
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, eq. 1; M. Rastegari et al., 2016, arXiv 1603.05279, eq. 6 (scale
 *   "channel"); deviates: none
 */
export function binaryLinear(inputs: number, outputs: number, options: BinaryLayerOptions = {}): BinaryLayer {
  const where = "quantize.binaryLinear";
  checkOptions(where, options, names);
  checkSizes(where, { inputs, outputs });
  const { estimator = reste(), activations = true, init = he } = options;
  return {
    init: (key) => ({ weight: init(foldIn(key, 0), [inputs, outputs], inputs, outputs) }),
    apply: ({ weight }, x, power = 1) =>
      matmul(activations ? binarize(x, estimator, power) : x, binaryWeight(weight, [0], options, power)),
  };
}

/**
 * A convolution of binary weights without bias, "same" padding by default: [B, inputs, H, W] → [B, outputs, ...]. Padding
 * inserts 0, which is neither sign.
 * @throws OptionError
 * @source X.-M. Wu et al., 2023, arXiv 2308.06689, eq. 1; deviates: none
 */
export function binaryConv(
  inputs: number,
  outputs: number,
  options: BinaryLayerOptions &
    Pick<ConvOptions, "stride" | "padding" | "dilation"> & { kernel?: number } = {},
): BinaryLayer {
  const where = "quantize.binaryConv";
  checkOptions(where, options, [...names, "stride", "padding", "dilation", "kernel"]);
  const { kernel = 3, stride, padding = "same", dilation, ...binary } = options;
  checkSizes(where, { inputs, outputs, kernel });
  const { estimator = reste(), activations = true, init = he } = binary;
  const how: ConvOptions = { padding, ...(stride ? { stride } : {}), ...(dilation ? { dilation } : {}) };
  const area = kernel ** 2;
  return {
    init: (key) => ({
      weight: init(foldIn(key, 0), [outputs, inputs, kernel, kernel], inputs * area, outputs * area),
    }),
    apply: ({ weight }, x, power = 1) =>
      convolve(
        activations ? binarize(x, estimator, power) : x,
        binaryWeight(weight, [1, 2, 3], binary, power),
        how,
      ),
  };
}
