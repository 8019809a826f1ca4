import { OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul } from "../ops/arithmetic.js";
import { cast, greater } from "../ops/compare.js";
import { expandDims } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { embedding } from "./embedding.js";
import { normalInit } from "./initializers.js";
import { mmDit, type MmDitOptions, type MmDitParams } from "./mmdit.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Options of `textMmDit`. */
export interface TextMmDitOptions extends Omit<MmDitOptions, "contextSize" | "pooledSize"> {
  /** Number of tokens, padding (token 0) included. */
  vocabulary: number;
  /** Tokens in a text. */
  length: number;
}

/** Parameters of `textMmDit`. */
export type TextMmDitParams = { tokens: { table: Tensor }; positions: Tensor; net: MmDitParams };

/**
 * `mmDit` with its own words: a learned vector for each token and place is the context, the mean over the words that
 * are no padding (token 0) is the pooled context. A text of padding only stands for "no text".
 * @returns a model (params, x [B, C, H, W], t [B], tokens int [B, length]) → [B, C, H, W]
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, Fig. 2a; deviates: words are learnt with the model, in place of three
 *   pretrained text encoders
 */
export function textMmDit(
  options: TextMmDitOptions,
): Model<TextMmDitParams, [x: Tensor, t: Tensor, cond?: Tensor]> {
  const where = "nn.textMmDit";
  const { vocabulary, length, ...rest } = options;
  checkSizes(where, { vocabulary, length });
  const size = rest.width;
  const net = mmDit({ ...rest, contextSize: size, pooledSize: size });
  const table = embedding(vocabulary, size, { std: 1 });
  return {
    init: (key) => ({
      tokens: table.init(foldIn(key, 0)),
      positions: normalInit(0.1)(foldIn(key, 1), [length, size], 1, size),
      net: net.init(foldIn(key, 2)),
    }),
    apply(params, x, t, cond) {
      if (!cond || !sameShape(cond.shape, [x.shape[0]!, length])) {
        const got = cond ? showShape(cond.shape) : "none";
        throw new OptionError({ where, want: `tokens [${x.shape[0]}, ${length}]`, got });
      }
      const context = add(table.apply(params.tokens, cond), params.positions);
      const real = expandDims(cast(greater(cond, 0), "float32"), 2);
      const pooled = div(sum(mul(context, real), 1), maximum(sum(real, 1), 1));
      return net.apply(params.net, x, t, { context, pooled });
    },
  };
}
