import { compile } from "../compile/compile.js";
import type { Device } from "../compile/device.js";
import { evaluate } from "../compile/evaluate.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn, key as randomKey } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { decode } from "../core/dtypes.js";
import { mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { constantSchedule, type Schedule } from "../optim/schedules.js";
import type { Transform } from "../optim/transform.js";
import { trainProgram, type Carry, type TrainProgram } from "./program.js";
import { loadBatches } from "./start.js";
import { optimizerStep, type Loss, type StepMetrics } from "./step.js";

/** Options of `compareOptimizers`. */
export interface CompareOptions<P, B, Name extends string = string> {
  /** The parameters that every optimizer starts from with this seed. */
  init: (seed: number) => P;
  loss: Loss<P, B>;
  /** The batch of a step (from 0): the same for every optimizer, so seeds are paired. */
  batches: (seed: number, step: number) => B | Promise<B>;
  /** Steps of every run, whole number ≥ 1. */
  steps: number;
  /** What is compared, by name: an optimizer for a schedule of learning rates. */
  optimizers: Readonly<Record<Name, (learningRate: Schedule) => Transform>>;
  /** Peak learning rates to choose from, for all or by name, each in (0, ∞). A single one is not tuned. */
  learningRates: readonly number[] | Readonly<Record<Name, readonly number[]>>;
  /** What the peak is multiplied by at each step; default 1. */
  schedule?: Schedule;
  /** Seeds of the runs that count. */
  seeds: readonly number[];
  /** Seeds of the runs that learning rates are chosen by; default [1000]. Keep them apart from `seeds`. */
  tuningSeeds?: readonly number[];
  /**
   * What learning rates are chosen by, the smallest mean over the tuning seeds: a float scalar of the parameters after
   * training, taken on examples that `measure` does not use. Default: the mean training loss of the last tenth.
   */
  score?: (params: P) => Tensor;
  /** What is reported of the parameters after training: float scalars by name. Default: nothing. */
  measure?: (params: P) => StepMetrics;
  /** Steps in one call of ONNX Runtime; default 20, at most `steps`. */
  stepsPerCall?: number;
  /** Called with the fraction of all runs done, in [0, 1], and what comes next. */
  onProgress?: (fraction: number, what: string) => void;
  /** Ends the comparison; its reason is thrown. */
  signal?: AbortSignal;
  /** Default: as `compile`. */
  device?: Device;
  /** Threads within an operator; default 1, as models that are compared this way are small. */
  threads?: number;
}

const known = [
  ...["init", "loss", "batches", "steps", "optimizers", "learningRates", "schedule", "seeds", "tuningSeeds"],
  ...["score", "measure", "stepsPerCall", "onProgress", "signal", "device", "threads"],
];

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

/** What was found of one optimizer. */
export interface Compared {
  /** The learning rate that was chosen. */
  readonly learningRate: number;
  /** Whether it is the smallest or the largest offered, so that a better one may lie beyond. */
  readonly atEdge: boolean;
  /** The score of every learning rate, Infinity where a run was not finite; empty if there was only one. */
  readonly tuning: readonly { readonly learningRate: number; readonly score: number }[];
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
  const rates = checkCompareOptions(options);
  const { optimizers, seeds, tuningSeeds = [1000] } = options;
  const names = Object.keys(optimizers) as Name[];
  const runsOf = (name: Name): number =>
    rates[name].length > 1 ? rates[name].length * tuningSeeds.length : 0;
  const total = names.reduce((sum, name) => sum + runsOf(name) + seeds.length, 0);
  let done = 0;
  const measure = options.measure ? compile(options.measure) : undefined;
  const score = options.score ? compile(options.score) : undefined;
  const results: Partial<Record<Name, Compared>> = {};
  try {
    for (const name of names) {
      const one = runner(options, optimizers[name]);
      const run = async (seed: number, learningRate: number): Promise<Finished<P>> => {
        options.onProgress?.(done / total, `${name}, learning rate ${learningRate}`);
        const finished = await one.run(seed, learningRate);
        done++;
        return finished;
      };
      try {
        const tuning: { learningRate: number; score: number }[] = [];
        for (const learningRate of rates[name].length > 1 ? rates[name] : []) {
          let sum = 0;
          for (const seed of tuningSeeds) sum += await scoreOf(await run(seed, learningRate), score);
          tuning.push({ learningRate, score: sum / tuningSeeds.length });
        }
        const chosen = tuning.reduce<{ learningRate: number; score: number }>(
          (best, t) => (t.score < best.score ? t : best),
          tuning[0] ?? { learningRate: rates[name][0]!, score: Infinity },
        ).learningRate;
        const runs: ComparedRun[] = [];
        for (const seed of seeds) {
          const { params, ...rest } = await run(seed, chosen);
          const measured = measure && rest.status === "ok" ? await measure(params) : {};
          const figures: Record<string, number> = {};
          for (const [figure, value] of Object.entries(measured)) figures[figure] = await value.item();
          runs.push({ ...rest, figures });
        }
        const atEdge =
          tuning.length > 1 && [Math.min(...rates[name]), Math.max(...rates[name])].includes(chosen);
        results[name] = { learningRate: chosen, atEdge, tuning, runs };
      } finally {
        await one.release();
      }
    }
  } finally {
    await Promise.all([measure?.release(), score?.release()]);
  }
  options.onProgress?.(1, "done");
  return results as Record<Name, Compared>;
}

type Finished<P> = Omit<ComparedRun, "figures"> & { readonly params: P };

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
        if (bad >= 0) return { seed, status: "non-finite", losses, metrics, params: carry.params };
      }
      return { seed, status: "ok", losses, metrics, params: carry.params };
    },
    release: () => program.release(),
  };
}

/** @returns the learning rates by name */
function checkCompareOptions<P, B, Name extends string>(
  options: CompareOptions<P, B, Name>,
): Record<Name, readonly number[]> {
  const where = "train.compareOptimizers";
  checkOptions(where, options, known);
  checkWhole(where, "steps", options.steps, 1);
  checkWhole(where, "stepsPerCall", options.stepsPerCall ?? 20, 1);
  const names = Object.keys(options.optimizers) as Name[];
  if (names.length === 0) throw new OptionError({ where, want: "at least one optimizer", got: "none" });
  for (const [name, seeds] of [
    ["seeds", options.seeds],
    ["tuningSeeds", options.tuningSeeds ?? [1000]],
  ] as const)
    if (seeds.length === 0) throw new OptionError({ where, want: `at least one of ${name}`, got: "none" });
  const given = options.learningRates;
  const of = (name: Name): readonly number[] | undefined =>
    Array.isArray(given) ? (given as readonly number[]) : (given as Record<Name, readonly number[]>)[name];
  return Object.fromEntries(
    names.map((name) => {
      const list = of(name);
      if (!list || list.length === 0)
        throw new OptionError({ where, want: `learningRates of ${name}`, got: "none" });
      list.forEach((rate, i) => checkRange(where, `learningRates of ${name}[${i}]`, rate, "(0, ∞)"));
      return [name, list];
    }),
  ) as Record<Name, readonly number[]>;
}
