// The bench: a perceptron with three binary layers on Fashion-MNIST, trained under one estimator or another.
import { random, tensor, valueAndGrad, type Tensor } from "fluxion";
import type { Figures } from "fluxion/claims";
import { batchNorm, channelStatistics, linear, type ChannelStatistics, type NormParams } from "fluxion/nn";
import { addDecayedWeights, applyUpdates, chain, cosineSchedule, momentum } from "fluxion/optim";
import {
  binaryLinear,
  clippedStraightThrough,
  estimatingError,
  gradientInstability,
  plainStraightThrough,
  powerSchedule,
  reste,
  type BinaryEstimator,
} from "fluxion/quantize";
import { train, type StepInput, type StepOutput } from "fluxion/train";
import { accuracy, crossEntropy, type FashionTask, type Labelled } from "../fashion-classifier.js";

/** How the signs of a run are trained. */
export interface Variant {
  readonly estimator: BinaryEstimator;
  /** Power of the estimator at an epoch. */
  readonly power: (epoch: number, epochs: number) => number;
}

const fixed = (power: number) => () => power;
/** The runs that are compared, by name. */
export const variants = {
  clipped: { estimator: clippedStraightThrough(), power: fixed(1) },
  plain: { estimator: plainStraightThrough(), power: fixed(1) },
  "o = 1": { estimator: reste(), power: fixed(1) },
  "o to 3": { estimator: reste(), power: (e, n) => powerSchedule(e, n, 3) },
  "o = 3": { estimator: reste(), power: fixed(3) },
  "o = 10": { estimator: reste(), power: fixed(10) },
} as const satisfies Record<string, Variant>;
/** Name of a run. */
export type VariantName = keyof typeof variants;

const [width, depth, batchSize] = [256, 3, 100];
const first = linear(784, width, { bias: false });
const last = linear(width, 10);
const norm = batchNorm(width);

/** Real ends, binary layers between them, a normalisation after each but the last. */
export type Params = {
  first: { weight: Tensor };
  binary: { weight: Tensor }[];
  norms: NormParams[];
  last: { weight: Tensor; bias?: Tensor };
};

/** Initial parameters. */
export function init(key: Tensor): Params {
  const layer = binaryLinear(width, width);
  const part = (i: number): Tensor => random.foldIn(key, i);
  return {
    first: first.init(part(0)),
    binary: Array.from({ length: depth }, (_, i) => layer.init(part(1 + i))),
    norms: Array.from({ length: depth + 1 }, () => norm.init(key)),
    last: last.init(part(9)),
  };
}

/**
 * Logits, and the statistics that each normalisation saw.
 * @param given statistics to normalise by; default the batch's own
 */
export function forward(
  params: Params,
  x: Tensor,
  estimator: BinaryEstimator,
  power: Tensor | number = 1,
  given?: readonly ChannelStatistics[],
): { logits: Tensor; statistics: ChannelStatistics[] } {
  const layer = binaryLinear(width, width, { estimator });
  const statistics: ChannelStatistics[] = [];
  const normalised = (h: Tensor, i: number): Tensor => {
    const seen = given?.[i] ?? channelStatistics(h);
    statistics.push(seen);
    return norm.apply(params.norms[i]!, h, given ? seen : undefined);
  };
  let h = normalised(first.apply(params.first, x.reshape([x.shape[0]!, 784])), 0);
  params.binary.forEach((p, i) => (h = normalised(layer.apply(p, h, power), i + 1)));
  return { logits: last.apply(params.last, h), statistics };
}

type State = ReturnType<ReturnType<typeof optimizer>["init"]>;
type Batch = Labelled & { power: Tensor };
const optimizer = (steps: number) =>
  chain(addDecayedWeights(1e-4), momentum({ learningRate: cosineSchedule({ init: 0.1, steps }) }));

/** Options of `course`. */
export interface CourseOptions extends Variant {
  readonly task: FashionTask;
  /** Images in the training part. */
  readonly size: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Steps between calls of `look`. */
  readonly every?: number;
  readonly look?: (params: Params, step: number) => Promise<void>;
  readonly onRecord?: (record: Figures & { step: number; loss: number }) => void;
}

/** Trains; the record of every step holds the loss, the estimator's error and the gradients' instability. */
export async function course(options: CourseOptions) {
  const { estimator, power, task, size, epochs, seed, signal, every, look, onRecord } = options;
  const perEpoch = Math.floor(size / batchSize);
  const steps = epochs * perEpoch;
  const draw = task.batches(batchSize);
  const rule = optimizer(steps);
  const step = ({ params, state, batch }: StepInput<Params, State, Batch>): StepOutput<Params, State> => {
    const [loss, slope] = valueAndGrad((p: Params) =>
      crossEntropy(forward(p, batch.x, estimator, batch.power).logits, batch.y),
    )(params);
    const { updates, state: next } = rule.update(slope, state, params);
    return {
      params: applyUpdates(params, updates),
      ...{ state: next, loss },
      metrics: {
        error: estimatingError(params.binary, estimator, batch.power),
        instability: gradientInstability(slope.binary),
      },
    };
  };
  const start = init(random.key(seed));
  return train<Params, Batch, State>({
    ...{ params: start, step, state: rule.init(start), steps, stepsPerCall: 10, recordEvery: 1, threads: 1 },
    batches: (k) => ({ ...draw(seed, k), power: tensor(power(Math.floor(k / perEpoch), epochs)) }),
    ...(signal ? { signal } : {}),
    ...(onRecord ? { onRecord: (r) => onRecord(r) } : {}),
    ...(look && every
      ? {
          checkpoint: {
            every,
            save: ({ params, step: at }: { params: Params; step: number }) => look(params, at),
          },
        }
      : {}),
  });
}

/** Test accuracy, normalised by the statistics of the training images. */
export function testAccuracy(params: Params, task: FashionTask, estimator: BinaryEstimator): Tensor {
  const { statistics } = forward(params, task.train.x, estimator);
  return accuracy(forward(params, task.test.x, estimator, 1, statistics).logits, task.test.y);
}
