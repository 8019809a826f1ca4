import { runtime } from "#runtime";
import { device } from "../compile/device.js";
import type { RuntimeSession } from "../compile/runtime.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { rowLength, type ArrayData } from "../data/array-data.js";
import { readAsset, type AssetName } from "../data/assets.js";

/** A trained classifier of an embedded data set, for distances between sets of images that mean something. */
export interface FeatureNetwork {
  /** Shape of one example: [C, H, W]. */
  readonly shape: readonly number[];
  /** Number of features. */
  readonly size: number;
  /** Features before the last layer. @param images float32 [N, ...shape] in [−1, 1] @returns float32 [N, size] */
  features(images: ArrayData<Float32Array>): Promise<ArrayData<Float32Array>>;
  /** Scores of the classes. @param images float32 [N, ...shape] in [−1, 1] @returns float32 [N, K] */
  logits(images: ArrayData<Float32Array>): Promise<ArrayData<Float32Array>>;
  release(): Promise<void>;
}

const networks = {
  /** 28 x 28 images: two convolutions of stride 2, then 64 units. */
  "fashion-mnist": { asset: "features/fashion-mnist.onnx", shape: [1, 28, 28] },
  /** 4 x 4 means of them, 7 x 7: an MLP 49-128-64. */
  "fashion-mnist-7": { asset: "features/fashion-mnist-7.onnx", shape: [1, 7, 7] },
} as const satisfies Record<string, { asset: AssetName; shape: readonly number[] }>;

/** Name of a feature network. */
export type FeatureNetworkName = keyof typeof networks;

/** The names that `loadFeatures` knows. */
export const featureNetworkNames = Object.keys(networks) as FeatureNetworkName[];

const size = 64;
const classes = 10;
/** Images in one call. */
const chunk = 1000;

/**
 * Loads a classifier that Fluxion trained itself (`scripts/train-features.mts`; accuracies in `assets/README.md`) and
 * ships as ONNX. The Fréchet distance of its features is what "FD" means in Fluxion's tables; it is comparable with
 * itself only, not with published FIDs.
 * @throws OptionError for an unknown name
 */
export async function loadFeatures(name: FeatureNetworkName): Promise<FeatureNetwork> {
  const where = "train.loadFeatures";
  if (!Object.hasOwn(networks, name)) {
    throw new OptionError({ where, want: `one of ${featureNetworkNames.join(", ")}`, got: String(name) });
  }
  const { asset, shape } = networks[name];
  const session = await runtime.load(await readAsset(asset), ["images"], ["features", "logits"], {
    device: device(await runtime.devices()),
  });
  const part = async (images: ArrayData<Float32Array>, output: 0 | 1): Promise<ArrayData<Float32Array>> => {
    rowLength(where, images);
    const [n, ...rest] = images.shape;
    if (rest.join() !== shape.join()) {
      throw new ShapeError({ where, want: `[N, ${shape.join(", ")}]`, got: `[${images.shape.join(", ")}]` });
    }
    const width = output === 0 ? size : classes;
    const out = new Float32Array(n! * width);
    for (let from = 0; from < n!; from += chunk) {
      const rows = await run(session, images, from, Math.min(from + chunk, n!), output);
      out.set(rows, from * width);
    }
    return { data: out, shape: [n!, width] };
  };
  return {
    shape,
    size,
    features: (images) => part(images, 0),
    logits: (images) => part(images, 1),
    release: () => session.release(),
  };
}

async function run(
  session: RuntimeSession,
  { data, shape: [, ...example] }: ArrayData<Float32Array>,
  from: number,
  to: number,
  output: 0 | 1,
): Promise<Float32Array> {
  const row = example.reduce((a, b) => a * b, 1);
  // A view would drag the whole array into the runtime.
  const host = data.slice(from * row, to * row);
  const storage = { host, read: () => Promise.resolve(host) };
  const outputs = await session.run([{ storage, dtype: "float32", shape: [to - from, ...example] }]);
  return (await outputs[output]!.read()) as Float32Array;
}
