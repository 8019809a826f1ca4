import { checkOptions } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { silu } from "../ops/activation.js";
import { zeroInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Options of `mlp`. */
export interface MlpOptions {
  inputs: number;
  /** Widths of the hidden layers. */
  hidden: readonly number[];
  outputs: number;
  /** Between the layers. Default `silu`. */
  activation?: (x: Tensor) => Tensor;
  /** Starts the last layer at 0. Default false. */
  zeroOutput?: boolean;
}

/**
 * A multi-layer perceptron: [..., inputs] → [..., outputs].
 * @throws OptionError for sizes that are no positive whole numbers
 */
export function mlp(options: MlpOptions): Model<{ layers: LinearParams[] }> {
  const where = "nn.mlp";
  checkOptions(where, options, ["inputs", "hidden", "outputs", "activation", "zeroOutput"]);
  const { inputs, hidden, outputs, activation = silu, zeroOutput = false } = options;
  checkSizes(where, { inputs, outputs, ...Object.fromEntries(hidden.map((n, i) => [`hidden[${i}]`, n])) });
  const sizes = [inputs, ...hidden, outputs];
  const layers = sizes.slice(1).map((size, i) => {
    const last = i === sizes.length - 2;
    return linear(sizes[i]!, size, last && zeroOutput ? { init: zeroInit } : {});
  });
  return {
    init: (key) => ({ layers: layers.map((layer, i) => layer.init(foldIn(key, i))) }),
    apply: (params, x) =>
      layers.reduce((h, layer, i) => {
        const y = layer.apply(params.layers[i]!, h);
        return i === layers.length - 1 ? y : activation(y);
      }, x),
  };
}
