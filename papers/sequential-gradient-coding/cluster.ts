// The bench of the claim and the demo: 32 workers that slow down now and then, and small networks on handwritten digits.
import { logSoftmax, random, relu, tensor, type Tensor } from "fluxion";
import { batches, gatherRows, loadDataset, normalFrom, seededUniform, toUnit } from "fluxion/data";
import {
  type CodedStep,
  codedWorker,
  type DelayProfile,
  type GradientCode,
  type RoundReport,
  trainCoded,
  virtualPool,
  weightedGradient,
} from "fluxion/distributed";
import { mlp } from "fluxion/nn";
import { adam } from "fluxion/optim";

/** How workers behave. */
export interface Cluster {
  readonly workers: number;
  /** Probability that a quick worker becomes slow in a round, and that a slow one becomes quick. */
  readonly slow: number;
  readonly recover: number;
  /** Seconds that one full gradient costs a worker. */
  readonly secondsPerLoad: number;
}

/** The cluster of the claim. */
export const cluster: Cluster = { workers: 32, slow: 0.05, recover: 0.9, secondsPerLoad: 16 };

/**
 * Delays of `rounds` rounds: lognormal around 1 s, and 2 to 6 s more in the slow state of a Markov chain a worker.
 * @param stream different ones for the probe that parameters are chosen on, and for the run
 */
export function clusterDelays(
  { workers, slow, recover, secondsPerLoad }: Cluster,
  { rounds, seed, stream }: { rounds: number; seed: number; stream: number },
): DelayProfile {
  const uniform = seededUniform(seed, stream);
  const normal = normalFrom(uniform);
  const isSlow = Array.from({ length: workers }, () => uniform() < slow / (slow + recover));
  const delays = Array.from({ length: rounds }, () =>
    Float64Array.from({ length: workers }, (_, i) => {
      isSlow[i] = isSlow[i] ? uniform() >= recover : uniform() < slow;
      return Math.exp(0.15 * normal()) + (isSlow[i] ? 4 * (0.5 + uniform()) : 0);
    }),
  );
  return { delays, secondsPerLoad };
}

/** Mean cross-entropy of an MLP's logits [B, 10], example by example. */
const losses = (logits: Tensor, y: Tensor): Tensor =>
  logSoftmax(logits).takeAlongAxis(y.expandDims(-1), -1).reshape([y.shape[0]!]).neg();

/** The digits and the network that the models are. */
export async function digitsTask(sizes: Record<"images" | "hidden" | "batch" | "seed", number>) {
  const { images: count, hidden, batch, seed } = sizes;
  const { images, labels } = await loadDataset("digits");
  const first = Int32Array.from({ length: count }, (_, i) => i);
  const x = gatherRows(toUnit(images), first);
  const y = gatherRows(labels, first);
  const net = mlp({ inputs: 784, hidden: [hidden], outputs: 10, activation: relu });
  const rows = (examples: Int32Array) => ({
    x: tensor(gatherRows(x, examples).data, { shape: [examples.length, 784] }),
    y: tensor(gatherRows(y, examples).data),
  });
  type Params = ReturnType<typeof net.init>;
  return {
    init: (model: number): Params => net.init(random.foldIn(random.key(seed), model)),
    rows,
    losses: (params: Params, data: { x: Tensor; y: Tensor }) => losses(net.apply(params, data.x), data.y),
    examples: (job: number) => batches({ n: count, batchSize: batch, seed }, job).next().value.indices,
    whole: first,
  };
}

export type Task = Awaited<ReturnType<typeof digitsTask>>;
export type Params = ReturnType<Task["init"]>;

/** What one training of several models in turn gave. */
export interface Training {
  readonly seconds: number;
  readonly rounds: readonly RoundReport[];
  /** What `evaluate` says of every model. */
  readonly losses: readonly number[];
}

/** Trains `models` networks in turn on the cluster of a profile; every gradient is computed and decoded. */
export async function trainOn(
  code: GradientCode,
  profile: DelayProfile,
  options: {
    task: Task;
    models: number;
    jobs: number;
    waitOut: "all" | "conform";
    /** The loss of one model. */
    evaluate?: (params: Params) => Promise<number>;
    onRound?: (report: RoundReport, step: CodedStep<Params> | undefined) => void | Promise<void>;
    signal?: AbortSignal | undefined;
  },
): Promise<Training> {
  const { task, models, jobs, waitOut, evaluate, onRound, signal } = options;
  const gradient = weightedGradient({ params: task.init(0), losses: task.losses, batch: task.rows });
  const pool = virtualPool({
    size: code.n,
    handler: () => codedWorker(gradient),
    delay: (worker, round) =>
      profile.delays[round % profile.delays.length]![worker]! + profile.secondsPerLoad * code.load,
  });
  try {
    const { params, seconds, rounds } = await trainCoded({
      ...{ code, pool, jobs, waitOut },
      models: Array.from({ length: models }, (_, m) => ({
        params: task.init(m),
        optimizer: adam({ learningRate: 2e-3 }),
      })),
      examples: (job) => task.examples(job),
      ...(onRound ? { onRound } : {}),
      ...(signal ? { signal } : {}),
    });
    const losses: number[] = [];
    for (const p of evaluate ? params : []) losses.push(await evaluate!(p));
    return { seconds, rounds, losses };
  } finally {
    await gradient.release();
  }
}
