import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { silu } from "../ops/activation.js";
import { add, mul } from "../ops/arithmetic.js";
import { concat, reshape, split, transpose } from "../ops/movement.js";
import { resize } from "../ops/resize.js";
import { selfAttention, type AttentionParams } from "./attention.js";
import { conditioning, type ConditioningParams } from "./conditioning.js";
import { conv, type ConvParams } from "./conv.js";
import { zeroInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import type { Model } from "./model.js";
import { groupNorm, type NormParams } from "./norm.js";
import { checkSizes } from "./sizes.js";

/** Options of `unet`. */
export interface UnetOptions {
  /** Channels of the images. */
  channels: number;
  /** Channels of each level, finest first; every level halves the resolution of the one before. Default [32, 64, 128]. */
  widths?: readonly number[];
  /** Residual blocks per level on the way down (as many on the way up). Default 1. */
  blocks?: number;
  /** Self-attention at the coarsest level. Default false. */
  attention?: boolean;
  /** Groups of the group norms; divides every width. Default 8. */
  groups?: number;
  /** Number of classes; index `classes` is the null class. Default: unconditional. */
  classes?: number;
}

type BlockParams = {
  norm1: NormParams;
  conv1: ConvParams;
  time: LinearParams;
  norm2: NormParams;
  conv2: ConvParams;
  skip?: ConvParams;
};

/** Parameters of `unet`. */
export type UnetParams = ConditioningParams & {
  stem: ConvParams;
  down: { blocks: BlockParams[]; shrink?: ConvParams }[];
  middle: { first: BlockParams; norm?: NormParams; attention?: AttentionParams; second: BlockParams };
  up: { blocks: BlockParams[]; grow?: ConvParams }[];
  norm: NormParams;
  out: ConvParams;
};

/** A residual block with the time vector as scale and shift of its second norm: [B, inputs, H, W] → [B, outputs, H, W]. */
function residual(
  inputs: number,
  outputs: number,
  timeSize: number,
  groups: number,
): Model<BlockParams, [x: Tensor, time: Tensor]> {
  const norm1 = groupNorm(groups, inputs);
  const conv1 = conv(inputs, outputs);
  const time = linear(timeSize, 2 * outputs);
  const norm2 = groupNorm(groups, outputs);
  const conv2 = conv(outputs, outputs, { init: zeroInit });
  const skip = inputs === outputs ? undefined : conv(inputs, outputs, { kernel: 1 });
  return {
    init: (key) => ({
      norm1: norm1.init(key),
      conv1: conv1.init(foldIn(key, 0)),
      time: time.init(foldIn(key, 1)),
      norm2: norm2.init(key),
      conv2: conv2.init(foldIn(key, 2)),
      ...(skip ? { skip: skip.init(foldIn(key, 3)) } : {}),
    }),
    apply(params, x, t) {
      const h = conv1.apply(params.conv1, silu(norm1.apply(params.norm1, x)));
      const [scale, shift] = split(
        reshape(time.apply(params.time, t), [x.shape[0]!, 2 * outputs, 1, 1]),
        2,
        1,
      );
      const y = add(mul(norm2.apply(params.norm2, h), add(scale!, 1)), shift!);
      const side = skip && params.skip ? skip.apply(params.skip, x) : x;
      return add(side, conv2.apply(params.conv2, silu(y)));
    },
  };
}

/** Heads of the self-attention. */
const HEADS = 4;

/**
 * Convolutional U-Net with residual blocks and time (and class) conditioning.
 * @returns a model (params, x [B, C, H, W], t [B], class? int [B]) → [B, C, H, W]; H and W divisible by
 *   2^(levels − 1)
 * @throws OptionError for widths that the groups (with attention, the 4 heads) do not divide, a condition too few or
 *   too many; ShapeError for images that cannot be halved so often
 * @source O. Ronneberger et al., 2015, arXiv 1505.04597, fig. 1; deviates: the residual blocks with scale and shift by
 *   time of P. Dhariwal & A. Nichol, 2021, arXiv 2105.05233, §3; "same" padding, strided convolutions between levels
 */
export function unet(options: UnetOptions): Model<UnetParams, [x: Tensor, t: Tensor, cond?: Tensor]> {
  const where = "nn.unet";
  checkOptions(where, options, ["channels", "widths", "blocks", "attention", "groups", "classes"]);
  const { channels, widths = [32, 64, 128], blocks = 1, attention = false, groups = 8, classes } = options;
  const named = Object.fromEntries(widths.map((w, i) => [`widths[${i}]`, w]));
  checkSizes(where, { channels, blocks, groups, levels: widths.length, ...named });
  const [finest, last] = [widths[0]!, widths[widths.length - 1]!];
  if (widths.some((w) => w % groups) || finest % 2 || (attention && last % HEADS)) {
    const heads = attention ? `, the last by ${HEADS} heads` : "";
    const want = `widths divisible by ${groups} groups, the first even${heads}`;
    throw new OptionError({ where, want, got: widths.join(", ") });
  }
  const timeSize = 4 * finest;
  const condition = conditioning(where, finest, timeSize, classes);
  const stem = conv(channels, finest);
  const range = Array.from({ length: blocks }, (_, i) => i);
  const down = widths.map((w, level) => ({
    blocks: range.map((i) => residual(i === 0 ? widths[Math.max(0, level - 1)]! : w, w, timeSize, groups)),
    shrink: level < widths.length - 1 ? conv(w, w, { stride: 2, padding: 1 }) : undefined,
  }));
  const first = residual(last, last, timeSize, groups);
  const middleNorm = attention ? groupNorm(groups, last) : undefined;
  const middle = attention ? selfAttention(last, HEADS) : undefined;
  const second = residual(last, last, timeSize, groups);
  // On the way up every block takes the skip of its twin on the way down.
  const up = [...widths].reverse().map((w, i, all) => ({
    blocks: range.map(() => residual(2 * w, w, timeSize, groups)),
    grow: i < all.length - 1 ? conv(w, all[i + 1]!) : undefined,
  }));
  const norm = groupNorm(groups, finest);
  const out = conv(finest, channels, { init: zeroInit });

  return {
    init(key) {
      const level = (base: number, i: number): Tensor => foldIn(foldIn(key, base), i);
      return {
        ...condition.init(key),
        stem: stem.init(foldIn(key, 0)),
        down: down.map((d, i) => ({
          blocks: d.blocks.map((b, k) => b.init(foldIn(level(3, i), k))),
          ...(d.shrink ? { shrink: d.shrink.init(foldIn(level(3, i), blocks)) } : {}),
        })),
        middle: {
          first: first.init(foldIn(key, 4)),
          ...(middle && middleNorm
            ? { norm: middleNorm.init(key), attention: middle.init(foldIn(key, 5)) }
            : {}),
          second: second.init(foldIn(key, 6)),
        },
        up: up.map((u, i) => ({
          blocks: u.blocks.map((b, k) => b.init(foldIn(level(7, i), k))),
          ...(u.grow ? { grow: u.grow.init(foldIn(level(7, i), blocks)) } : {}),
        })),
        norm: norm.init(key),
        out: out.init(foldIn(key, 8)),
      };
    },
    apply(params, x, t, cond) {
      const factor = 2 ** (widths.length - 1);
      if (x.rank !== 4 || x.shape[1] !== channels || x.shape.slice(2).some((n) => n % factor)) {
        const want = `x [B, ${channels}, H, W], H and W divisible by ${factor}`;
        throw new ShapeError({ where, want, got: showShape(x.shape) });
      }
      const active = silu(condition.apply(params, t, cond));
      let h = stem.apply(params.stem, x);
      const skips: Tensor[] = [];
      down.forEach((d, i) => {
        const p = params.down[i]!;
        d.blocks.forEach((b, k) => skips.push((h = b.apply(p.blocks[k]!, h, active))));
        if (d.shrink && p.shrink) h = d.shrink.apply(p.shrink, h);
      });
      h = first.apply(params.middle.first, h, active);
      if (middle && middleNorm && params.middle.attention && params.middle.norm) {
        const [b, c, height, width] = h.shape;
        const tokens = transpose(
          reshape(middleNorm.apply(params.middle.norm, h), [b!, c!, height! * width!]),
          [0, 2, 1],
        );
        const mixed = middle.apply(params.middle.attention, tokens);
        h = add(h, reshape(transpose(mixed, [0, 2, 1]), [b!, c!, height!, width!]));
      }
      h = second.apply(params.middle.second, h, active);
      up.forEach((u, i) => {
        const p = params.up[i]!;
        u.blocks.forEach((b, k) => (h = b.apply(p.blocks[k]!, concat([h, skips.pop()!], 1), active)));
        if (u.grow && p.grow) h = u.grow.apply(p.grow, doubled(h));
      });
      return out.apply(params.out, silu(norm.apply(params.norm, h)));
    },
  };
}

/** Every pixel twice along both axes: [B, C, H, W] → [B, C, 2H, 2W]. */
const doubled = (x: Tensor): Tensor => resize(x, [2 * x.shape[2]!, 2 * x.shape[3]!], { mode: "nearest" });
