import { checkOptions, FluxionError, OptionError, ShapeError } from "../core/errors.js";
import type { Handler, WorkerPool } from "../distributed/worker-pool.js";
import { checkRange } from "../optim/options.js";
import type { ClippedQuery } from "./clipped-sum.js";
import { diff2Noise, type Diff2Noise, type Diff2NoiseOptions } from "./diff2-noise.js";
import { epsilonOfRho, gaussianRho } from "./gaussian-accountant.js";
import { type NoiseSource, secureNoise } from "./noise.js";

/** What the parameters do with a direction: the next parameters, as float32 [D]. */
export type Routine = (params: Float32Array, direction: Float64Array, round: number) => Float32Array;

/** Options of `diff2`. */
export interface Diff2Options extends Diff2NoiseOptions {
  /** C1: gradients of single examples are clipped to this length; number in (0, ∞). */
  clip: number;
  /** C2: their differences to this many times the length of the last step; number in (0, ∞). */
  smoothness: number;
  /** The step; default `gradientStep(1)`. */
  routine?: Routine;
  /** Standard normal numbers; default `secureNoise()`. `seededNoise` is for tests. */
  noise?: NoiseSource;
}

/** Where a run stands. */
export interface Diff2State {
  /** Rounds made. */
  readonly round: number;
  /** float32 [D] */
  readonly params: Float32Array;
  /** Those of the round before; none before the first step. */
  readonly previous: Float32Array | undefined;
  /** v: the gradient's estimate with all its noise, which alone was ever released; float64 [D]. */
  readonly estimate: Float64Array;
  /** Gradients and differences released. */
  readonly released: { readonly restarts: number; readonly differences: number };
}

/** DIFF2 as pure steps: ask, collect, step. */
export interface Diff2 {
  readonly noise: Diff2Noise;
  init(params: Float32Array): Diff2State;
  /** What the clients are asked in this round. */
  query(state: Diff2State): ClippedQuery;
  /** The state after the round. @param means the reply of every client, float64 [D] each */
  step(state: Diff2State, means: readonly Float64Array[]): Diff2State;
  /** What has been spent so far: rho, and epsilon at the budget's delta. */
  spent(state: Diff2State): { readonly rho: number; readonly epsilon: number };
}

/** x − learningRate·v, plus the gradient of a term that no data is in. @param term its gradient at x, float64 [D] */
export const gradientStep =
  (learningRate: number, term?: (params: Float32Array) => Float64Array): Routine =>
  (params, direction) => {
    const more = term?.(params);
    return params.map((x, d) => x - learningRate * (direction[d]! + (more?.[d] ?? 0)));
  };

/**
 * Differentially private optimization over clients with a trusted aggregator: every T-th round releases the mean clipped
 * gradient, the rounds between only its mean clipped change, whose clipping radius and noise shrink with the step.
 *
 * Restart: v = mean + N(0, (C1·sigma1)²). Else: v ← v + mean change + N(0, (C2·‖x − x₋‖·sigma2)²). Then the routine steps
 * along v. With restartEvery 1 it is DP-GD.
 * @throws OptionError
 * @source Murata, Suzuki, 2023, arXiv:2302.03884, algorithm 1 with the GD routine; deviates: none
 */
export function diff2(options: Diff2Options): Diff2 {
  const where = "privacy.diff2";
  const { clip, smoothness, routine = gradientStep(1), noise: source = secureNoise(), ...budgeted } = options;
  checkRange(where, "clip", clip, "(0, ∞)");
  checkRange(where, "smoothness", smoothness, "(0, ∞)");
  const noise = diff2Noise(budgeted);
  const { clients, restartEvery, rounds, smallest, budget } = budgeted;
  const isRestart = ({ round }: Diff2State): boolean => round % restartEvery === 0;
  const radius = (state: Diff2State): number =>
    isRestart(state) ? clip : smoothness * distance(state.params, state.previous!);
  const open = (state: Diff2State): void => {
    if (state.round >= rounds)
      throw new OptionError({
        where,
        want: `at most ${rounds} rounds, which the noise is for`,
        got: "one more",
      });
  };
  return {
    noise,
    init: (params) => ({
      ...{ round: 0, params, previous: undefined, estimate: new Float64Array(params.length) },
      released: { restarts: 0, differences: 0 },
    }),
    query(state) {
      open(state);
      const { params, previous } = state;
      return { params, radius: radius(state), ...(isRestart(state) ? {} : { previous: previous! }) };
    },
    step(state, means) {
      open(state);
      if (means.length !== clients)
        throw new OptionError({
          where,
          want: `replies of all ${clients} clients`,
          got: String(means.length),
        });
      const { params, round, released } = state;
      const wrong = means.find(({ length }) => length !== params.length);
      if (wrong)
        throw new ShapeError({ where, want: `replies [${params.length}]`, got: `[${wrong.length}]` });
      const restart = isRestart(state);
      const std = radius(state) * (restart ? noise.sigma1 : noise.sigma2);
      const estimate = Float64Array.from(params, (_, d) => {
        const mean = means.reduce((sum, m) => sum + m[d]!, 0) / clients;
        return (restart ? 0 : state.estimate[d]!) + mean + (std > 0 ? std * source() : 0);
      });
      return {
        ...{ round: round + 1, params: routine(params, estimate, round), previous: params, estimate },
        released: {
          restarts: released.restarts + (restart ? 1 : 0),
          differences: released.differences + (restart ? 0 : 1),
        },
      };
    },
    spent({ released: { restarts, differences } }) {
      const one = (sigma: number, count: number): number =>
        count > 0 ? gaussianRho(2 / (smallest * clients * sigma), count) : 0;
      const rho = one(noise.sigma1, restarts) + one(noise.sigma2, differences);
      return { rho, epsilon: epsilonOfRho(rho, budget.delta) };
    },
  };
}

/** ‖x − y‖ in double precision. */
function distance(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < x.length; d++) sum += (x[d]! - y[d]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * A client: the clipped sum over all its examples, divided once by how many they are.
 * @throws OptionError without examples
 */
export function diff2Client(
  clippedSum: (query: ClippedQuery, examples: Int32Array) => Promise<Float64Array>,
  examples: Int32Array,
): Handler<ClippedQuery, Float64Array> {
  if (examples.length === 0)
    throw new OptionError({ where: "privacy.diff2Client", want: "examples", got: "none" });
  return async (query) => (await clippedSum(query, examples)).map((v) => v / examples.length);
}

/** Options of `trainDiff2`. */
export interface TrainDiff2Options {
  method: Diff2;
  /** As many workers as there are clients, each a `diff2Client`. */
  pool: WorkerPool<ClippedQuery, Float64Array>;
  /** Where it starts, float32 [D]. */
  params: Float32Array;
  /** Called after every round. */
  onRound?: (state: Diff2State) => void | Promise<void>;
  /** Rounds, at most those that the noise is for, which is the default. */
  rounds?: number;
  signal?: AbortSignal;
}

/**
 * Runs DIFF2 over a pool of clients; every client has to answer in every round. Stops early at the signal, with what it
 * has and has spent.
 * @throws OptionError, ShapeError; FluxionError if a client is lost; what a client throws
 */
export async function trainDiff2(options: TrainDiff2Options): Promise<Diff2State> {
  const where = "privacy.trainDiff2";
  checkOptions(where, options, ["method", "pool", "params", "onRound", "rounds", "signal"]);
  const { method, pool, params, onRound, signal } = options;
  const { rounds = method.noise.restarts + method.noise.differences } = options;
  let state = method.init(params);
  while (state.round < rounds && !signal?.aborted) {
    const query = method.query(state);
    const round = pool.begin(Array.from({ length: pool.size }, () => query));
    const means: Float64Array[] = [];
    try {
      for (let i = 0; i < pool.size; i++) {
        const answer = await round.next();
        if (!answer)
          throw new FluxionError({
            where,
            want: `${pool.size} answers`,
            got: `${i} and no more`,
            hint: "a client is lost",
          });
        means[answer.worker] = answer.reply;
      }
    } finally {
      round.end();
    }
    state = method.step(state, means);
    await onRound?.(state);
  }
  return state;
}
