import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { conv as convolve, type ConvOptions } from "../ops/conv.js";
import { zeros } from "../ops/create.js";
import { lecunUniform, type Initializer } from "./initializers.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Parameters of `conv`: weight [out, in/groups, ...kernel], bias [out]. */
export type ConvParams = { weight: Tensor; bias?: Tensor };

/** Options of the convolutional layer; padding is "same" by default. */
export interface ConvLayerOptions extends ConvOptions {
  /** Side of the kernel. Default 3. */
  kernel?: number;
  /** Number of spatial axes. Default 2. */
  dims?: 1 | 2 | 3;
  /** Default true. */
  bias?: boolean;
  /** Of the weight. Default `lecunUniform`; the bias starts at 0. */
  init?: Initializer;
}

const known = ["kernel", "dims", "bias", "init", "stride", "padding", "dilation", "groups"];

/**
 * Convolution with "same" padding by default: [B, inputs, ...] → [B, outputs, ...].
 * @throws OptionError for sizes that are no positive whole numbers, or channels that the groups do not divide
 */
export function conv(inputs: number, outputs: number, options: ConvLayerOptions = {}): Model<ConvParams> {
  const where = "nn.conv";
  checkOptions(where, options, known);
  const { kernel = 3, dims = 2, bias = true, init = lecunUniform, ...rest } = options;
  const groups = rest.groups ?? 1;
  checkSizes(where, { inputs, outputs, kernel, dims, groups });
  if (dims > 3) throw new OptionError({ where, want: "dims 1, 2 or 3", got: String(dims) });
  if (inputs % groups || outputs % groups) {
    const want = `channels divisible by ${groups} groups`;
    throw new OptionError({ where, want, got: `${inputs}, ${outputs}` });
  }
  const patch = kernel ** dims;
  return {
    init: (key) => ({
      weight: init(
        foldIn(key, 0),
        [outputs, inputs / groups, ...new Array<number>(dims).fill(kernel)],
        (inputs / groups) * patch,
        (outputs / groups) * patch,
      ),
      ...(bias ? { bias: zeros([outputs]) } : {}),
    }),
    apply: ({ weight, bias: shift }, x) =>
      convolve(x, weight, { padding: "same", ...rest, ...(shift ? { bias: shift } : {}) }),
  };
}
