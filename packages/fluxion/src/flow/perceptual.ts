import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { readAsset } from "../data/assets.js";
import { importOnnx } from "../onnx/import.js";
import { add, div, sub } from "../ops/arithmetic.js";
import { norm } from "../ops/statistics.js";
import { resize } from "../ops/resize.js";
import { l2, scaledPseudoHuber, type Metric } from "./metric.js";
import type { LossTerm } from "./objective.js";

/** Features of images [B, ...], at one layer or several: each [B, ...]. Differentiable. */
export type FeatureFunction = (images: Tensor) => Tensor | readonly Tensor[];

/** Options of `perceptual`. */
export interface PerceptualOptions {
  /** Distance of the features; those of several layers are summed. Default `l2()`. */
  metric?: Metric;
  /** Whether features are brought to length 1 along the channels (axis 1) before, as in LPIPS. Default false. */
  normalise?: boolean;
  /** Side, or height and width, that images [B, C, H, W] are resized to before, bilinearly. Default: as they are. */
  size?: number | readonly number[];
}

/**
 * Distance of images as a feature network sees them.
 * @throws OptionError
 * @source R. Zhang et al., 2018, arXiv 1801.03924, eq. 1; deviates: all channels weigh the same
 */
export function perceptual(features: FeatureFunction, options: PerceptualOptions = {}): Metric {
  checkOptions("flow.perceptual", options, ["metric", "normalise", "size"]);
  const { metric = l2(), normalise = false, size } = options;
  const layers = (images: Tensor): readonly Tensor[] => {
    const out = features(size === undefined ? images : resize(images, size, { mode: "bilinear" }));
    const list = Array.isArray(out) ? (out as readonly Tensor[]) : [out as Tensor];
    return normalise ? list.map((f) => div(f, add(norm(f, 1, { keepDims: true }), 1e-10))) : list;
  };
  return (prediction, target) => {
    const seen = layers(target);
    return layers(prediction)
      .map((f, i) => metric(f, seen[i]!))
      .reduce((a, b) => add(a, b));
  };
}

/**
 * Features from an ONNX file with one input, weights fixed: any network, from anywhere.
 * @param bytes the file; see `importOnnx`
 * @param outputs names of the outputs to take. Default: the first
 * @throws OptionError for an unknown output or several inputs; FormatError, CompileError as `importOnnx`
 */
export function onnxFeatures(bytes: Uint8Array, outputs?: readonly string[]): FeatureFunction {
  const where = "flow.onnxFeatures";
  const model = importOnnx(bytes, { where });
  const known = model.outputs.map((v) => v.name);
  const wanted = outputs ?? known.slice(0, 1);
  const bad = wanted.find((name) => !known.includes(name));
  if (bad !== undefined || wanted.length === 0)
    throw new OptionError({ where, want: `outputs among ${known.join(", ")}`, got: bad ?? "none" });
  if (model.inputs.length !== 1)
    throw new OptionError({ where, want: "a model of one input", got: String(model.inputs.length) });
  return (images) => {
    const all = model.apply(model.params, images);
    return wanted.map((name) => all[known.indexOf(name)]!);
  };
}

/**
 * Features to compare images by that Fluxion ships: of 7 x 7 Fashion-MNIST, the first layer (128 units) of a classifier
 * other than the one that `loadFeatures` measures with.
 * @throws OptionError for an unknown name
 */
export async function loadPerceptual(name: "fashion-mnist-7"): Promise<FeatureFunction> {
  if ((name as string) !== "fashion-mnist-7")
    throw new OptionError({ where: "flow.loadPerceptual", want: "fashion-mnist-7", got: String(name) });
  return onnxFeatures(await readAsset("features/fashion-mnist-7-perceptual.onnx"), ["hidden"]);
}

/** Options of `lpipsHuber`. */
export interface LpipsHuberOptions {
  /** Of the pseudo-Huber; see `scaledPseudoHuber`. Default 0.00054. */
  width?: number;
  /** Whether the perceptual distance is divided by the distance 1 − t from the data. Default true. */
  divide?: boolean;
}

/**
 * The loss t·huber(velocity) + perceptual(data)/(1 − t), as terms of an objective on the linear path: near the data the
 * velocity counts, near the noise how the image looks.
 * @param distance of images, e.g. `perceptual(onnxFeatures(bytes))`
 * @throws OptionError
 * @source S. Lee et al., 2024, arXiv 2405.20320 (LPIPS-Huber and LPIPS-Huber-1/t); deviates: our t is their 1 − t
 */
export function lpipsHuber(distance: Metric, options: LpipsHuberOptions = {}): readonly LossTerm[] {
  checkOptions("flow.lpipsHuber", options, ["width", "divide"]);
  const { width, divide = true } = options;
  return [
    { space: "velocity", metric: scaledPseudoHuber(width), weight: (t) => t },
    { space: "data", metric: distance, ...(divide ? { weight: (t: Tensor) => div(1, sub(1, t)) } : {}) },
  ];
}
