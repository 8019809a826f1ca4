import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { gelu, silu } from "../ops/activation.js";
import { add, mul } from "../ops/arithmetic.js";
import { reshape, transpose } from "../ops/movement.js";
import { selfAttention, type AttentionParams } from "./attention.js";
import { conditioning, type ConditioningParams } from "./conditioning.js";
import { gridPositions } from "./embedding.js";
import { glorotUniform, zeroInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { modulate, modulationParts } from "./modulation.js";
import { checkSizes } from "./sizes.js";
import type { Tap } from "./tap.js";

/** Options of `dit`. */
export interface DitOptions {
  /** [C, H, W] of the images. */
  image: readonly [number, number, number];
  /** Side of a patch; divides H and W. */
  patch: number;
  /** Token width D, divisible by `heads` and 4. */
  width: number;
  depth: number;
  heads: number;
  /** Hidden width of the feed-forward layers over D. Default 4. */
  expansion?: number;
  /** Number of classes; index `classes` is the null class. Default: unconditional. */
  classes?: number;
}

type BlockParams = {
  attention: AttentionParams;
  up: LinearParams;
  down: LinearParams;
  modulation: LinearParams;
};

/** Parameters of `dit`. */
export type DitParams = ConditioningParams & {
  patch: LinearParams;
  blocks: BlockParams[];
  modulation: LinearParams;
  out: LinearParams;
};

/** [B, C, H, W] → [B, N, C·p·p], patches row by row; p divides H and W. */
export function patchify(x: Tensor, p: number): Tensor {
  const [b, c, h, w] = x.shape;
  const grid = reshape(x, [b!, c!, h! / p, p, w! / p, p]);
  return reshape(transpose(grid, [0, 2, 4, 1, 3, 5]), [b!, (h! * w!) / (p * p), c! * p * p]);
}

/** The inverse of `patchify`. */
export function unpatchify(tokens: Tensor, [c, h, w]: readonly [number, number, number], p: number): Tensor {
  const grid = reshape(tokens, [tokens.shape[0]!, h / p, w / p, c, p, p]);
  return reshape(transpose(grid, [0, 3, 1, 4, 2, 5]), [tokens.shape[0]!, c, h, w]);
}

/**
 * Diffusion transformer with adaptive layer norm whose gates start at zero (adaLN-Zero).
 * @source W. Peebles & S. Xie, 2022, arXiv 2212.09748, §3.2; deviates: time features span 1…1000 rad for t in [0, 1]
 * @returns a model (params, x [B, C, H, W], t [B], class? int [B], tap?) → [B, C, H, W]; a tap sees the "value"s of each block
 * @throws OptionError for sizes that do not divide, a condition too few or too many; ShapeError for other images
 */
export function dit(options: DitOptions): Model<DitParams, [x: Tensor, t: Tensor, cond?: Tensor, tap?: Tap]> {
  const where = "nn.dit";
  checkOptions(where, options, ["image", "patch", "width", "depth", "heads", "expansion", "classes"]);
  const { image, patch: p, width: d, depth, heads, expansion = 4, classes } = options;
  const [c, h, w] = image;
  checkSizes(where, {
    channels: c,
    height: h,
    width: w,
    patch: p,
    "token width": d,
    depth,
    heads,
    expansion,
  });
  if (h % p || w % p || d % 4 || d % heads) {
    throw new OptionError({
      where,
      want: `patch dividing H and W, width divisible by 4 and by ${heads} heads`,
      got: JSON.stringify({ image, patch: p, width: d }),
    });
  }
  const patch = linear(c * p * p, d, { init: glorotUniform });
  const condition = conditioning(where, d, d, classes);
  const attention = selfAttention(d, heads);
  const up = linear(d, expansion * d, { init: glorotUniform });
  const down = linear(expansion * d, d, { init: glorotUniform });
  const modulation = linear(d, 6 * d, { init: zeroInit });
  const finalModulation = linear(d, 2 * d, { init: zeroInit });
  const out = linear(d, c * p * p, { init: zeroInit });

  const block = (params: BlockParams, x: Tensor, active: Tensor, values: (v: Tensor) => Tensor): Tensor => {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulationParts(
      modulation.apply(params.modulation, active),
      6,
    );
    const attended = attention.apply(params.attention, modulate(x, shift1!, scale1!), { values });
    const y = add(x, mul(gate1!, attended));
    const hidden = gelu(up.apply(params.up, modulate(y, shift2!, scale2!)));
    return add(y, mul(gate2!, down.apply(params.down, hidden)));
  };

  return {
    init(key) {
      const blocks = Array.from({ length: depth }, (_, i) => {
        const k = foldIn(key, 10 + i);
        return {
          attention: attention.init(foldIn(k, 0)),
          up: up.init(foldIn(k, 1)),
          down: down.init(foldIn(k, 2)),
          modulation: modulation.init(foldIn(k, 3)),
        };
      });
      return {
        patch: patch.init(foldIn(key, 0)),
        ...condition.init(key),
        blocks,
        modulation: finalModulation.init(foldIn(key, 3)),
        out: out.init(foldIn(key, 4)),
      };
    },
    apply(params, x, t, cond, tap) {
      if (!sameShape(x.shape.slice(1), image))
        throw new ShapeError({ where, want: `x [B, ${image.join(", ")}]`, got: showShape(x.shape) });
      const active = silu(condition.apply(params, t, cond));
      let tokens = add(patch.apply(params.patch, patchify(x, p)), gridPositions(h / p, w / p, d));
      params.blocks.forEach((b, i) => {
        tokens = block(b, tokens, active, (v) => tap?.("value", i, v) ?? v);
      });
      const [shift, scale] = modulationParts(finalModulation.apply(params.modulation, active), 2);
      return unpatchify(out.apply(params.out, modulate(tokens, shift!, scale!)), image, p);
    },
  };
}
