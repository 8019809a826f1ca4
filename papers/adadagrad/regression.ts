// Softmax regression on Fashion-MNIST with batches of constant and of growing size.
import { compile, grad, logSoftmax, tensor, zeros, type Tensor } from "fluxion";
import { batches, gatherRows, loadDataset, toUnit, type ArrayData } from "fluxion/data";
import { adagrad, adagradNorm, globalNorm, type Transform } from "fluxion/optim";
import { train, trainAdaptive, type AdaptiveRecord, type AdaptiveTrainOptions } from "fluxion/train";
import { accuracy, once } from "../fashion-classifier.js";

/** Rows float32 [b, 785], pixels in [0, 1] and a 1 for the bias, and labels. */
export type Rows = { x: Tensor; y: Tensor };

/** Mean cross-entropy of the linear classifier. @param w [785, 10] */
export const loss = (w: Tensor, { x, y }: Rows): Tensor =>
  logSoftmax(x.matmul(w)).takeAlongAxis(y.expandDims(-1), -1).mean().neg();

/** The parameters that all start from. */
export const start = (): Tensor => zeros([785, 10]);

/** 7000 images to train on, 3000 to test. */
export const data = once(async () => {
  const { images, labels } = await loadDataset("fashion-mnist");
  const pixels = toUnit(images).data;
  const total = images.shape[0]!;
  const rows = new Float32Array(total * 785);
  for (let i = 0; i < total; i++) {
    rows.set(pixels.subarray(784 * i, 784 * (i + 1)), 785 * i);
    rows[785 * i + 784] = 1;
  }
  const all: ArrayData<Float32Array> = { data: rows, shape: [total, 785] };
  const take = (indices: Int32Array): Rows => ({
    x: tensor(gatherRows(all, indices).data, { shape: [indices.length, 785] }),
    y: tensor(gatherRows(labels, indices).data),
  });
  const range = (from: number, to: number) =>
    take(Int32Array.from({ length: to - from }, (_, i) => from + i));
  return { n: 7000, take, training: range(0, 7000), test: range(7000, 10_000) };
});

/** How good a classifier is. */
export interface Quality {
  /** On all training images. */
  readonly loss: number;
  /** ‖∇F‖ there. */
  readonly gradient: number;
  /** On the test images. */
  readonly accuracy: number;
}

const measure = once(async () => {
  const { training, test } = await data();
  return compile((w: Tensor) => ({
    loss: loss(w, training),
    gradient: globalNorm(grad((p: Tensor) => loss(p, training))(w)),
    accuracy: accuracy(test.x.matmul(w), test.y),
  }));
});

/** Loss, gradient and accuracy of parameters. */
export async function quality(w: Tensor): Promise<Quality> {
  const found = await (await measure())(w);
  return {
    loss: await found.loss.item(),
    gradient: await found.gradient.item(),
    accuracy: await found.accuracy.item(),
  };
}

/** AdaGrad, or AdaGrad-Norm, at the rates that all runs have. */
const usual = (norm: boolean): Transform =>
  norm ? adagradNorm({ learningRate: 1, initialAccumulator: 1e-4 }) : adagrad({ learningRate: 0.02 });

/** Trains with batches of one size for a number of examples, or of steps. */
export async function constant(
  batchSize: number,
  options: {
    samples: number;
    steps?: number;
    seed: number;
    norm?: boolean;
    signal?: AbortSignal | undefined;
  },
): Promise<{ steps: number } & Quality> {
  const { samples, steps, seed, norm = false, signal } = options;
  const { n, take } = await data();
  const total = steps ?? Math.floor(samples / batchSize);
  const { params } = await train({
    ...{ params: start(), loss, optimizer: usual(norm), steps: total, threads: 1 },
    ...{ stepsPerCall: Math.max(1, Math.min(50, Math.floor(2048 / batchSize))), recordEvery: 1000 },
    ...(signal ? { signal } : {}),
    batches: (step) => take(batches({ n, batchSize, seed }, step).next().value.indices),
  });
  return { steps: total, ...(await quality(params)) };
}

/** Sizes with three bits after the first: few shapes to compile, at most an eighth more than the test asks for. */
const threeBits = (size: number): number => {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(size)) - 3);
  return Math.ceil(size / unit) * unit;
};

/** Options of a run whose batch grows by the norm test. */
export async function growing(
  eta: number,
  {
    seed,
    samples,
    norm = false,
    optimizer,
  }: { seed: number; samples: number; norm?: boolean; optimizer?: Transform },
): Promise<AdaptiveTrainOptions<Tensor, Rows>> {
  const { n, take } = await data();
  return {
    ...{ params: start(), loss, n, rows: take, samples, seed, microBatch: 250 },
    optimizer: optimizer ?? usual(norm),
    batch: { initial: 8, test: { kind: "norm", eta }, round: threeBits },
  };
}

/** A whole run with a growing batch. */
export async function adaptive(
  eta: number,
  options: { seed: number; samples: number; norm?: boolean; signal?: AbortSignal | undefined },
): Promise<{ steps: number; history: readonly AdaptiveRecord[] } & Quality> {
  const { signal, ...rest } = options;
  const run = await trainAdaptive({ ...(await growing(eta, rest)), ...(signal ? { signal } : {}) });
  return { steps: run.snapshot.step, history: run.history, ...(await quality(run.params)) };
}
