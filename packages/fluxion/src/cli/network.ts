import { OptionError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { equal, where as select } from "../ops/compare.js";
import { expandDims } from "../ops/movement.js";
import { flowMlp } from "../flow/flow-mlp.js";
import type { Prediction } from "../flow/prediction.js";
import { dit } from "../nn/dit.js";
import type { Model } from "../nn/model.js";
import { textMmDit, type TextMmDitParams } from "../nn/text-mmdit.js";
import { unet } from "../nn/unet.js";

/** A network as a run's config holds it. */
export interface NetworkConfig {
  kind: "mlp" | "dit" | "mmdit" | "unet";
  /** Units (mlp), token width (dit, mmdit) or channels of the finest level (unet). */
  width: number;
  /** Layers (mlp), blocks (dit, mmdit) or levels (unet). */
  depth: number;
  /** Number of classes; 0: unconditional. */
  classes: number;
}

/**
 * What a network gives. An mlp is narrower than an image, so that noise cannot pass through it: on images it predicts
 * the data, which it can, and the sampler takes the velocity from that.
 */
export const predictionOf = ({ kind }: NetworkConfig, shape: Shape): Prediction =>
  kind === "mlp" && shape.length === 3 ? "data" : "velocity";

/** A network over any tree of parameters. */
export type Network = Model<unknown, [x: Tensor, t: Tensor, cond?: Tensor]>;

/** Widths and depths that train within minutes on a laptop. */
const defaults = {
  mlp: { width: 256, depth: 3 },
  dit: { width: 64, depth: 3 },
  mmdit: { width: 64, depth: 3 },
  unet: { width: 16, depth: 3 },
} as const;

/** What --model may be. */
export const networkKinds = Object.keys(defaults) as (keyof typeof defaults)[];

/** The config for these options; images get a dit, points an mlp. @throws OptionError for an unknown kind */
export function networkConfig(
  shape: Shape,
  wanted: {
    kind?: string | undefined;
    width?: number | undefined;
    depth?: number | undefined;
    classes?: number | undefined;
  },
): NetworkConfig {
  const kind = wanted.kind ?? (shape.length === 3 ? "dit" : "mlp");
  if (!Object.hasOwn(defaults, kind)) {
    throw new OptionError({ where: "--model", want: Object.keys(defaults).join(", "), got: kind });
  }
  if (kind !== "mlp" && shape.length !== 3) {
    throw new OptionError({ where: "--model", want: "mlp for points", got: kind });
  }
  if (kind === "mmdit" && !wanted.classes) {
    const hint = "add --conditional";
    throw new OptionError({ where: "--model mmdit", want: "a conditional flow", got: "no classes", hint });
  }
  const { width, depth } = defaults[kind as keyof typeof defaults];
  return {
    kind: kind as NetworkConfig["kind"],
    width: wanted.width ?? width,
    depth: wanted.depth ?? depth,
    classes: wanted.classes ?? 0,
  };
}

/** The two-stream transformer with a class as its one word; "no class" is a text without a word. */
function classMmDit(
  image: readonly [number, number, number],
  width: number,
  depth: number,
  classes: number,
): Model<TextMmDitParams, [x: Tensor, t: Tensor, cond?: Tensor]> {
  const patch = [4, 2, 7, 1].find((p) => image[1] % p === 0 && image[2] % p === 0)!;
  const net = textMmDit({
    ...{ image, patch, width, depth, heads: 4, expansion: 2, timeFeatures: width },
    ...{ vocabulary: classes + 1, length: 1 },
  });
  return {
    init: net.init,
    apply: (params, x, t, cond) =>
      net.apply(params, x, t, cond && expandDims(select(equal(cond, classes), 0, add(cond, 1)), 1)),
  };
}

/** The network of a config for examples of `shape`: [C, H, W] or [D]. */
export function buildNetwork({ kind, width, depth, classes }: NetworkConfig, shape: Shape): Network {
  const conditional = classes > 0 ? { classes } : {};
  if (kind === "mlp") return flowMlp({ shape, width, depth, ...conditional }) as Network;
  const [c, h, w] = shape as [number, number, number];
  if (kind === "dit") {
    const patch = [4, 2, 7, 1].find((p) => h % p === 0 && w % p === 0)!;
    return dit({ image: [c, h, w], patch, width, depth, heads: 4, expansion: 2, ...conditional }) as Network;
  }
  if (kind === "mmdit") return classMmDit([c, h, w], width, depth, classes) as Network;
  const widths = Array.from({ length: depth }, (_, i) => width * 2 ** i);
  return unet({ channels: c, widths, ...conditional }) as Network;
}
