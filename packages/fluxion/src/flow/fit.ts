import type { ArrayData } from "../data/array-data.js";
import { rowsOfStep } from "../data/batches.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { key as randomKey } from "../core/random/index.js";
import { tensor } from "../core/tensor.js";
import { adam } from "../optim/adam.js";
import type { TrainOptions } from "../train/options.js";
import { train, type TrainResult } from "../train/train.js";
import { pairsCoupling, type FlowBatch } from "./coupling.js";
import { checkFlowData, rowsOf, type FlowData, type FlowPairs } from "./flow-data.js";
import { flowLoss, type FlowLoss, type FlowObjective } from "./objective.js";
import type { FlowModel } from "./prediction.js";
import { fixedTime, gridTime } from "./time.js";

/** What the loop takes as it is; see `train`. */
type Passed<P> = Omit<TrainOptions<P, FlowBatch>, "loss" | "step" | "state" | "batches" | "key">;

/** How a flow is trained, whatever on. */
export interface FitOptions<P> extends Passed<P> {
  model: FlowModel<P>;
  /** Rows in a batch. Default 256, or all of a smaller set. */
  batchSize?: number;
  /** Fixes batches, sources and times: whole number in [0, 2³²). Default 0. */
  seed?: number;
}

/** Options of `trainFlow`. */
export interface TrainFlowOptions<P> extends FitOptions<P> {
  data: FlowData | FlowPairs;
  /** Default: the rectified flow of independent Gaussian noise. */
  objective?: FlowObjective;
}

/**
 * Trains a flow: `train` with `flowLoss` on batches of `data`. Adam with learning rate 1e-3 unless `optimizer` says
 * otherwise; `ema` keeps the average that samples should be drawn with.
 * @returns what `train` returns; `ema ?? params` is the model to use
 * @throws ShapeError, OptionError before the first step
 * @source X. Liu et al., 2022, arXiv 2209.03003, Algorithm 1; deviates: t reaches 0 exactly
 */
export function trainFlow<P>(options: TrainFlowOptions<P>): Promise<TrainResult<P>> {
  const { objective = {}, ...rest } = options;
  checkModel("flow.trainFlow", rest.model);
  return trainPairs("flow.trainFlow", rest, flowLoss(rest.model, objective));
}

/** `trainFlow` with any loss on the rows. @internal */
export function trainPairs<P>(
  where: string,
  options: Omit<TrainFlowOptions<P>, "objective">,
  loss: FlowLoss<P>,
): Promise<TrainResult<P>> {
  const { model, data, batchSize: wanted, seed = 0, ...rest } = options;
  checkModel(where, model);
  checkFlowData(where, data);
  const n = data.x1.shape[0]!;
  const rows = rowsOfStep({ n, batchSize: wanted ?? Math.min(256, n), seed });
  return fit(where, loss, (step) => rowsOf(data, rows(step)), seed, rest);
}

/**
 * Trains on stored pairs as they are: the next rectification of the flow that made them. Start from its raw parameters;
 * draw the pairs with its average.
 * @source X. Liu et al., 2022, arXiv 2209.03003, Algorithm 1 (Reflow); deviates: none
 */
export function reflow<P>(options: TrainFlowOptions<P> & { data: FlowPairs }): Promise<TrainResult<P>> {
  return trainFlow({ ...options, objective: { coupling: pairsCoupling(), ...options.objective } });
}

/** Options of `distil`. */
export type DistilOptions<P> = TrainFlowOptions<P> & {
  data: FlowPairs;
  /** Euler steps k of the distilled sampler, whole number ≥ 1. Default 1. */
  samplerSteps?: number;
};

/**
 * Trains on stored pairs only at the times a k-step Euler sampler visits, 0, 1/k, …: for k = 1 the regression of
 * z0 + v(z0, 0) on z1. It keeps the coupling, where reflow makes a new one; so it comes last.
 * @source X. Liu et al., 2022, arXiv 2209.03003, §3.2 (distillation); deviates: the network sees exactly z0 at t = 0,
 *   where the official code mixes in a thousandth of z1
 */
export function distil<P>(options: DistilOptions<P>): Promise<TrainResult<P>> {
  const { samplerSteps = 1, ...rest } = options;
  const time = samplerSteps === 1 ? fixedTime(0) : gridTime(samplerSteps);
  return trainFlow({ ...rest, objective: { coupling: pairsCoupling(), time, ...options.objective } });
}

/** Options of `transfer`. */
export interface TransferOptions<P> extends FitOptions<P> {
  /** Where the flow starts, float32 [N, ...] */
  source: ArrayData<Float32Array>;
  /** Where it ends, float32 [M, ...] */
  target: ArrayData<Float32Array>;
  objective?: FlowObjective;
}

/**
 * Trains a flow from one data set to another, whose rows meet at random: sampling from 1 to 0 goes back.
 * @source X. Liu et al., 2022, arXiv 2209.03003, §3.1 (data-to-data transfer); deviates: none
 */
export function transfer<P>(options: TransferOptions<P>): Promise<TrainResult<P>> {
  const where = "flow.transfer";
  const { model, source, target, objective, batchSize: wanted, seed = 0, ...rest } = options;
  checkFlowData(`${where}: source`, { x1: source });
  checkFlowData(`${where}: target`, { x1: target });
  const [want, got] = [source, target].map((a) => a.shape.slice(1).join(", "));
  if (want !== got) throw new ShapeError({ where, want: `rows [${want}]`, got: `[${got}]` });
  const [n, m] = [source.shape[0]!, target.shape[0]!];
  const batchSize = wanted ?? Math.min(256, n, m);
  // The two streams of rows are independent of each other, and so are the rows that meet in a batch.
  const from = rowsOfStep({ n, batchSize, seed });
  const to = rowsOfStep({ n: m, batchSize, seed: (seed + 0x9e3779b9) % 2 ** 32 });
  const batch = (step: number): FlowBatch => ({
    x0: rowsOf({ x1: source }, from(step)).x1,
    x1: rowsOf({ x1: target }, to(step)).x1,
  });
  checkModel(where, model);
  return fit(where, flowLoss(model, { coupling: pairsCoupling(), ...objective }), batch, seed, rest);
}

function fit<P>(
  where: string,
  loss: FlowLoss<P>,
  batches: (step: number) => FlowBatch,
  seed: number,
  options: Passed<P>,
): Promise<TrainResult<P>> {
  checkOptions(where, options, passedKeys);
  return train<P, FlowBatch>({
    optimizer: adam({ learningRate: 1e-3 }),
    ...options,
    loss,
    batches: (step) => ({ ...batches(step), step: tensor(step, { dtype: "int32" }) }),
    key: randomKey(seed),
  });
}

function checkModel(where: string, model: unknown): void {
  if (typeof model === "function") return;
  throw new OptionError({ where, want: "model, a function (params, x, t, cond?)", got: typeof model });
}

const passedKeys = [
  ...["params", "optimizer", "steps", "ema", "stepsPerCall", "gradientNorm", "recordEvery", "onRecord"],
  ...["onProgress", "signal", "checkpoint", "resume", "device", "threads"],
];
