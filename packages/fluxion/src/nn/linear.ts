import { checkOptions } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";
import { matmul } from "../ops/matmul.js";
import { lecunUniform, type Initializer } from "./initializers.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Parameters of `linear`: weight [in, out], bias [out]. */
export type LinearParams = { weight: Tensor; bias?: Tensor };

/** Options of `linear`. */
export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** Of the weight. Default `lecunUniform`; the bias starts at 0. */
  init?: Initializer;
}

/**
 * x·weight + bias over the last axis: [..., inputs] → [..., outputs].
 * @throws OptionError for sizes that are no positive whole numbers
 */
export function linear(inputs: number, outputs: number, options: LinearOptions = {}): Model<LinearParams> {
  checkOptions("nn.linear", options, ["bias", "init"]);
  checkSizes("nn.linear", { inputs, outputs });
  const { bias = true, init = lecunUniform } = options;
  return {
    init: (key) => ({
      weight: init(foldIn(key, 0), [inputs, outputs], inputs, outputs),
      ...(bias ? { bias: zeros([outputs]) } : {}),
    }),
    apply: (params, x) => {
      const y = matmul(x, params.weight);
      return params.bias ? add(y, params.bias) : y;
    },
  };
}
