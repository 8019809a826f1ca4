// The claim on real images: a small network, full-batch descent, and the examples whose losses move most.
import { grad, random, relu, tensor, type Tensor } from "fluxion";
import { opposingSignals, type OpposingReport } from "fluxion/analyse";
import { averagePool, gatherRows, loadDataset, toUnit, type ArrayData } from "fluxion/data";
import { heNormal, linear, type LinearParams } from "fluxion/nn";
import { adam, sgd, splitSgd, topFractionThreshold, type Transform } from "fluxion/optim";
import { train } from "fluxion/train";

/** Images as rows of 196 numbers, and labels. */
export type Examples = { x: Tensor; y: Tensor };
/** Parameters of the perceptron 196–32–32–10. */
export type Params = { first: LinearParams; second: LinearParams; last: LinearParams };

const layers = {
  first: linear(196, 32, { init: heNormal }),
  second: linear(32, 32, { init: heNormal }),
  last: linear(32, 10, { init: heNormal }),
};

/** The start of a seed. */
export const initial = (seed: number): Params => {
  const key = random.key(seed);
  return {
    first: layers.first.init(random.foldIn(key, 0)),
    second: layers.second.init(random.foldIn(key, 1)),
    last: layers.last.init(random.foldIn(key, 2)),
  };
};

/** Cross-entropy of every example, [n]. */
export function lossPerExample(params: Params, { x, y }: Examples): Tensor {
  const h = relu(layers.second.apply(params.second, relu(layers.first.apply(params.first, x))));
  const logits = layers.last.apply(params.last, h);
  const top = logits.max(-1, { keepDims: true });
  const shifted = logits.sub(top);
  const chosen = shifted.takeAlongAxis(y.expandDims(-1), -1).reshape([y.size]);
  return shifted.exp().sum(-1).log().sub(chosen);
}

/** 500 images of Fashion-MNIST from `500·part` on, 2 x 2 averaged to 14 x 14 and standardised, with their pixels. */
export async function examples(part: number): Promise<{ data: Examples; pixels: ArrayData<Uint8Array> }> {
  const n = 500;
  const { images, labels } = await loadDataset("fashion-mnist");
  const indices = Int32Array.from({ length: n }, (_, i) => n * part + i);
  const small = averagePool(toUnit(gatherRows(images, indices)), 2);
  const mean = small.data.reduce((a, b) => a + b, 0) / small.data.length;
  const deviation = Math.sqrt(small.data.reduce((a, b) => a + (b - mean) ** 2, 0) / small.data.length);
  return {
    data: {
      x: tensor(
        small.data.map((v) => (v - mean) / deviation),
        { shape: [n, 196] },
      ),
      y: tensor(gatherRows(labels, indices).data),
    },
    pixels: gatherRows(images, indices),
  };
}
/** Reports along a run, and the mean loss of every step. */
export interface Run {
  readonly reports: readonly OpposingReport[];
  readonly losses: readonly number[];
}

/** Trains on all examples at once and reports at some steps. */
export async function follow(
  data: Examples,
  options: {
    seed: number;
    optimizer: Transform;
    checkpoints: readonly number[];
    signal?: AbortSignal | undefined;
    onReport?: (report: OpposingReport, step: number) => Promise<void> | void;
  },
): Promise<Run> {
  const { seed, optimizer, checkpoints, signal, onReport } = options;
  const watch = opposingSignals({ data, lossPerExample, groupSize: 10, seed });
  const reports: OpposingReport[] = [];
  const wanted = new Set(checkpoints);
  const { history } = await train({
    ...{ params: initial(seed), optimizer, steps: checkpoints.at(-1)!, recordEvery: 1, threads: 1 },
    ...(signal ? { signal } : {}),
    loss: (params: Params, batch: Examples) => lossPerExample(params, batch).mean(),
    batches: () => data,
    checkpoint: {
      every: 1,
      async save({ params, step }) {
        // Only the losses before and after a step of interest are needed.
        if (wanted.has(step) || wanted.has(step + 1)) await watch.observe(params);
        if (!wanted.has(step)) return;
        const report = await watch.report(params);
        reports.push(report);
        await onReport?.(report, step);
      },
    },
  });
  await watch.release();
  return { reports, losses: history.map((record) => record.loss) };
}

/** Plain descent, and three ways to take the large coordinates' steps down. */
export async function optimizersFor(
  data: Examples,
  seed: number,
): Promise<Record<"descent" | "Adam" | "SplitSGD", Transform>> {
  const start = initial(seed);
  const first = grad((p: Params) => lossPerExample(p, data).mean())(start);
  // The velocity starts at a tenth of the gradient.
  const threshold = 0.1 * (await topFractionThreshold(first, 0.1).item());
  return {
    descent: sgd({ learningRate: 0.2 }),
    Adam: adam({ learningRate: 3e-3 }),
    SplitSGD: splitSgd({ learningRate: 0.2, signLearningRate: 1e-3, threshold }),
  };
}
