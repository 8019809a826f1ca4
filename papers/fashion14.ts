// The bench of the papers on guidance and steering: a class-conditional flow of Fashion-MNIST at 14 x 14, and measures of
// its pictures. Always the 10,000 images shipped with Fluxion, so that every machine measures the same.
import { linalg, random, tensor, type Tensor } from "fluxion";
import { averagePool, batches, gatherRows, loadDataset, toSigned, type ArrayData } from "fluxion/data";
import { droppedCondition, flowMlp, independentCoupling, trainFlow, type FlowMlpParams } from "fluxion/flow";
import { mlp, type LinearParams } from "fluxion/nn";
import { adam } from "fluxion/optim";
import { frechetDistance, loadFeatures, moments, train } from "fluxion/train";
import { accuracy, crossEntropy } from "./fashion-classifier.js";
import { benchOptimizer } from "./fashion7.js";

/** Shape of one image. */
export const shape = [1, 14, 14] as const;
const size = 196;

/** Stands for "no class". */
export const nullClass = 10;

/** x + time + class → 256, two residual layers of 256. */
export const network = flowMlp({ shape, classes: nullClass });

/** Pictures and their classes. */
export interface Fashion14 {
  /** float32 [10000, 1, 14, 14] in [−1, 1] */
  readonly images: ArrayData<Float32Array>;
  /** int32 [10000], 0 … 9 */
  readonly labels: ArrayData<Int32Array>;
}

/** The 10,000 images shipped with Fluxion. */
export async function loadFashion14(): Promise<Fashion14> {
  const { images, labels } = await loadDataset("fashion-mnist");
  return {
    images: averagePool(toSigned(images), 2),
    labels: { data: Int32Array.from(labels.data), shape: labels.shape },
  };
}

/** Trains the bench's flow, one class in ten dropped; gives its moving average. */
export async function trainFashion14(options: {
  data: Fashion14;
  steps: number;
  seed: number;
  signal?: AbortSignal;
}): Promise<FlowMlpParams> {
  const { data, steps, seed, ...stop } = options;
  const { ema } = await trainFlow({
    ...{ model: network.apply, params: network.init(random.key(seed)), steps, seed, ...stop },
    ...{ batchSize: 128, ema: { decay: 0.995, warmup: true }, stepsPerCall: 20, threads: 1 },
    optimizer: benchOptimizer(steps, 2e-3),
    data: { x1: data.images, cond: data.labels },
    objective: { coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond: nullClass }) },
  });
  return ema!;
}

/** `n` classes, each as often as any other. */
export const evenClasses = (n: number): ArrayData<Int32Array> => ({
  data: Int32Array.from({ length: n }, (_, i) => i % 10),
  shape: [n],
});

/** What pictures look like, before they are cut to [−1, 1]. */
export interface Look {
  /** Mean of max(|x| − 1, 0) over the pixels: what is too bright or too dark to be shown. */
  readonly outOfRange: number;
  /** Mean over the pictures of the standard deviation of their pixels. */
  readonly contrast: number;
}

/** Measures pictures [N, 1, 14, 14]. */
export function look({ data }: ArrayData<Float32Array>): Look {
  const n = data.length / size;
  let [outside, contrast] = [0, 0];
  for (let i = 0; i < n; i++) {
    const row = data.subarray(i * size, (i + 1) * size);
    const mean = row.reduce((sum, v) => sum + v, 0) / size;
    contrast += Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size);
    for (const v of row) outside += Math.max(Math.abs(v) - 1, 0);
  }
  return { outOfRange: outside / data.length, contrast: contrast / n };
}

/** Fréchet distance to real pictures along their first 20 principal components; nothing is cut to a range. */
export async function fashion14Quality(
  real: ArrayData<Float32Array>,
): Promise<(samples: ArrayData<Float32Array>) => number> {
  const kept = 20;
  const { covariance } = moments(real);
  const [, vectors] = linalg.eigh(tensor(Float64Array.from(covariance), { shape: [size, size] }));
  // Eigenvalues ascend, so the last columns are the first components.
  const basis = (await vectors.data()) as Float64Array;
  const project = ({ data }: ArrayData<Float32Array>): ArrayData<Float64Array> => {
    const n = data.length / size;
    const out = new Float64Array(n * kept);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < size; j++)
        for (let k = 0; k < kept; k++)
          out[i * kept + k]! += data[i * size + j]! * basis[j * size + (size - 1 - k)]!;
    return { data: out, shape: [n, kept] };
  };
  const target = moments(project(real));
  return (samples) => frechetDistance(target, moments(project(samples)));
}

/** Part of the pictures in which a classifier of 7 x 7 pixels, that never saw generated ones, sees their class. */
export async function seenAs(
  images: ArrayData<Float32Array>,
  classes: ArrayData<Int32Array>,
): Promise<number> {
  const net = await loadFeatures("fashion-mnist-7");
  const { data } = await net.logits(averagePool(images, 2)).finally(() => net.release());
  const right = classes.data.filter((wanted, i) => {
    const scores = data.subarray(10 * i, 10 * i + 10);
    return scores.indexOf(Math.max(...scores)) === wanted;
  });
  return right.length / classes.data.length;
}

/** Parameters of `trainClassifier14`. */
export type ClassifierParams = { layers: LinearParams[] };

/** A classifier of clean pictures, an MLP of one hidden layer, with its part of right answers on 3000 it has not seen. */
export async function trainClassifier14(options: {
  data: Fashion14;
  steps: number;
  seed: number;
  signal?: AbortSignal;
}) {
  const { data, steps, seed, ...stop } = options;
  const seen = 7000;
  const net = mlp({ inputs: size, hidden: [128], outputs: 10 });
  const logits = (params: ClassifierParams, x: Tensor): Tensor => net.apply(params, x.flatten(1));
  const rows = (indices: ArrayLike<number>) => {
    const [x, y] = [gatherRows(data.images, indices), gatherRows(data.labels, indices)];
    return { x: tensor(x.data, { shape: x.shape }), y: tensor(y.data, { shape: y.shape }) };
  };
  const { params } = await train({
    ...{
      params: net.init(random.key(seed)),
      steps,
      key: random.key(seed),
      stepsPerCall: 20,
      threads: 1,
      ...stop,
    },
    optimizer: adam({ learningRate: 1e-3 }),
    batches: (step) => rows(batches({ n: seen, batchSize: 128, seed }, step).next().value.indices),
    loss: (p: ClassifierParams, { x, y }: ReturnType<typeof rows>) => crossEntropy(logits(p, x), y),
  });
  const test = rows(Array.from({ length: 10_000 - seen }, (_, i) => seen + i));
  return { params, logits, accuracy: Number(await accuracy(logits(params, test.x), test.y).item()) };
}
