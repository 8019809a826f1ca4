import { compile } from "../compile/compile.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { applyUpdates, type Transform } from "../optim/transform.js";
import { codedRounds, type DeadlineOptions, type RoundReport } from "./coded-rounds.js";
import type { CodedJob, CodedQuery, CodedReply, CodedTask } from "./coded-worker.js";
import { flatten, unflatten } from "./flat.js";
import { chunkCuts, type GradientCode, type Task } from "./gradient-code.js";
import type { WorkerPool } from "./worker-pool.js";

/** Options of `trainCoded`. */
export interface TrainCodedOptions<P> extends DeadlineOptions {
  code: GradientCode;
  /** As many workers as the code has, each a `codedWorker`. */
  pool: WorkerPool<CodedQuery, CodedReply>;
  /**
   * Models trained in turn: job t is a step of model t mod M. At least `code.delay + 1`, because a step needs the
   * gradient of the one before.
   */
  models: readonly { readonly params: P; readonly optimizer: Transform }[];
  /** The examples of a job's batch, int32. */
  examples: (job: number) => Int32Array;
  /** Steps in all, whole number ≥ 1. */
  jobs: number;
  /** Called after every round, with the step that it made possible. */
  onRound?: (report: RoundReport, step: CodedStep<P> | undefined) => void | Promise<void>;
  signal?: AbortSignal;
}

/** A step of one model. */
export interface CodedStep<P> {
  readonly job: number;
  /** Which model, in [0, M). */
  readonly model: number;
  /** The decoded mean gradient over the job's examples, float32 [D]. */
  readonly gradient: Float32Array;
  /** The model's parameters after it. */
  readonly params: P;
}

/** What `trainCoded` gives. */
export interface TrainCodedResult<P> {
  /** Of every model. */
  readonly params: readonly P[];
  /** Time of all rounds, by the pool's clock. */
  readonly seconds: number;
  readonly rounds: readonly RoundReport[];
}

/**
 * Trains models in turn with exact gradients from workers of which some straggle. Stops early, with what it has, at the
 * signal.
 * @throws OptionError, ShapeError; FluxionError if workers that are needed never answer; what a worker throws
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, section 4; deviates: none
 */
export async function trainCoded<P>(options: TrainCodedOptions<P>): Promise<TrainCodedResult<P>> {
  const where = "distributed.trainCoded";
  checkOptions(where, options, [
    ...["code", "pool", "models", "examples", "jobs", "onRound", "signal", "mu", "waitOut"],
  ]);
  const { code, pool, models, examples, jobs, onRound, signal, ...rest } = options;
  if (pool.size !== code.n)
    throw new OptionError({
      where,
      want: `a pool of ${code.n} workers, as the code has`,
      got: `${pool.size}`,
    });
  if (models.length <= code.delay) {
    throw new OptionError({
      where,
      want: `at least ${code.delay + 1} models: a gradient comes ${code.delay} rounds late`,
      got: String(models.length),
      hint: "train several models in turn, or take a code without delay (gc)",
    });
  }
  const trained = models.map(({ params, optimizer }) => ({
    ...{ params, state: optimizer.init(params) },
    step: compile((p: P, state: unknown, mean: Tensor) => {
      const update = optimizer.update(unflatten(mean, p), state, p);
      return [applyUpdates(p, update.updates), update.state] as const;
    }),
  }));
  const underWay = new Map<number, CodedJob & { readonly cuts: Int32Array; readonly known: Set<number> }>();
  const results = new Map<string, Float32Array>();
  const rounds: RoundReport[] = [];
  const described = (worker: number, { job, part }: Task): CodedTask => {
    const { cuts } = underWay.get(job)!;
    const ranges = code
      .terms(worker, part)
      .map(({ chunk, coefficient }) => ({ from: cuts[chunk]!, to: cuts[chunk + 1]!, coefficient }));
    return { job, part, ranges };
  };
  const prepare = async (job: number): Promise<void> => {
    if (job >= jobs) return;
    const batch = examples(job);
    const params = await flatten(trained[job % trained.length]!.params);
    underWay.set(job, {
      job,
      params,
      examples: batch,
      cuts: chunkCuts(code, batch.length),
      known: new Set(),
    });
  };
  const query = (own: readonly Task[], worker: number, round: number): CodedQuery => {
    const unknown = [...new Set(own.map(({ job }) => underWay.get(job)!))].filter(
      ({ known }) => !known.has(worker),
    );
    return {
      jobs: unknown.map(({ job, params, examples }) => ({ job, params, examples })),
      oldest: round - code.delay,
      tasks: own.map((task) => described(worker, task)),
    };
  };
  const loop = codedRounds<CodedReply>({
    ...{ code, jobs, ...rest },
    begin: (round, tasks) =>
      pool.begin(tasks.map((own, worker) => (own.length > 0 ? query(own, worker, round) : undefined))),
    accept: (worker, reply, tasks) =>
      tasks.filter(({ job, part }) => {
        const { known, params } = underWay.get(job)!;
        const result = reply.results.find((r) => r.job === job && r.part === part);
        if (!result) {
          known.delete(worker);
          return false;
        }
        if (result.gradient.length !== params.length)
          throw new ShapeError({
            where,
            want: `gradients [${params.length}]`,
            got: `[${result.gradient.length}]`,
          });
        known.add(worker);
        results.set(`${job} ${worker} ${part}`, result.gradient);
        return true;
      }),
  });
  await prepare(0);
  try {
    for await (const report of loop) {
      rounds.push(report);
      let made: CodedStep<P> | undefined;
      if (report.decoded) {
        const { job, from } = report.decoded;
        const parts = from.map((c) => ({ ...c, gradient: results.get(`${job} ${c.worker} ${c.part}`)! }));
        const gradient = combined(parts, underWay.get(job)!.examples.length);
        const model = trained[job % trained.length]!;
        [model.params, model.state] = await model.step(model.params, model.state, tensor(gradient));
        made = { job, model: job % trained.length, gradient, params: model.params };
        for (const name of results.keys()) if (Number(name.split(" ")[0]) <= job) results.delete(name);
        underWay.delete(job);
      }
      await onRound?.(report, made);
      if (signal?.aborted) break;
      await prepare(report.round + 1);
    }
  } finally {
    await Promise.all(trained.map(({ step }) => step.release()));
  }
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0);
  return { params: trained.map(({ params }) => params), seconds, rounds };
}

/** Σ coefficient·gradient / examples, summed in double precision. */
function combined(
  parts: readonly { coefficient: number; gradient: Float32Array }[],
  examples: number,
): Float32Array {
  const sum = new Float64Array(parts[0]!.gradient.length);
  for (const { coefficient, gradient } of parts) {
    if (coefficient === 0) continue;
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + coefficient * gradient[i]!;
  }
  return Float32Array.from(sum, (v) => v / examples);
}
