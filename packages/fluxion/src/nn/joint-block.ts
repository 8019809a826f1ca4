import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { gelu } from "../ops/activation.js";
import { add, mul } from "../ops/arithmetic.js";
import { attention } from "../ops/attention.js";
import { concat, narrow, split } from "../ops/movement.js";
import { mergeHeads, splitHeads } from "./attention.js";
import { glorotUniform, zeroInit } from "./initializers.js";
import { linear, type LinearParams } from "./linear.js";
import { modulate, modulationParts } from "./modulation.js";
import { layerNorm, rmsNorm } from "./norm.js";
import { checkSizes } from "./sizes.js";

type ScaleParams = { scale: Tensor; bias?: Tensor };
/** Weights that the queries and keys of a stream are normalised with, each over a head's E features. */
type QkNormParams = { query?: ScaleParams; key: ScaleParams };

/** Weights of one stream of a `jointBlock`; a stream that only gives keys and values has no more than three of them. */
export type StreamParams = {
  modulation: LinearParams;
  qkv: LinearParams;
  norm?: QkNormParams;
  out?: LinearParams;
  up?: LinearParams;
  down?: LinearParams;
};

/** Parameters of `jointBlock`; without `context` both streams share those of the image. */
export type JointBlockParams = { image: StreamParams; context?: StreamParams };

/** Options of `jointBlock`. */
export interface JointBlockOptions {
  /** Token width D, divisible by `heads`. */
  width: number;
  heads: number;
  /** Hidden width of the feed-forward layers over D. Default 4. */
  expansion?: number;
  /** Normalisation of queries and keys, by head. Default "rms". */
  qkNorm?: "rms" | "layer" | "none";
  /** Whether image and context have their own weights; default "separate". */
  streams?: "separate" | "shared";
  /** Whether the context goes no further: it gives keys and values, and nothing comes back. Default false. */
  last?: boolean;
}

/** Image and context tokens, [B, N, D] and [B, L, D]. */
export type Streams = { image: Tensor; context: Tensor };

/** A block: as a `Model`, of two streams. */
export interface JointBlock {
  readonly init: (key: Tensor) => JointBlockParams;
  /**
   * @param active what modulates both streams, [B, D]
   * @returns both streams; the last block gives the context back as it was
   */
  readonly apply: (params: JointBlockParams, streams: Streams, active: Tensor) => Streams;
}

/**
 * A transformer block of two streams, each with its own weights and modulation, that meet in one attention over the
 * context and the image together. Gates start at zero: the block begins as the identity.
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, Fig. 2b and §5.3.2 (QK normalisation); deviates: the size of a head
 *   is free, GELU is exact, and layer norms add 1e-5 to the variance
 */
export function jointBlock(options: JointBlockOptions): JointBlock {
  const where = "nn.jointBlock";
  checkOptions(where, options, ["width", "heads", "expansion", "qkNorm", "streams", "last"]);
  const { width: d, heads, expansion = 4, qkNorm = "rms", streams = "separate", last = false } = options;
  checkSizes(where, { "token width": d, heads, expansion });
  if (d % heads)
    throw new OptionError({ where, want: `a width divisible by ${heads} heads`, got: String(d) });
  if (!["rms", "layer", "none"].includes(qkNorm))
    throw new OptionError({ where, want: 'qkNorm "rms", "layer" or "none"', got: String(qkNorm) });
  if (streams !== "separate" && streams !== "shared")
    throw new OptionError({ where, want: 'streams "separate" or "shared"', got: String(streams) });
  const norms = {
    rms: () => rmsNorm(d / heads, { epsilon: 1e-6 }),
    layer: () => layerNorm(d / heads, { epsilon: 1e-6 }),
    none: () => undefined,
  };
  const norm = norms[qkNorm]();
  const qkv = linear(d, 3 * d, { init: glorotUniform });
  const out = linear(d, d, { init: glorotUniform });
  const up = linear(d, expansion * d, { init: glorotUniform });
  const down = linear(expansion * d, d, { init: glorotUniform });
  const modulation = (only: boolean) => linear(d, (only ? 2 : 6) * d, { init: zeroInit });

  const stream = (key: Tensor, only: boolean): StreamParams => ({
    modulation: modulation(only).init(foldIn(key, 0)),
    qkv: qkv.init(foldIn(key, 1)),
    ...(norm ? { norm: { ...(only ? {} : { query: norm.init(key) }), key: norm.init(key) } } : {}),
    ...(only
      ? {}
      : { out: out.init(foldIn(key, 2)), up: up.init(foldIn(key, 3)), down: down.init(foldIn(key, 4)) }),
  });
  const normed = (x: Tensor, weights: ScaleParams | undefined): Tensor =>
    norm && weights ? norm.apply(weights as never, x) : x;

  /** What a stream brings to the attention, and how what it gets from there changes it. */
  const enter = (params: StreamParams, x: Tensor, active: Tensor) => {
    const only = params.out === undefined;
    const m = modulationParts(modulation(only).apply(params.modulation, active), only ? 2 : 6);
    const parts = split(qkv.apply(params.qkv, modulate(x, m[0]!, m[1]!)), 3, -1);
    const [q, k, v] = parts.map((part) => splitHeads(part, heads));
    const leave = (attended: Tensor): Tensor => {
      if (!params.out || !params.up || !params.down) return x;
      const y = add(x, mul(m[2]!, out.apply(params.out, mergeHeads(attended))));
      const hidden = gelu(up.apply(params.up, modulate(y, m[3]!, m[4]!)));
      return add(y, mul(m[5]!, down.apply(params.down, hidden)));
    };
    return { q: normed(q!, params.norm?.query), k: normed(k!, params.norm?.key), v: v!, leave };
  };

  return {
    init: (key) => ({
      image: stream(foldIn(key, 0), false),
      ...(streams === "separate" ? { context: stream(foldIn(key, 1), last) } : {}),
    }),
    apply(params, { image, context }, active) {
      const a = enter(params.context ?? params.image, context, active);
      const b = enter(params.image, image, active);
      const [k, v] = (["k", "v"] as const).map((name) => concat([a[name], b[name]], 2));
      // Nothing asks what the last context would have looked for.
      if (last) return { image: b.leave(attention(b.q, k!, v!)), context };
      const words = context.shape[1]!;
      const attended = attention(concat([a.q, b.q], 2), k!, v!);
      const part = (from: number, to: number): Tensor => narrow(attended, 2, from, to);
      return {
        image: b.leave(part(words, words + image.shape[1]!)),
        context: a.leave(part(0, words)),
      };
    },
  };
}
