import { OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { attention, type AttentionOptions } from "../ops/attention.js";
import { reshape, split, transpose } from "../ops/movement.js";
import { glorotUniform } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Parameters of `selfAttention`: joint projection to q, k, v [D, 3D], and back [D, D]. */
export type AttentionParams = { qkv: LinearParams; out: LinearParams };

/** [B, N, H·E] → [B, H, N, E]. */
export const splitHeads = (x: Tensor, heads: number): Tensor => {
  const [b, n, d] = x.shape;
  return transpose(reshape(x, [b!, n!, heads, d! / heads]), [0, 2, 1, 3]);
};

/** [B, H, N, E] → [B, N, H·E]. */
export const mergeHeads = (x: Tensor): Tensor => {
  const [b, h, n, e] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [b!, n!, h! * e!]);
};

/** Options of a `selfAttention`'s call. */
export interface SelfAttentionOptions extends AttentionOptions {
  /** Stands in for the values [B, H, N, E] that are attended to. Default: none. */
  values?: (values: Tensor) => Tensor;
}

/**
 * Multi-head self-attention: [B, N, D] → [B, N, D].
 * @param size D, divisible by `heads`
 * @throws OptionError if it is not
 */
export function selfAttention(
  size: number,
  heads: number,
): Model<AttentionParams, [x: Tensor, options?: SelfAttentionOptions]> {
  const where = "nn.selfAttention";
  checkSizes(where, { size, heads });
  if (size % heads !== 0)
    throw new OptionError({ where, want: `a size divisible by ${heads} heads`, got: String(size) });
  const qkv = linear(size, 3 * size, { init: glorotUniform });
  const out = linear(size, size, { init: glorotUniform });
  return {
    init: (key) => ({ qkv: qkv.init(foldIn(key, 0)), out: out.init(foldIn(key, 1)) }),
    apply: (params, x, { values = (v: Tensor) => v, ...options } = {}) => {
      const [q, k, v] = split(qkv.apply(params.qkv, x), 3, -1).map((t) => splitHeads(t, heads));
      return out.apply(params.out, mergeHeads(attention(q!, k!, values(v!), options)));
    },
  };
}
