// The transformer that the dossier's bars were set on: tables of standard normal numbers, and an output layer of its own.
import { gelu, random, type Tensor } from "fluxion";
import {
  embedding,
  layerNorm,
  linear,
  selfAttention,
  type AttentionParams,
  type LinearParams,
  type Model,
  type NormParams,
} from "fluxion/nn";
import { context } from "../character-lm.js";

type Block = {
  before: NormParams;
  attention: AttentionParams;
  between: NormParams;
  up: LinearParams;
  down: LinearParams;
};

/** Parameters of `transformer`. */
export type TransformerParams = {
  tokens: { table: Tensor };
  positions: { table: Tensor };
  blocks: Block[];
  norm: NormParams;
  head: LinearParams;
};

/** Decoder-only, pre-norm, width 48, two blocks, two heads: tokens int [B, context] → logits [B, context, K]. */
export function transformer(vocabulary: number): Model<TransformerParams, [tokens: Tensor]> {
  const width = 48;
  const table = (rows: number) => embedding(rows, width, { std: 1 });
  const [tokens, positions] = [table(vocabulary), table(context)];
  const [norm, attention] = [layerNorm(width), selfAttention(width, 2)];
  const [up, down, head] = [linear(width, 4 * width), linear(4 * width, width), linear(width, vocabulary)];
  return {
    init: (key) => ({
      tokens: tokens.init(random.foldIn(key, 0)),
      positions: positions.init(random.foldIn(key, 1)),
      blocks: [0, 1].map((i) => {
        const k = random.foldIn(key, 10 + i);
        return {
          ...{ before: norm.init(k), between: norm.init(k), attention: attention.init(random.foldIn(k, 0)) },
          ...{ up: up.init(random.foldIn(k, 1)), down: down.init(random.foldIn(k, 2)) },
        };
      }),
      norm: norm.init(key),
      head: head.init(random.foldIn(key, 2)),
    }),
    apply(params, x) {
      let h = tokens.apply(params.tokens, x).add(params.positions.table);
      for (const block of params.blocks) {
        h = h.add(attention.apply(block.attention, norm.apply(block.before, h), { causal: true }));
        h = h.add(down.apply(block.down, gelu(up.apply(block.up, norm.apply(block.between, h)))));
      }
      return head.apply(params.head, norm.apply(params.norm, h));
    },
  };
}
