import { decode } from "../core/dtypes.js";
import { tensor } from "../core/tensor.js";
import { checkTrainOptions, type TrainOptions, type TrainRecord } from "./options.js";
import { trainProgram, type Trail } from "./program.js";
import { progressMeter } from "./progress.js";
import { allFinite, type Snapshot } from "./snapshot.js";
import { averageOf, carryOf, loadBatches, startOf, stepOf } from "./start.js";

/** What stopped a run that went wrong. */
export interface TrainFailure {
  /** The step, counted from 0, whose loss or parameters were not finite. */
  readonly step: number;
  readonly loss: number;
  /** Name of the last checkpoint, if there is one; it is good. */
  readonly checkpoint?: string;
  /** What happened and what to try, in one sentence each. */
  readonly message: string;
}

/** How a run ended. */
export interface TrainResult<P, S = unknown> {
  /** "ok": all steps made; "non-finite": stopped by a loss or parameters that are no finite numbers; "aborted". */
  readonly status: "ok" | "non-finite" | "aborted";
  /** Steps that `params` have behind them. */
  readonly step: number;
  /** The last parameters; after "non-finite" the last that were finite. */
  readonly params: P;
  /** Their moving average, if the run keeps one. */
  readonly ema: P | undefined;
  readonly state: S;
  /** Records of this call of `train`. */
  readonly history: readonly TrainRecord[];
  /** Set if the status is "non-finite". */
  readonly failure?: TrainFailure;
  /** What `resume` takes to go on. */
  readonly snapshot: Snapshot<P, S>;
}

/**
 * Trains: every step is one compiled program of loss, gradient, update and moving average, whose outputs are fed back.
 * The same options give the same parameters on the same machine, also when the run is resumed from a snapshot that lies
 * on the boundary of a call. A loss that is not finite ends the run with a status; only wrong options, wrong shapes and
 * failing callbacks throw.
 * @throws OptionError, TreeError, ShapeError before the first step; what `batches`, `save` and `onRecord` throw
 */
export async function train<P, B, S = unknown>(options: TrainOptions<P, B, S>): Promise<TrainResult<P, S>> {
  checkTrainOptions(options);
  const { steps, stepsPerCall = 1, recordEvery = 10, signal, checkpoint } = options;
  const average = averageOf(options);
  const program = trainProgram(stepOf(options), average, {
    ...(options.device === undefined ? {} : { device: options.device }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    cacheSize: 2,
  });
  try {
    let now = await startOf(options, average);
    let good = now;
    let saved: { step: number; name?: string } = { step: now.step };
    let failure: Failed | undefined;
    let loss = NaN;
    const history: TrainRecord[] = [];
    const meter = progressMeter(now.step, steps);
    const countAt = (step: number): number => Math.min(stepsPerCall, steps - step);
    const load = (step: number): Promise<B> | undefined =>
      step < steps ? loadBatches(options.batches, step, countAt(step)) : undefined;
    /** Whether the parameters are good; keeps them if they are. */
    const save = async (): Promise<boolean> => {
      if (!(await allFinite(now.params))) return false;
      good = now;
      if (!checkpoint || saved.step === now.step) return true;
      const name = await checkpoint.save(now);
      saved = typeof name === "string" ? { step: now.step, name } : { step: now.step };
      return true;
    };

    let batches = load(now.step);
    while (batches && !signal?.aborted) {
      const count = countAt(now.step);
      const next = now.step + count;
      const first = tensor(now.step, { dtype: "int32" });
      const running = program(carryOf(now), await batches, now.key, first, count);
      // The next batches are made while this step runs.
      batches = load(next);
      const [carry, trail] = await running;
      const values = await read(trail);
      const bad = values.loss.findIndex((loss) => !Number.isFinite(loss));
      if (bad >= 0) {
        failure = { step: now.step + bad, loss: values.loss[bad]! };
        break;
      }
      loss = values.loss.at(-1)!;
      const before = now.step;
      now = { ...carry, step: next, key: now.key };
      for (const record of recordsOf(values, before)) {
        if (record.step % recordEvery !== 0 && record.step !== steps) continue;
        history.push(record);
        await options.onRecord?.(record);
      }
      const due = checkpoint && Math.floor(next / checkpoint.every) > Math.floor(before / checkpoint.every);
      if ((due || next === steps) && !(await save())) {
        failure = { step: next - 1, loss };
        break;
      }
      options.onProgress?.(meter(next, values.loss));
    }
    const interrupted = !failure && now.step < steps && now.step > saved.step;
    if (interrupted && !(await save())) failure = { step: now.step - 1, loss };
    // Parameters may turn bad a step before the loss does.
    if (failure && !(await allFinite(now.params))) now = good;
    return {
      status: failure ? "non-finite" : now.step < steps ? "aborted" : "ok",
      step: now.step,
      params: now.params,
      ema: now.ema?.average,
      state: now.state,
      history,
      ...(failure ? { failure: explain(failure, saved.name) } : {}),
      snapshot: now,
    };
  } finally {
    await program.release();
  }
}

/** Losses and metrics of a call as numbers, one a step. */
type Values = { readonly loss: number[]; readonly [metric: string]: number[] };

async function read({ loss, metrics }: Trail): Promise<Values> {
  const values: Record<string, number[]> = {};
  for (const [name, list] of Object.entries({ loss, ...metrics })) {
    values[name] = [...decode(await list.data(), list.dtype)];
  }
  return values as Values;
}

const recordsOf = (values: Values, before: number): TrainRecord[] =>
  values.loss.map((loss, i) => {
    const metrics = Object.entries(values).map(([name, list]) => [name, list[i]!] as const);
    return { step: before + i + 1, loss, ...Object.fromEntries(metrics) };
  });

type Failed = { readonly step: number; readonly loss: number };

function explain({ step, loss }: Failed, checkpoint: string | undefined): TrainFailure {
  const what = Number.isFinite(loss)
    ? `the parameters were no finite numbers after step ${step} (loss ${loss})`
    : `the loss was ${loss} at step ${step}`;
  const message = [
    `train: ${what}.`,
    "Try a smaller learning rate, a warm-up or clipByGlobalNorm(1), and look for NaN and infinity in the batches.",
    checkpoint === undefined ? "There is no checkpoint yet." : `The last checkpoint, ${checkpoint}, is good.`,
  ].join(" ");
  return { step, loss, ...(checkpoint === undefined ? {} : { checkpoint }), message };
}
