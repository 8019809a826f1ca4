import { compile } from "../../compile/compile.js";
import { evaluate } from "../../compile/evaluate.js";
import { checkOptions } from "../../core/errors.js";
import { foldIn, key as randomKey } from "../../core/random/index.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { treeLeaves } from "../../core/tree.js";
import { epochOrder } from "../../data/batches.js";
import { mul } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { mapLeaves } from "../../optim/leaves.js";
import { checkWhole } from "../../optim/options.js";
import type { Schedule } from "../../optim/schedules.js";
import { applyUpdates, type Transform } from "../../optim/transform.js";
import type { Loss } from "../step.js";
import { batchStatistics, gradientVariance } from "./batch-statistics.js";
import { batchSizeController, type BatchSizeOptions } from "./controller.js";

/** Options of `trainAdaptive`. */
export interface AdaptiveTrainOptions<P, B> {
  /** Initial parameters, a tree of Tensors. */
  params: P;
  /** Mean loss of a batch; it must treat examples independently (no batch statistics). */
  loss: Loss<P, B>;
  optimizer: Transform;
  /** Rows of the data. */
  n: number;
  /** The batch of these rows: a tree of Tensors [rows.length, …]. */
  rows: (indices: Int32Array) => B;
  /** Examples to process in all: the run stops at the first step that reaches it. Whole number ≥ 1. */
  samples: number;
  /** Most steps; default none. */
  maxSteps?: number;
  /** How the batch grows. `max` is n by default. */
  batch?: Omit<BatchSizeOptions, "max"> & { max?: number };
  /** Examples whose gradients are in memory at once; larger batches are accumulated in the graph. Default 256. */
  microBatch?: number;
  /** What updates are multiplied by, as a function of the examples processed; default 1. */
  schedule?: Schedule;
  /** Of the order of the rows and of the loss; default 0. */
  seed?: number;
  onRecord?: (record: AdaptiveRecord) => void | Promise<void>;
  signal?: AbortSignal;
  /** Where to go on. */
  resume?: AdaptiveSnapshot<P>;
}

/** One step. */
export interface AdaptiveRecord {
  /** Steps made, this one included. */
  readonly step: number;
  /** Examples processed, this batch included. */
  readonly samples: number;
  readonly batchSize: number;
  readonly loss: number;
  /** ‖Var‖₁ / (b·‖ḡ‖²): what the norm test compares with eta². */
  readonly noise: number;
}

/** What a run goes on from, bit for bit. */
export interface AdaptiveSnapshot<P> {
  readonly params: P;
  readonly state: unknown;
  readonly step: number;
  readonly samples: number;
  readonly controller: { readonly size: number; readonly observed: number };
  /** The epoch and the rows of it that were used. */
  readonly epoch: number;
  readonly used: number;
}

/** How a run ended. */
export interface AdaptiveResult<P> {
  readonly status: "ok" | "non-finite" | "aborted";
  readonly params: P;
  readonly history: readonly AdaptiveRecord[];
  readonly snapshot: AdaptiveSnapshot<P>;
}

const known = [
  ...["params", "loss", "optimizer", "n", "rows", "samples", "maxSteps", "batch", "microBatch", "schedule"],
  ...["seed", "onRecord", "signal", "resume"],
];

/**
 * Trains with a batch that grows as the gradient's noise outweighs it: AdAdaGrad with `adagrad` or `adagradNorm`, and
 * any other optimizer. Every size of batch is compiled once; beyond `microBatch` it is accumulated in one program.
 *
 * The test uses the raw gradients of the batch just used. When the size changes a new shuffled epoch begins.
 * @throws OptionError; what `rows` and `onRecord` throw
 * @source Lau, Liu, Kolar, "AdAdaGrad: Adaptive batch size schemes for adaptive gradient methods", 2024,
 *   arXiv:2402.11215, algorithm 1; deviates: sizes are rounded up to few shapes
 */
export async function trainAdaptive<P, B>(options: AdaptiveTrainOptions<P, B>): Promise<AdaptiveResult<P>> {
  const where = "train.trainAdaptive";
  checkOptions(where, options, known);
  const { loss, optimizer, n, rows, samples: budget, maxSteps = Infinity, seed = 0, signal } = options;
  const { microBatch = 256, schedule, resume } = options;
  checkWhole(where, "n", n, 2);
  checkWhole(where, "samples", budget, 1);
  checkWhole(where, "microBatch", microBatch, 1);
  if (maxSteps !== Infinity) checkWhole(where, "maxSteps", maxSteps, 0);
  const { max = n, round, ...growth } = options.batch ?? {};
  checkWhole(where, "batch.max", max, 2);
  const limit = Math.min(max, n);
  // Beyond a micro-batch only whole ones, so that the accumulation divides evenly.
  const whole = (size: number): number =>
    size <= microBatch ? size : Math.ceil(size / microBatch) * microBatch;
  const fits = (size: number): number => {
    const up = whole(round ? round(size) : 2 ** Math.ceil(Math.log2(size)));
    return up <= limit ? up : limit <= microBatch ? limit : Math.floor(limit / microBatch) * microBatch;
  };
  const controller = batchSizeController({ ...growth, max: fits(limit), round: fits });
  const test = growth.test ?? { kind: "norm", eta: 0.5 };
  const step = compile(
    (params: P, state: unknown, batch: B, key: Tensor, processed: Tensor) => {
      const b = rowsOf(batch);
      const found = batchStatistics(loss, params, batch, key, {
        ...{ microBatch: Math.min(b, microBatch), inner: test.kind !== "norm" },
      });
      const { updates, state: next } = optimizer.update(found.gradient, state, params, {
        ...{ value: found.loss, batch, key },
      });
      const factor = schedule?.(processed);
      const [scaled] = factor
        ? mapLeaves(where, updates, [], (u) => [mul(u, cast(factor, u.dtype))])
        : [updates];
      const { loss: value, sumSquares, squaredNorm, innerSquares } = found;
      return {
        params: applyUpdates(params, scaled),
        state: next,
        sums: { loss: value, sumSquares, squaredNorm, ...(innerSquares ? { innerSquares } : {}) },
      };
    },
    { cacheSize: 16 },
  );
  const root = foldIn(randomKey(seed), 1);
  let now: AdaptiveSnapshot<P> = resume ?? {
    ...{ params: options.params, state: optimizer.init(options.params), step: 0, samples: 0 },
    ...{ controller: controller.state(), epoch: 0, used: 0 },
  };
  controller.restore(now.controller);
  await evaluate([now.params, now.state, root]);
  const history: AdaptiveRecord[] = [];
  let order = epochOrder(seed, now.epoch, n);
  let ordered = now.epoch;
  try {
    while (now.samples < budget && now.step < maxSteps && !signal?.aborted) {
      const b = controller.current();
      let { epoch, used } = now;
      if (used + b > n) [epoch, used] = [epoch + 1, 0];
      if (epoch !== ordered) [order, ordered] = [epochOrder(seed, epoch, n), epoch];
      const batch = rows(order.slice(used, used + b));
      const key = foldIn(root, tensor(now.step, { dtype: "int32" }));
      const out = await step(now.params, now.state, batch, key, tensor(now.samples));
      const number = async (t: Tensor | undefined): Promise<number> => (t ? t.item() : NaN);
      const { loss: value, sumSquares, squaredNorm, innerSquares } = out.sums;
      const seen = {
        ...{ b, sumSquares: await number(sumSquares), squaredNorm: await number(squaredNorm) },
        ...(innerSquares ? { innerSquares: await number(innerSquares) } : {}),
      };
      const mean = await number(value);
      if (![mean, seen.sumSquares].every(Number.isFinite))
        return { status: "non-finite", params: now.params, history, snapshot: now };
      const next = controller.observe(seen);
      now = {
        ...{ params: out.params, state: out.state, step: now.step + 1, samples: now.samples + b },
        controller: controller.state(),
        ...(next === b ? { epoch, used: used + b } : { epoch: epoch + 1, used: 0 }),
      };
      const noise = gradientVariance(seen, b) / (b * seen.squaredNorm);
      const record = { step: now.step, samples: now.samples, batchSize: b, loss: mean, noise };
      history.push(record);
      await options.onRecord?.(record);
    }
    const done = now.samples >= budget || now.step >= maxSteps;
    return { status: done ? "ok" : "aborted", params: now.params, history, snapshot: now };
  } finally {
    await step.release();
  }
}

/** Rows of a batch. */
function rowsOf(batch: unknown): number {
  return treeLeaves(batch)[0]!.shape[0]!;
}
