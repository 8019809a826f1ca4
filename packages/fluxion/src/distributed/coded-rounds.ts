import { checkOptions, FluxionError, OptionError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { type Contribution, type GradientCode, noDeliveries, type Task } from "./gradient-code.js";
import { patternTracker } from "./straggler-model.js";
import type { Round } from "./worker-pool.js";

/** When a round ends. */
export interface DeadlineOptions {
  /** A worker straggles if it takes longer than (1 + mu) times the fastest; number in [0, ∞), default 1. */
  mu?: number;
  /**
   * What to do where more straggle than the code withstands: take answers until the pattern conforms, or wait for all.
   * Default "conform".
   */
  waitOut?: "conform" | "all";
}

/** Options of `codedRounds`. */
export interface CodedRoundsOptions<Reply> extends DeadlineOptions {
  code: GradientCode;
  /** How many jobs, whole number ≥ 1; there are `jobs + code.delay` rounds. */
  jobs: number;
  /** Sends every worker its tasks; those without tasks are not asked. */
  begin: (round: number, tasks: readonly (readonly Task[])[]) => Round<Reply>;
  /** Takes a reply in. @returns the tasks that it has results of; default: all that were asked */
  accept?: (worker: number, reply: Reply, tasks: readonly Task[]) => readonly Task[];
}

/** What happened in a round. */
export interface RoundReport {
  readonly round: number;
  /** How long the master waited. */
  readonly seconds: number;
  /** When each worker's answer arrived, [n] seconds; NaN where the master did not wait for it or nothing was asked. */
  readonly arrivals: Float64Array;
  /** uint8 [n]: 1 where a worker was asked and its results are missing. */
  readonly stragglers: Uint8Array;
  /** Whether the master waited beyond the deadline, because more straggled than the code withstands. */
  readonly waited: boolean;
  /** The job whose gradient is complete now, and how it comes out of the results. */
  readonly decoded: { readonly job: number; readonly from: readonly Contribution[] } | undefined;
}

/**
 * The master's loop, free of what is computed: assign, take answers until the deadline, wait on while the pattern of
 * stragglers goes beyond what the code withstands or the job that is due cannot be decoded, decode.
 * @returns one report a round
 * @throws OptionError; FluxionError if workers that are needed never answer
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, section 4 (with "wait out" by "conform" as in the text,
 *   by "all" as in the authors' code); deviates: waits, too, where a decoding would be spoiled by rounding
 */
export async function* codedRounds<Reply>(
  options: CodedRoundsOptions<Reply>,
): AsyncGenerator<RoundReport, void, undefined> {
  const where = "distributed.codedRounds";
  checkOptions(where, options, ["code", "jobs", "begin", "accept", "mu", "waitOut"]);
  const { code, jobs, begin, accept = (_worker, _reply, tasks) => tasks } = options;
  const { mu, waitOut } = checkDeadline(where, options);
  checkWhole(where, "jobs", jobs, 1);
  const delivered = noDeliveries(code, jobs);
  const pattern = patternTracker(code.withstands);
  for (let round = 0; round < jobs + code.delay; round++) {
    const tasks = code.assign(round, delivered);
    const stragglers = Uint8Array.from(tasks, ({ length }) => (length > 0 ? 1 : 0));
    const arrivals = new Float64Array(code.n).fill(NaN);
    const asked = stragglers.includes(1);
    let seconds: number;
    let waited = false;
    const due = round - code.delay;
    const answers = asked ? begin(round, tasks) : undefined;
    /** Takes one answer in. @returns when it arrived */
    const take = async (deadline?: number): Promise<number | undefined> => {
      const answer = await answers?.next(deadline);
      if (!answer) return undefined;
      const { worker, at, reply } = answer;
      const done = accept(worker, reply, tasks[worker]!);
      for (const { job, part } of done) delivered[job]![worker * code.parts + part] = 1;
      if (done.length === tasks[worker]!.length) stragglers[worker] = 0;
      return (arrivals[worker] = at);
    };
    let from: readonly Contribution[] | undefined;
    const enough = (): boolean => {
      if (!pattern.fits(stragglers)) return false;
      return due < 0 || (from = code.decode(delivered[due]!)) !== undefined;
    };
    try {
      const first = await take();
      if (asked && first === undefined) throw stuck(where, round, stragglers);
      const deadline = (1 + mu) * (first ?? 0);
      while ((await take(deadline)) !== undefined);
      const outstanding = stragglers.includes(1);
      while (!enough()) {
        waited = true;
        if ((await take()) === undefined) throw stuck(where, round, stragglers);
        if (waitOut === "all") while ((await take()) !== undefined);
      }
      const last = arrivals.reduce((a, b) => (b > a ? b : a), 0);
      seconds = outstanding ? Math.max(deadline, last) : last;
    } finally {
      answers?.end();
    }
    pattern.push(stragglers);
    const decoded = from && { job: due, from };
    yield { round, seconds, arrivals, stragglers, waited, decoded };
  }
}

/** The options of a deadline with their defaults. @throws OptionError @internal */
export function checkDeadline(where: string, options: DeadlineOptions): Required<DeadlineOptions> {
  const { mu = 1, waitOut = "conform" } = options;
  checkRange(where, "mu", mu, "[0, ∞)");
  if (waitOut !== "conform" && waitOut !== "all")
    throw new OptionError({ where, want: 'waitOut "conform" or "all"', got: String(waitOut) });
  return { mu, waitOut };
}

function stuck(where: string, round: number, stragglers: Uint8Array): FluxionError {
  const silent = [...stragglers.keys()].filter((i) => stragglers[i] === 1);
  return new FluxionError({
    where: `${where}: round ${round}`,
    want: "answers of as many workers as the code needs",
    got: `none from ${silent.length > 1 ? "workers" : "worker"} ${silent.join(", ")}, and none will come`,
    hint: "replace workers that are lost, or choose a code for more stragglers",
  });
}
