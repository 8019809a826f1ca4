import { checkOptions, OptionError } from "../core/errors.js";
import { keys } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { embedding } from "../nn/embedding.js";
import { sinusoidal } from "../nn/embedding.js";
import { fourierFeatures } from "../nn/fourier-features.js";
import { zeroInit } from "../nn/initializers.js";
import { linear, type LinearParams } from "../nn/linear.js";
import type { Model } from "../nn/model.js";
import { textEncoder, type TextEncoderParams } from "../nn/text-encoder.js";
import { silu } from "../ops/activation.js";
import { add } from "../ops/arithmetic.js";
import { sizeOf } from "../core/shape.js";
import type { Shape } from "../core/shape.js";
import { concat, flatten, reshape } from "../ops/movement.js";

/** Options of `flowMlp`. */
export interface FlowMlpOptions {
  /** Shape of one example without the batch axis: [2] for points, [1, 7, 7] for small images. */
  shape: Shape;
  /** Hidden units. Default 256. */
  width?: number;
  /** Residual layers. Default 2. */
  depth?: number;
  /** Sinusoidal features of t, an even number. Default 32. */
  timeFeatures?: number;
  /** Fixed random waves across space whose sines and cosines the network sees besides x: for fine structure. Default 0. */
  waves?: number;
  /** Number K of classes; the condition is then int [B] in 0 … K, where K means "no class". Default 0: unconditional. */
  classes?: number;
  /** Texts of that many words from a vocabulary; the condition is then int [B, length], all 0 for "no text". Default: none. */
  text?: { vocabulary: number; length: number };
}

/** Parameters of `flowMlp`. */
export type FlowMlpParams = {
  input: LinearParams;
  time: LinearParams;
  layers: LinearParams[];
  output: LinearParams;
  classes?: { table: Tensor };
  text?: TextEncoderParams;
};

/**
 * A small network for flows of points and tiny images: silu(W·[x, waves(x)] + U·features(t) + condition), then residual layers
 * h + silu(W·h), then a linear output that starts at 0.
 * @returns a model (params, x [B, ...], t [B], classes [B] or texts [B, length], if any) → as x
 * @throws OptionError
 */
export function flowMlp(
  options: FlowMlpOptions,
): Model<FlowMlpParams, [x: Tensor, t: Tensor, cond?: Tensor]> {
  const where = "flow.flowMlp";
  checkOptions(where, options, ["shape", "width", "depth", "timeFeatures", "waves", "classes", "text"]);
  const { shape, width = 256, depth = 2, timeFeatures = 32, waves = 0, classes = 0, text } = options;
  const sizes = [...shape, width, depth + 1, timeFeatures / 2, waves + 1, classes + 1];
  if (!sizes.every((n) => Number.isInteger(n) && n >= 1)) {
    const got = `shape [${shape.join(", ")}], width ${width}, depth ${depth}, timeFeatures ${timeFeatures}, waves ${waves}, classes ${classes}`;
    throw new OptionError({ where, want: "whole sizes, timeFeatures even", got });
  }
  if (text && classes > 0) throw new OptionError({ where, want: "classes or text", got: "both" });
  const size = sizeOf(shape);
  const [input, time] = [linear(size + 2 * waves, width), linear(timeFeatures, width)];
  const layers = Array.from({ length: depth }, () => linear(width, width));
  const output = linear(width, size, { init: zeroInit });
  const encoder = text && textEncoder({ ...text, width });
  const table = classes > 0 ? embedding(classes, width, { nullClass: true }) : undefined;
  return {
    init(key) {
      const [first, second, third, ...rest] = keys(key, depth + 4);
      return {
        input: input.init(first!),
        time: time.init(second!),
        layers: layers.map((layer, i) => layer.init(rest[i]!)),
        output: output.init(third!),
        ...(table ? { classes: table.init(rest[depth]!) } : {}),
        ...(encoder ? { text: encoder.init(rest[depth]!) } : {}),
      };
    },
    apply(params, x, t, cond) {
      if ((cond === undefined) !== (table === undefined && encoder === undefined)) {
        const want = table
          ? "a class for every example"
          : encoder
            ? "a text for every example"
            : "no condition";
        throw new OptionError({ where, want, got: cond ? String(cond) : "none" });
      }
      const flat = flatten(x, 1);
      const seen = waves > 0 ? concat([flat, fourierFeatures(flat, waves)], 1) : flat;
      let h = add(input.apply(params.input, seen), time.apply(params.time, sinusoidal(t, timeFeatures)));
      if (table && cond) h = add(h, table.apply(params.classes!, cond));
      if (encoder && cond) h = add(h, encoder.apply(params.text!, cond));
      h = silu(h);
      layers.forEach((layer, i) => (h = add(h, silu(layer.apply(params.layers[i]!, h)))));
      return reshape(output.apply(params.output, h), x.shape);
    },
  };
}
