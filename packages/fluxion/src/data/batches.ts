import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { type ArrayData, type ArrayStorage, rowLength, wholeNumber } from "./array-data.js";
import { seededUniform, shuffled } from "./seeded.js";

/** The data set, batch and seed that fix every batch of a run. */
export interface BatchPlan {
  /** Rows in the data set, >= 1. */
  n: number;
  /** Rows in a batch, in [1, n]. */
  batchSize: number;
  /** Whole number in [0, 2^32). */
  seed: number;
}

/** One batch: which rows, and where in the run it stands. */
export interface Batch {
  /** Batches before this one since the start of the run. */
  step: number;
  epoch: number;
  /** int32 [batchSize], rows in [0, n) */
  indices: Int32Array;
}

/**
 * The order in which an epoch visits the rows: a permutation that depends on (seed, epoch, n) only.
 * @returns int32 [n]
 * @throws OptionError if a number is out of range
 */
export function epochOrder(seed: number, epoch: number, n: number): Int32Array {
  wholeNumber("data.epochOrder", "n", n, 1);
  return shuffled(n, seededUniform(seed, epoch));
}

/** Whole batches in an epoch: floor(n / batchSize). @throws OptionError if the batch is larger than the data */
export function batchesPerEpoch(plan: Pick<BatchPlan, "n" | "batchSize">): number {
  const where = "data.batchesPerEpoch";
  wholeNumber(where, "n", plan.n, 1);
  wholeNumber(where, "batchSize", plan.batchSize, 1);
  if (plan.batchSize > plan.n) {
    throw new OptionError({
      where,
      want: `batchSize at most the ${plan.n} rows`,
      got: String(plan.batchSize),
    });
  }
  return Math.floor(plan.n / plan.batchSize);
}

/**
 * The batches of a run from `startStep` on, without end. Batch number k depends on (plan, k) only, so a resumed run
 * goes on exactly. Rows are visited once an epoch in a fresh order; the n mod batchSize rows left over at its end are
 * passed over, because a batch of another shape would have to be compiled anew.
 * @param startStep batches already taken, default 0
 * @throws OptionError, at the call and not at the first batch
 */
export function batches(plan: BatchPlan, startStep = 0): Generator<Batch, never, undefined> {
  checkOptions("data.batches", plan, ["n", "batchSize", "seed"]);
  wholeNumber("data.batches", "startStep", startStep, 0);
  seededUniform(plan.seed);
  return generateBatches(plan, startStep, batchesPerEpoch(plan));
}

function* generateBatches(
  plan: BatchPlan,
  startStep: number,
  perEpoch: number,
): Generator<Batch, never, undefined> {
  const { n, batchSize, seed } = plan;
  let epoch = -1;
  let order: Int32Array = new Int32Array();
  for (let step = startStep; ; step++) {
    const due = Math.floor(step / perEpoch);
    if (due !== epoch) {
      epoch = due;
      order = epochOrder(seed, epoch, n);
    }
    const from = (step % perEpoch) * batchSize;
    yield { step, epoch, indices: order.slice(from, from + batchSize) };
  }
}

/** The rows of every step of a run; steps in order cost nothing to find. @internal */
export function rowsOfStep(plan: BatchPlan): (step: number) => Int32Array {
  let stream = batches(plan);
  let next = 0;
  return (step) => {
    if (step !== next) stream = batches(plan, step);
    next = step + 1;
    return stream.next().value.indices;
  };
}

/**
 * Copies rows of an array: out[i, ...] = array[indices[i], ...].
 * @param array [N, ...]
 * @param indices [B], whole numbers in [0, N), repeats allowed
 * @returns [B, ...] of the same element type
 * @throws ShapeError if the array has no first axis or an index is out of range
 */
export function gatherRows<T extends ArrayStorage>(
  array: ArrayData<T>,
  indices: ArrayLike<number>,
): ArrayData<T> {
  const size = rowLength("data.gatherRows", array);
  const rows = array.shape[0]!;
  const data = new (array.data.constructor as new (length: number) => T)(indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= rows) {
      throw new ShapeError({
        where: "data.gatherRows",
        want: `indices in [0, ${rows})`,
        got: `${row} at ${i}`,
      });
    }
    data.set(array.data.subarray(row * size, (row + 1) * size), i * size);
  }
  return { data, shape: [indices.length, ...array.shape.slice(1)] };
}

/** How to part a data set. */
export interface PartitionOptions {
  /** Part of the rows held out, in (0, 1), default 0.2. */
  holdout?: number;
  /** Whole number in [0, 2^32), default 0. */
  seed?: number;
  /** Class of each row, int [n]: every class is parted in the same proportion; default: one class. */
  labels?: ArrayLike<number>;
}

/**
 * Parts the rows 0 ... n - 1 into a training and a held-out set, the same for the same arguments.
 * @param n rows, >= 2
 * @returns two ascending lists of rows without a common one: round(holdout * rows of the class) of each class held out
 * @throws OptionError; ShapeError if there are not n labels
 */
export function partition(
  n: number,
  options: PartitionOptions = {},
): { train: Int32Array; holdout: Int32Array } {
  const where = "data.partition";
  checkOptions(where, options, ["holdout", "seed", "labels"]);
  const { holdout: part = 0.2, seed = 0, labels } = options;
  wholeNumber(where, "n", n, 2);
  if (!(part > 0 && part < 1)) throw new OptionError({ where, want: "holdout in (0, 1)", got: String(part) });
  if (labels !== undefined && labels.length !== n) {
    throw new ShapeError({ where, want: `${n} labels`, got: String(labels.length) });
  }
  const byClass = new Map<number, number[]>();
  for (const row of shuffled(n, seededUniform(seed))) {
    const label = labels?.[row] ?? 0;
    const rows = byClass.get(label);
    if (rows) rows.push(row);
    else byClass.set(label, [row]);
  }
  const train: number[] = [];
  const holdout: number[] = [];
  for (const rows of byClass.values()) {
    const cut = Math.round(part * rows.length);
    rows.forEach((row, i) => (i < cut ? holdout : train).push(row));
  }
  return { train: Int32Array.from(train).sort(), holdout: Int32Array.from(holdout).sort() };
}
