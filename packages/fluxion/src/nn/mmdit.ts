import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { silu } from "../ops/activation.js";
import { add } from "../ops/arithmetic.js";
import { patchify, unpatchify } from "./dit.js";
import { gridPositions, sinusoidal } from "./embedding.js";
import { glorotUniform, zeroInit } from "./initializers.js";
import { jointBlock, type JointBlockOptions, type JointBlockParams, type Streams } from "./joint-block.js";
import { linear, type LinearParams } from "./linear.js";
import { mlp } from "./mlp.js";
import type { Model } from "./model.js";
import { modulate, modulationParts } from "./modulation.js";
import { checkSizes } from "./sizes.js";

/** Options of `mmDit`. */
export interface MmDitOptions extends Omit<JointBlockOptions, "last"> {
  /** [C, H, W] of the images. */
  image: readonly [number, number, number];
  /** Side of a patch; divides H and W. Default 2. */
  patch?: number;
  /** Token width D, divisible by `heads` and 4. */
  width: number;
  depth: number;
  /** Features of a context token. */
  contextSize: number;
  /** Features of the pooled context. */
  pooledSize: number;
  /** Sinusoidal features of t, an even number. Default 256. */
  timeFeatures?: number;
}

/** What an image is to show: tokens [B, L, contextSize] and a summary of them [B, pooledSize]. */
export type MmDitCondition = { context: Tensor; pooled: Tensor };

/** Parameters of `mmDit`. */
export type MmDitParams = {
  patch: LinearParams;
  context: LinearParams;
  time: { layers: LinearParams[] };
  pooled: { layers: LinearParams[] };
  blocks: JointBlockParams[];
  modulation: LinearParams;
  out: LinearParams;
};

/**
 * Multimodal diffusion transformer: image patches and context tokens go through `jointBlock`s, time and pooled context
 * modulate both; the last block takes from the context only. Only image tokens have positions, so an order of the
 * context must be in its tokens. Starts at zero.
 * @returns a model (params, x [B, C, H, W], t [B], condition) → [B, C, H, W]
 * @throws OptionError for sizes that do not divide; ShapeError for other images or conditions
 * @source P. Esser et al., 2024, arXiv 2403.03206, Fig. 2 and Appendix B; deviates: width and heads are free (the paper
 *   has 64·depth and depth), time features span 0.1 … 1000 rad for t in [0, 1]
 */
export function mmDit(
  options: MmDitOptions,
): Model<MmDitParams, [x: Tensor, t: Tensor, cond: MmDitCondition]> {
  const where = "nn.mmDit";
  const { image, patch: p = 2, depth, contextSize, pooledSize, timeFeatures = 256, ...block } = options;
  checkOptions(where, block, ["width", "heads", "expansion", "qkNorm", "streams"]);
  const d = block.width;
  const [c, h, w] = image;
  checkSizes(where, {
    ...{ channels: c, height: h, width: w, patch: p, depth, contextSize, pooledSize },
    "timeFeatures / 2": timeFeatures / 2,
  });
  if (h % p || w % p || d % 4) {
    const want = "patch dividing H and W, width divisible by 4";
    throw new OptionError({ where, want, got: JSON.stringify({ image, patch: p, width: d }) });
  }
  const patch = linear(c * p * p, d, { init: glorotUniform });
  const words = linear(contextSize, d, { init: glorotUniform });
  const time = mlp({ inputs: timeFeatures, hidden: [d], outputs: d });
  const summary = mlp({ inputs: pooledSize, hidden: [d], outputs: d });
  const blocks = Array.from({ length: depth }, (_, i) => jointBlock({ ...block, last: i === depth - 1 }));
  const modulation = linear(d, 2 * d, { init: zeroInit });
  const out = linear(d, c * p * p, { init: zeroInit });

  return {
    init: (key) => ({
      patch: patch.init(foldIn(key, 0)),
      context: words.init(foldIn(key, 1)),
      time: time.init(foldIn(key, 2)),
      pooled: summary.init(foldIn(key, 3)),
      blocks: blocks.map((b, i) => b.init(foldIn(key, 10 + i))),
      modulation: modulation.init(foldIn(key, 4)),
      out: out.init(foldIn(key, 5)),
    }),
    apply(params, x, t, { context, pooled }) {
      const batch = x.shape[0]!;
      const rank = context.rank === 3 && context.shape[2] === contextSize && context.shape[0] === batch;
      if (!sameShape(x.shape.slice(1), image))
        throw new ShapeError({ where, want: `x [B, ${image.join(", ")}]`, got: showShape(x.shape) });
      if (!rank || !sameShape(pooled.shape, [batch, pooledSize])) {
        const want = `context [${batch}, L, ${contextSize}], pooled [${batch}, ${pooledSize}]`;
        const got = `${showShape(context.shape)}, ${showShape(pooled.shape)}`;
        throw new ShapeError({ where, want, got });
      }
      const moment = time.apply(params.time, sinusoidal(t, timeFeatures, { min: 0.1 }));
      const active = silu(add(moment, summary.apply(params.pooled, pooled)));
      const patches = add(patch.apply(params.patch, patchify(x, p)), gridPositions(h / p, w / p, d));
      const start: Streams = { image: patches, context: words.apply(params.context, context) };
      const end = blocks.reduce((now, b, i) => b.apply(params.blocks[i]!, now, active), start);
      const [shift, scale] = modulationParts(modulation.apply(params.modulation, active), 2);
      return unpatchify(out.apply(params.out, modulate(end.image, shift!, scale!)), image, p);
    },
  };
}
