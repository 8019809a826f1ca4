import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { codedRounds, type DeadlineOptions, type RoundReport } from "./coded-rounds.js";
import { gradientCode, type GradientCode, type Scheme } from "./gradient-code.js";
import { virtualPool } from "./virtual-pool.js";

/** How long workers take, apart from what the load costs them. */
export interface DelayProfile {
  /** delays[r][i]: seconds of worker i in round r without any load; rounds begin anew after the last. */
  readonly delays: readonly Float64Array[];
  /** Seconds that one full gradient takes a worker, number in [0, ∞). */
  readonly secondsPerLoad: number;
}

/** What a simulation of a training's rounds tells. */
export interface Simulation {
  /** Time of all rounds. */
  readonly seconds: number;
  readonly rounds: readonly RoundReport[];
}

/**
 * Plays a code against delays without computing gradients.
 * @param options `jobs`: whole number ≥ 1, default: as many as the profile has rounds, less the code's delay; and those of
 *   a deadline
 * @throws OptionError, ShapeError; FluxionError if workers never answer that are needed
 */
export async function simulateCode(
  code: GradientCode,
  profile: DelayProfile,
  options: DeadlineOptions & { jobs?: number } = {},
): Promise<Simulation> {
  const where = "distributed.simulateCode";
  checkOptions(where, options, ["jobs", "mu", "waitOut"]);
  const { jobs = Math.max(1, profile.delays.length - code.delay), ...deadline } = options;
  const pool = virtualPool<true, true>({
    ...{ size: code.n, handler: () => () => true },
    delay: profileDelay(where, code, profile),
  });
  const rounds: RoundReport[] = [];
  const begin = (_round: number, tasks: readonly (readonly unknown[])[]) =>
    pool.begin(tasks.map(({ length }) => (length > 0 ? true : undefined)));
  // No gradients, so no coefficients, which cost most of a simulation.
  const played: GradientCode = { ...code, decode: (there) => (code.decodable(there) ? [] : undefined) };
  for await (const report of codedRounds({ code: played, jobs, begin, ...deadline })) rounds.push(report);
  return { seconds: rounds.reduce((sum, { seconds }) => sum + seconds, 0), rounds };
}

/**
 * The delay of `virtualPool` that a profile says: its own plus what the code's load costs.
 * @throws OptionError, ShapeError
 * @internal
 */
export function profileDelay(
  where: string,
  { n, load }: Pick<GradientCode, "n" | "load">,
  { delays, secondsPerLoad }: DelayProfile,
): (worker: number, round: number) => number {
  checkRange(where, "secondsPerLoad", secondsPerLoad, "[0, ∞)");
  if (delays.length === 0 || delays.some(({ length }) => length !== n)) {
    const got =
      delays.length === 0
        ? "none"
        : `[${delays.length}, ${delays.map((d) => d.length).find((l) => l !== n)}]`;
    throw new ShapeError({ where, want: `delays [rounds, ${n}]`, got });
  }
  return (worker, round) => delays[round % delays.length]![worker]! + secondsPerLoad * load;
}

/** Which schemes `selectScheme` tries. */
export interface SelectOptions extends DeadlineOptions {
  /** Kinds of schemes; default: all. */
  kinds?: readonly Scheme["kind"][];
  /** Largest T, whole number ≥ 0: at most the number of models trained in turn less one. Default 3. */
  maxDelay?: number;
  /** Largest window, whole number ≥ 2; default 4. */
  maxWindow?: number;
  /** Largest s or lambda in [0, n]; default n. */
  maxStragglers?: number;
}

/** A scheme and how long a profile says it takes. */
export interface Prediction {
  readonly scheme: Scheme;
  /** Mean seconds a job. */
  readonly seconds: number;
}

/**
 * Tries schemes on delays measured in a few rounds and sorts them, the fastest first.
 * @throws OptionError, ShapeError
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, section 4 and appendix on the choice of parameters;
 *   deviates: none
 */
export async function selectScheme(
  profile: DelayProfile,
  options: SelectOptions = {},
): Promise<readonly Prediction[]> {
  const where = "distributed.selectScheme";
  checkOptions(where, options, ["kinds", "maxDelay", "maxWindow", "maxStragglers", "mu", "waitOut"]);
  const n = profile.delays[0]?.length ?? 0;
  const {
    kinds = ["uncoded", "gc", "sr-sgc", "m-sgc"],
    maxDelay = 3,
    maxWindow = 4,
    maxStragglers = n,
  } = options;
  checkWhole(where, "maxDelay", maxDelay, 0);
  checkWhole(where, "maxWindow", maxWindow, 2);
  checkWhole(where, "maxStragglers", maxStragglers, 0);
  const { mu, waitOut } = { mu: 1, waitOut: "conform" as const, ...options };
  const schemes = candidates(n, { maxDelay, maxWindow, maxStragglers: Math.min(maxStragglers, n) });
  const tried = schemes.filter(({ kind }) => kinds.includes(kind));
  if (tried.length === 0)
    throw new OptionError({ where, want: "a kind that these limits allow", got: kinds.join(", ") });
  const predictions: Prediction[] = [];
  for (const scheme of tried) {
    const code = gradientCode(n, scheme);
    const jobs = Math.max(1, profile.delays.length - code.delay);
    const { seconds } = await simulateCode(code, profile, { mu, waitOut, jobs });
    predictions.push({ scheme, seconds: seconds / jobs });
  }
  return predictions.sort((a, b) => a.seconds - b.seconds);
}

function candidates(
  n: number,
  limits: { maxDelay: number; maxWindow: number; maxStragglers: number },
): readonly Scheme[] {
  const { maxDelay, maxWindow, maxStragglers } = limits;
  const out: Scheme[] = [{ kind: "uncoded" }];
  for (let s = 1; s <= Math.min(maxStragglers, n - 1); s++) out.push({ kind: "gc", s });
  for (let W = 2; W <= maxWindow; W++) {
    for (let B = 1; B < W; B++) {
      for (let lambda = 1; lambda <= maxStragglers; lambda++) {
        if (B <= maxDelay && (W - 1) % B === 0) out.push({ kind: "sr-sgc", B, W, lambda });
        if (W - 2 + B <= maxDelay) out.push({ kind: "m-sgc", B, W, lambda });
      }
    }
  }
  return out;
}

/**
 * What load costs: least squares of seconds = a + b·load over rounds measured at several loads.
 * @param points loads and seconds of workers that did not straggle; at least two different loads
 * @returns b, seconds per full gradient, at least 0
 * @throws OptionError
 */
export function fitSecondsPerLoad(points: readonly (readonly [load: number, seconds: number])[]): number {
  const mean = (of: (p: readonly [number, number]) => number): number =>
    points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const [x, y] = [mean(([load]) => load), mean(([, seconds]) => seconds)];
  const spread = mean(([load]) => (load - x) ** 2);
  if (!(spread > 0))
    throw new OptionError({
      where: "distributed.fitSecondsPerLoad",
      want: "two different loads",
      got: "one or none",
    });
  return Math.max(0, mean(([load, seconds]) => (load - x) * (seconds - y)) / spread);
}
