import { checkOptions, ShapeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { gelu } from "../ops/activation.js";
import { add } from "../ops/arithmetic.js";
import { matmul } from "../ops/matmul.js";
import { narrow, transpose } from "../ops/movement.js";
import { selfAttention, type AttentionParams } from "./attention.js";
import { embedding } from "./embedding.js";
import { normalInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { layerNorm, type NormParams } from "./norm.js";
import { checkSizes } from "./sizes.js";

/** Options of `gpt`. */
export interface GptOptions {
  /** Number K of different tokens. */
  vocabulary: number;
  /** Longest sequence. */
  context: number;
  /** Token width D, divisible by `heads`. */
  width: number;
  depth: number;
  heads: number;
  /** Hidden width of the feed-forward layers over D. Default 4. */
  expansion?: number;
}

type BlockParams = {
  norm1: NormParams;
  attention: AttentionParams;
  norm2: NormParams;
  up: LinearParams;
  down: LinearParams;
};

/** Parameters of `gpt`; the token table [K, D] is also the output layer. */
export type GptParams = {
  tokens: { table: Tensor };
  positions: { table: Tensor };
  blocks: BlockParams[];
  norm: NormParams;
};

/** Standard deviation of a new weight. */
const STD = 0.02;

/**
 * Decoder-only transformer with pre-norm blocks, learned positions and the token table tied to the output.
 * @source A. Radford et al., "Language models are unsupervised multitask learners", 2019, §2.3; deviates: exact GELU, no
 *   dropout, Glorot attention projections
 * @returns a model (params, tokens int [B, N]) → logits [B, N, K], N ≤ context
 * @throws OptionError for sizes that are not positive whole numbers or do not divide; ShapeError for longer sequences
 */
export function gpt(options: GptOptions): Model<GptParams, [tokens: Tensor]> {
  const where = "nn.gpt";
  checkOptions(where, options, ["vocabulary", "context", "width", "depth", "heads", "expansion"]);
  const { vocabulary, context, width: d, depth, heads, expansion = 4 } = options;
  checkSizes(where, { vocabulary, context, width: d, depth, heads, expansion });
  const tokenTable = embedding(vocabulary, d, { std: STD });
  const positionTable = embedding(context, d, { std: STD });
  const norm = layerNorm(d);
  const attention = selfAttention(d, heads);
  const up = linear(d, expansion * d, { init: normalInit(STD) });
  // Each block adds to the residual stream twice; this keeps its variance independent of the depth.
  const down = linear(expansion * d, d, { init: normalInit(STD / Math.sqrt(2 * depth)) });

  const block = (params: BlockParams, x: Tensor): Tensor => {
    const attended = attention.apply(params.attention, norm.apply(params.norm1, x), { causal: true });
    const y = add(x, attended);
    return add(y, down.apply(params.down, gelu(up.apply(params.up, norm.apply(params.norm2, y)))));
  };

  return {
    init: (key) => ({
      tokens: tokenTable.init(foldIn(key, 0)),
      positions: positionTable.init(foldIn(key, 1)),
      blocks: Array.from({ length: depth }, (_, i) => {
        const k = foldIn(key, 10 + i);
        return {
          norm1: norm.init(k),
          attention: attention.init(foldIn(k, 0)),
          norm2: norm.init(k),
          up: up.init(foldIn(k, 1)),
          down: down.init(foldIn(k, 2)),
        };
      }),
      norm: norm.init(key),
    }),
    apply(params, tokens) {
      const n = tokens.shape[1];
      if (tokens.rank !== 2 || n! > context)
        throw new ShapeError({
          where,
          want: `tokens [B, N] with N ≤ ${context}`,
          got: showShape(tokens.shape),
        });
      let x = add(tokenTable.apply(params.tokens, tokens), narrow(params.positions.table, 0, 0, n!));
      for (const b of params.blocks) x = block(b, x);
      return matmul(norm.apply(params.norm, x), transpose(params.tokens.table));
    },
  };
}
