// The bench that the optimizer papers share: Fashion-MNIST as a classification task with parts for training, tuning and
// testing, two small networks, and one rule by which learning rates are chosen. Always the 10,000 images shipped with
// Fluxion, so that every machine measures the same.
import { logSoftmax, random, relu, tensor, type Tensor } from "fluxion";
import { batches, gatherRows, loadDataset, toUnit, type ArrayData } from "fluxion/data";
import type { Tuned } from "fluxion/train";
import { conv, linear, type ConvParams, type LinearParams, type Model } from "fluxion/nn";

/** Images float32 [B, 1, 28, 28] and labels int32 [B]. */
export type Labelled = { x: Tensor; y: Tensor };

/** How many images each part has. */
export interface Parts {
  readonly train: number;
  /** What learning rates are chosen by; never trained on, never reported. Default 1000. */
  readonly tune?: number;
  /** What is reported. Default 3000. */
  readonly test?: number;
}

/** The parts of the data, and the batches of a run. */
export interface FashionTask {
  readonly train: Labelled;
  readonly tune: Labelled;
  readonly test: Labelled;
  /** Shuffled anew every epoch; depends on seed and step only. */
  readonly batches: (batchSize: number) => (seed: number, step: number) => Labelled;
}

/** Mean and standard deviation of the pixels, in [0, 1]. */
const [mean, deviation] = [0.286, 0.353];

/** Fashion-MNIST in parts, standardised. */
export async function fashionTask({ train, tune = 1000, test = 3000 }: Parts): Promise<FashionTask> {
  const { images, labels } = await loadDataset("fashion-mnist");
  const pixels = toUnit(images);
  const data = pixels.data.map((v) => (v - mean) / deviation);
  const x: ArrayData<Float32Array> = { data, shape: pixels.shape };
  const rows = (from: number, n: number): { x: ArrayData<Float32Array>; y: ArrayData<Int32Array> } => {
    const indices = Int32Array.from({ length: n }, (_, i) => from + i);
    return { x: gatherRows(x, indices), y: gatherRows(labels, indices) };
  };
  const asTensors = (part: ReturnType<typeof rows>): Labelled => ({
    x: tensor(part.x.data, { shape: part.x.shape }),
    y: tensor(part.y.data, { shape: part.y.shape }),
  });
  const total = images.shape[0]!;
  const training = rows(0, train);
  return {
    train: asTensors(training),
    tune: asTensors(rows(total - test - tune, tune)),
    test: asTensors(rows(total - test, test)),
    batches: (batchSize) => (seed, step) => {
      const { indices } = batches({ n: train, batchSize, seed }, step).next().value;
      return asTensors({ x: gatherRows(training.x, indices), y: gatherRows(training.y, indices) });
    },
  };
}

/** Parameters of `smallConvNet`. */
export type ConvNetParams = { first: ConvParams; second: ConvParams; last: LinearParams };

/** conv 5x5 (16, stride 2), relu, conv 3x3 (32, stride 2), relu, linear: 20,746 parameters. */
export function smallConvNet(): Model<ConvNetParams> {
  const first = conv(1, 16, { kernel: 5, stride: 2, padding: 2 });
  const second = conv(16, 32, { kernel: 3, stride: 2, padding: 1 });
  const last = linear(32 * 7 * 7, 10);
  return {
    init: (key) => ({
      first: first.init(random.foldIn(key, 0)),
      second: second.init(random.foldIn(key, 1)),
      last: last.init(random.foldIn(key, 2)),
    }),
    apply(params, x) {
      const h = relu(second.apply(params.second, relu(first.apply(params.first, x))));
      return last.apply(params.last, h.reshape([h.shape[0]!, 32 * 7 * 7]));
    },
  };
}

/** Mean cross-entropy of logits [B, K] against labels [B]. */
export const crossEntropy = (logits: Tensor, y: Tensor): Tensor =>
  logSoftmax(logits).takeAlongAxis(y.expandDims(-1), -1).mean().neg();

/** Part of the examples whose largest logit is the label's, in [0, 1]. */
export const accuracy = (logits: Tensor, y: Tensor): Tensor =>
  logits.argmax(-1).equal(y).cast("float32").mean();

/** The rates that `chooseLearningRates` chose, as `compareOptimizers` takes them. */
export const chosenRates = <Name extends string>(tuned: Record<Name, Tuned>): Record<Name, number[]> =>
  Object.fromEntries(
    Object.entries<Tuned>(tuned).map(([name, { learningRate }]) => [name, [learningRate]]),
  ) as Record<Name, number[]>;

/** `make()` at the first call, its result from then on: tuning that all seeds of a claim share. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
