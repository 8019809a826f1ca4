import { checkOptions } from "../core/errors.js";
import { keys } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { silu } from "../ops/activation.js";
import { add, div, maximum, mul } from "../ops/arithmetic.js";
import { cast, greater } from "../ops/compare.js";
import { expandDims } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { embedding } from "./embedding.js";
import { normalInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Options of `textEncoder`. */
export interface TextEncoderOptions {
  /** Number of tokens, padding (token 0) included. */
  vocabulary: number;
  /** Tokens in a row. */
  length: number;
  /** Features of a token, and of the result. Default 64. */
  width?: number;
}

/** Parameters of `textEncoder`. */
export type TextEncoderParams = {
  tokens: { table: Tensor };
  positions: Tensor;
  hidden: LinearParams;
  output: LinearParams;
};

/**
 * A small encoder of short texts: W₂·silu(mean over the words of h + silu(W₁·h)), h the sum of a learned vector of the
 * word and one of its place. Padding (token 0) has no part in it; a text of padding only gives a constant, which stands
 * for "no text".
 * @returns a model (params, tokens int [B, length]) → [B, width]
 * @throws OptionError
 */
export function textEncoder(options: TextEncoderOptions): Model<TextEncoderParams> {
  const where = "nn.textEncoder";
  checkOptions(where, options, ["vocabulary", "length", "width"]);
  const { vocabulary, length, width = 64 } = options;
  checkSizes(where, { vocabulary, length, width });
  const table = embedding(vocabulary, width, { std: 1 });
  const [hidden, output] = [linear(width, width), linear(width, width)];
  return {
    init(key) {
      const [first, second, third, fourth] = keys(key, 4);
      return {
        tokens: table.init(first),
        positions: normalInit(0.1)(second, [length, width], 1, width),
        hidden: hidden.init(third),
        output: output.init(fourth),
      };
    },
    apply(params, tokens) {
      const real = expandDims(cast(greater(tokens, 0), "float32"), 2);
      const h = add(table.apply(params.tokens, tokens), params.positions);
      const mixed = mul(add(h, silu(hidden.apply(params.hidden, h))), real);
      const mean = div(sum(mixed, 1), maximum(sum(real, 1), 1));
      return output.apply(params.output, silu(mean));
    },
  };
}
