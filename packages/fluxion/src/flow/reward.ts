import { OptionError, ShapeError } from "../core/errors.js";
import { key as randomKey, normal } from "../core/random/index.js";
import { showShape, type Shape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { rowLength, type ArrayData } from "../data/array-data.js";
import { gatherRows, rowsOfStep } from "../data/batches.js";
import { adamw } from "../optim/adamw.js";
import { clipByGlobalNorm } from "../optim/clip.js";
import { chain } from "../optim/transform.js";
import { abs } from "../ops/unary.js";
import { mul, sub } from "../ops/arithmetic.js";
import { mean } from "../ops/reduce.js";
import type { TrainOptions } from "../train/options.js";
import { train, type TrainResult } from "../train/train.js";
import type { Path } from "./path.js";
import type { FlowModel, Prediction } from "./prediction.js";

/** How good samples are: [B, ...] and their conditions, if any, → [B]. What it closes over stays as it is. */
export type Reward = (x: Tensor, cond?: Tensor) => Tensor;

/** A sampler that is tuned to a reward, whatever the method. */
export interface RewardObjective<T, P = T> {
  model: FlowModel<P>;
  /**
   * The model's parameters from those that are trained, `(lora) => mergeLora(base, lora)`, say: computed once a sample,
   * outside the loop. Default: the same.
   */
  weights?: (trained: T) => P;
  reward: Reward;
  /** Shape of one sample without the batch axis. */
  shape: Shape;
  /** Samples a step. Default 64. */
  batchSize?: number;
  /** Number of equal steps of the sampler, ≥ 1. Default 20. */
  steps?: number;
  /** The path the model was trained on. Default `linearPath()`. */
  path?: Path;
  /** What the model gives. Default "velocity". */
  prediction?: Prediction;
  /** Factor of the loss. Default 0.01; Adam sees it through clipping only. */
  coefficient?: number;
  /** A reward to reach and not to exceed: the loss is then the mean distance from it. Default: as much as possible. */
  target?: number;
}

/** The names of `RewardObjective`. @internal */
export const rewardKeys = [
  ...[
    "model",
    "weights",
    "reward",
    "shape",
    "batchSize",
    "steps",
    "path",
    "prediction",
    "coefficient",
    "target",
  ],
] as const;

/** What a step draws samples for. */
export type RewardBatch = { readonly cond?: Tensor; readonly step: Tensor };

/** A loss of samples drawn anew each step, with the metric `reward`: their mean reward. */
export type RewardLoss<T> = (
  trained: T,
  batch: RewardBatch,
  key: Tensor,
) => { readonly loss: Tensor; readonly metrics: { readonly reward: Tensor } };

/** Parameters, start and length of the samples of an objective. @internal */
export function samplesOf<T, P>(where: string, objective: RewardObjective<T, P>, trained: T, key: Tensor) {
  const { weights = (same: T) => same as unknown as P, shape, batchSize = 64, steps = 20 } = objective;
  if (![batchSize, steps].every((n) => Number.isInteger(n) && n >= 1))
    throw new OptionError({ where, want: "whole batchSize, steps ≥ 1", got: `${batchSize}, ${steps}` });
  return { params: weights(trained), x0: normal(key, [batchSize, ...shape]), steps };
}

/** The rewards of samples. @throws ShapeError unless they are [B] @internal */
export function rewardsOf(where: string, reward: Reward, x: Tensor, cond: Tensor | undefined): Tensor {
  const rewards = reward(x, cond);
  if (rewards.rank === 1 && rewards.shape[0] === x.shape[0]) return rewards;
  throw new ShapeError({ where: `${where}: reward`, want: `[${x.shape[0]}]`, got: showShape(rewards.shape) });
}

/** The loss of rewards through which a gradient goes. @internal */
export function rewardLoss<T, P>(rewards: Tensor, { coefficient = 0.01, target }: RewardObjective<T, P>) {
  const loss =
    target === undefined
      ? mul(mean(rewards), -coefficient)
      : mul(mean(abs(sub(rewards, target))), coefficient);
  return { loss, metrics: { reward: mean(rewards) } };
}

/** What the loop takes as it is; see `train`. */
type Passed<T> = Omit<TrainOptions<T, RewardBatch>, "loss" | "step" | "state" | "batches" | "key" | "steps">;

/** How samplers are tuned to a reward, whatever the method. */
export interface RewardTuning<T> extends Passed<T> {
  /** Updates, whole number ≥ 0. */
  updates: number;
  /** Conditions [N, ...] that samples are drawn for, in an order of their own; at least a batch of them. Default: none. */
  conditions?: ArrayData;
  /** Fixes samples and the order of the conditions: whole number in [0, 2³²). Default 0. */
  seed?: number;
}

const tuningKeys = [
  ...[
    "updates",
    "conditions",
    "seed",
    "params",
    "optimizer",
    "ema",
    "stepsPerCall",
    "gradientNorm",
    "recordEvery",
  ],
  ...["onRecord", "onProgress", "signal", "checkpoint", "resume", "device", "threads"],
];

/**
 * Trains with the loss of an objective, whose options stand beside those of the loop. Default optimizer: gradients clipped to length 1, then AdamW with learning rate 1e-3 and
 * weight decay 0.1. @internal
 */
export function tune<T, O extends { batchSize?: number }>(
  where: string,
  lossOf: (objective: O) => RewardLoss<T>,
  options: O & RewardTuning<T>,
): Promise<TrainResult<T>> {
  const entries = Object.entries(options);
  const part = (own: boolean): unknown =>
    Object.fromEntries(entries.filter(([name]) => tuningKeys.includes(name) === own));
  const loss = lossOf(part(false) as O);
  const { updates, conditions, seed = 0, ...rest } = part(true) as RewardTuning<T>;
  const { batchSize = 64 } = options;
  if (conditions) rowLength(`${where}: conditions`, conditions);
  const n = conditions?.shape[0] ?? 0;
  if (conditions && n < batchSize)
    throw new OptionError({ where, want: `at least ${batchSize} conditions`, got: String(n) });
  const rows = conditions && rowsOfStep({ n, batchSize, seed });
  const cond = (step: number): Tensor => {
    const { data, shape } = gatherRows(conditions!, rows!(step));
    return tensor(data, { shape });
  };
  return train<T, RewardBatch>({
    optimizer: chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3, weightDecay: 0.1 })),
    ...rest,
    loss,
    steps: updates,
    key: randomKey(seed),
    batches: (step) => ({ step: tensor(step, { dtype: "int32" }), ...(rows ? { cond: cond(step) } : {}) }),
  });
}
