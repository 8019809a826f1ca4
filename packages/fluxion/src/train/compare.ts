import { compile } from "../compile/compile.js";
import { evaluate } from "../compile/evaluate.js";
import { foldIn, key as randomKey } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { decode } from "../core/dtypes.js";
import { mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { constantSchedule, type Schedule } from "../optim/schedules.js";
import type { Transform } from "../optim/transform.js";
import { checkCompareOptions, type CompareOptions } from "./compare-options.js";
import { trainProgram, type Carry, type TrainProgram } from "./program.js";
import { loadBatches } from "./start.js";
import { optimizerStep } from "./step.js";

/** One training run of a comparison. */
export interface ComparedRun {
  readonly seed: number;
  /** "non-finite": it ended early, by a loss that is no finite number. */
  readonly status: "ok" | "non-finite";
  /** Training loss of every step made. */
  readonly losses: readonly number[];
  /** Metrics that the loss reports, of every step made. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  /** What `measure` gave; empty after "non-finite". */
  readonly figures: Readonly<Record<string, number>>;
}

/** The learning rate of one optimizer and how it was chosen. */
export interface Tuned {
  /** The learning rate that was chosen. */
  readonly learningRate: number;
  /** Whether it is the smallest or the largest offered, so that a better one may lie beyond. */
  readonly atEdge: boolean;
  /** The score of every learning rate, Infinity where a run was not finite; empty if there was only one. */
  readonly tuning: readonly { readonly learningRate: number; readonly score: number }[];
}

/** What was found of one optimizer. */
export interface Compared extends Tuned {
  /** A run a seed, in the order of the seeds. */
  readonly runs: readonly ComparedRun[];
}

/**
 * Trains the same model with several optimizers under equal conditions: the same start, the same batches in the same
 * order, the same number of steps; the learning rate of each is chosen by the same rule with seeds and examples of its
 * own. An optimizer is compiled once for all its learning rates and seeds.
 * @throws OptionError; what `batches` throws; the signal's reason
 */
export async function compareOptimizers<P, B, const Name extends string>(
  options: CompareOptions<P, B, Name>,
): Promise<Record<Name, Compared>> {
  const { measure: measureOf, seeds } = options;
  const measure = measureOf ? compile(measureOf) : undefined;
  const finish = async (run: Run<P>, learningRate: number): Promise<readonly ComparedRun[]> => {
    const runs: ComparedRun[] = [];
    for (const seed of seeds) {
      const { params, state, ...rest } = await run(seed, learningRate);
      const measured = measure && rest.status === "ok" ? await measure(params, state) : {};
      const figures: Record<string, number> = {};
      for (const [figure, value] of Object.entries(measured)) figures[figure] = await value.item();
      runs.push({ ...rest, figures });
    }
    return runs;
  };
  try {
    return await everyOptimizer(options, async (run, tuned) => ({
      ...tuned,
      runs: await finish(run, tuned.learningRate),
    }));
  } finally {
    await measure?.release();
  }
}

/**
 * Only the choice of learning rates that `compareOptimizers` makes, for comparisons that are made piece by piece.
 * @throws as `compareOptimizers`
 */
export function chooseLearningRates<P, B, const Name extends string>(
  options: Omit<CompareOptions<P, B, Name>, "seeds" | "measure">,
): Promise<Record<Name, Tuned>> {
  return everyOptimizer({ ...options, seeds: [] }, (_run, tuned) => Promise.resolve(tuned));
}

type Run<P> = (seed: number, learningRate: number) => Promise<Finished<P>>;

/** Tunes every optimizer in turn and hands its runs to `then`. */
async function everyOptimizer<P, B, Name extends string, Out>(
  options: CompareOptions<P, B, Name>,
  then: (run: Run<P>, tuned: Tuned) => Promise<Out>,
): Promise<Record<Name, Out>> {
  const rates = checkCompareOptions(options);
  const { optimizers, seeds, tuningSeeds = [1000] } = options;
  const names = Object.keys(optimizers) as Name[];
  const runsOf = (name: Name): number =>
    seeds.length + (rates[name].length > 1 ? rates[name].length * tuningSeeds.length : 0);
  const total = names.reduce((sum, name) => sum + runsOf(name), 0);
  let done = 0;
  const score = options.score ? compile(options.score) : undefined;
  const results: Partial<Record<Name, Out>> = {};
  try {
    for (const name of names) {
      const one = runner(options, optimizers[name]);
      const run: Run<P> = async (seed, learningRate) => {
        options.onProgress?.(done / total, `${name}, learning rate ${learningRate}`);
        const finished = await one.run(seed, learningRate);
        done++;
        return finished;
      };
      try {
        results[name] = await then(run, await tune(run, rates[name], tuningSeeds, score));
      } finally {
        await one.release();
      }
    }
  } finally {
    await score?.release();
  }
  options.onProgress?.(1, "done");
  return results as Record<Name, Out>;
}

async function tune<P>(
  run: Run<P>,
  rates: readonly number[],
  seeds: readonly number[],
  score: ((params: P) => Promise<Tensor>) | undefined,
): Promise<Tuned> {
  if (rates.length === 1) return { learningRate: rates[0]!, atEdge: false, tuning: [] };
  const tuning: { learningRate: number; score: number }[] = [];
  for (const learningRate of rates) {
    let sum = 0;
    for (const seed of seeds) sum += await scoreOf(await run(seed, learningRate), score);
    tuning.push({ learningRate, score: sum / seeds.length });
  }
  const { learningRate } = tuning.reduce((best, t) => (t.score < best.score ? t : best));
  return { learningRate, atEdge: [Math.min(...rates), Math.max(...rates)].includes(learningRate), tuning };
}

type Finished<P> = Omit<ComparedRun, "figures"> & { readonly params: P; readonly state: unknown };

async function scoreOf<P>(
  { status, params, losses }: Finished<P>,
  score: ((params: P) => Promise<Tensor>) | undefined,
): Promise<number> {
  if (status !== "ok") return Infinity;
  const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)));
  const value = score ? await (await score(params)).item() : last.reduce((a, b) => a + b, 0) / last.length;
  return Number.isFinite(value) ? value : Infinity;
}

/** The state of a run: the learning rate is fed, so that one program serves all of them. */
type RatedState = { optimizer: unknown; rate: Tensor };

function runner<P, B>(
  options: CompareOptions<P, B>,
  make: (learningRate: Schedule) => Transform,
): { run: (seed: number, learningRate: number) => Promise<Finished<P>>; release: () => Promise<void> } {
  const { steps, batches, signal, schedule = constantSchedule(1), stepsPerCall = 20 } = options;
  const perCall = Math.min(stepsPerCall, steps);
  const rated = (rate: Tensor): Transform =>
    make((step) => {
      const factor = schedule(step);
      return mul(factor, cast(rate, factor.dtype));
    });
  const program: TrainProgram<P, RatedState, B> = trainProgram<P, RatedState, B>(
    (at) => {
      const { optimizer, rate } = at.state;
      const out = optimizerStep(options.loss, rated(rate))({ ...at, state: optimizer });
      return { ...out, state: { optimizer: out.state, rate } };
    },
    undefined,
    {
      ...(options.device === undefined ? {} : { device: options.device }),
      ...{ threads: options.threads ?? 1, cacheSize: 2 },
    },
  );
  return {
    async run(seed, learningRate) {
      const params = options.init(seed);
      const rate = tensor(learningRate);
      let carry: Carry<P, RatedState> = { params, state: { optimizer: rated(rate).init(params), rate } };
      const key = foldIn(randomKey(seed), 1);
      await evaluate([carry, key]);
      const losses: number[] = [];
      const metrics: Record<string, number[]> = {};
      for (let step = 0; step < steps; step += perCall) {
        signal?.throwIfAborted();
        const count = Math.min(perCall, steps - step);
        const data = await loadBatches((s) => batches(seed, s), step, count);
        const [next, trail] = await program(carry, data, key, tensor(step, { dtype: "int32" }), count);
        carry = next;
        const values = decode(await trail.loss.data(), trail.loss.dtype);
        const bad = [...values].findIndex((v) => !Number.isFinite(v));
        const made = bad < 0 ? count : bad;
        losses.push(...[...values].slice(0, made));
        for (const [name, list] of Object.entries(trail.metrics))
          (metrics[name] ??= []).push(...[...decode(await list.data(), list.dtype)].slice(0, made));
        if (bad >= 0)
          return {
            seed,
            status: "non-finite",
            losses,
            metrics,
            params: carry.params,
            state: carry.state.optimizer,
          };
      }
      return { seed, status: "ok", losses, metrics, params: carry.params, state: carry.state.optimizer };
    },
    release: () => program.release(),
  };
}
