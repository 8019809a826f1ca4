import { OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { conv as convolve, type ConvOptions } from "../ops/conv.js";
import { zeros } from "../ops/create.js";
import { reshape } from "../ops/movement.js";
import { lecunUniform, type Initializer } from "./initializers.js";
import type { Model } from "./model.js";

/** Parameters of `conv`: weight [out, in/groups, ...kernel], bias [out]. */
export type ConvParams = { weight: Tensor; bias?: Tensor };

/** Options of the convolutional layer. */
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

/** Convolution with "same" padding by default: [B, inputs, ...] → [B, outputs, ...]. */
export function conv(inputs: number, outputs: number, options: ConvLayerOptions = {}): Model<ConvParams> {
  const { kernel = 3, dims = 2, bias = true, init = lecunUniform, ...rest } = options;
  const groups = rest.groups ?? 1;
  if (inputs % groups || outputs % groups) {
    throw new OptionError({
      where: "nn.conv",
      want: `channels divisible by ${groups} groups`,
      got: `${inputs}, ${outputs}`,
    });
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
    apply: (params, x) => {
      const y = convolve(x, params.weight, { padding: "same", ...rest });
      return params.bias ? add(y, reshape(params.bias, [outputs, ...new Array<number>(dims).fill(1)])) : y;
    },
  };
}
