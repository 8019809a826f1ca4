import { checkOptions, OptionError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";
import { blockCode, type Encoder, type Term } from "./block-code.js";
import { multiplexedCode } from "./multiplexed-code.js";
import { bursty, perRound, type StragglerModel } from "./straggler-model.js";

/** Which code. B, W and lambda are those of the bursty stragglers it withstands, s those of a round. */
export type Scheme =
  | { readonly kind: "uncoded" }
  | { readonly kind: "gc"; readonly s: number; readonly encoder?: Encoder }
  | SequentialScheme<"sr-sgc">
  | SequentialScheme<"m-sgc">;

/** A code over rounds. */
export interface SequentialScheme<Kind extends string> {
  readonly kind: Kind;
  /** Rounds that a burst of one worker spans at most, whole number ≥ 1. */
  readonly B: number;
  /** Rounds of the window, whole number > B. */
  readonly W: number;
  /** Workers that straggle in a window at most, in [0, n]. */
  readonly lambda: number;
  readonly encoder?: Encoder;
}

/** One computation of a worker: a combination of gradients over chunks of one job's examples. */
export interface Task {
  readonly job: number;
  /** Which of the job's results of this worker, in [0, parts). */
  readonly part: number;
}

/** What has been delivered of every job: uint8 [n, parts], 1 for a result that is there. */
export type Deliveries = readonly Uint8Array[];

/** Part of a decoded gradient: a result and the factor it counts with. */
export interface Contribution {
  readonly worker: number;
  readonly part: number;
  readonly coefficient: number;
}

/** A scheme for n workers as pure functions: who computes what in which round, and how results become gradients. */
export interface GradientCode {
  readonly n: number;
  readonly scheme: Scheme;
  /** T: job t, begun in round t, is decoded at the end of round t + T. */
  readonly delay: number;
  /** Largest part of one full gradient that a worker computes in a round. */
  readonly load: number;
  /** Results that a worker may have to deliver for one job. */
  readonly parts: number;
  /** Chunks of a job's examples: chunk c holds `chunks[c] / units` of them, whole numbers. */
  readonly chunks: readonly number[];
  readonly units: number;
  /** The combination of chunks that is a worker's result. */
  terms(worker: number, part: number): readonly Term[];
  /** What every worker computes in a round, oldest job first. @param delivered of `jobs` jobs, as known when it begins */
  assign(round: number, delivered: Deliveries): readonly (readonly Task[])[];
  /** Patterns under which every job is in time: the whole pattern has to conform to one of these. */
  readonly withstands: readonly StragglerModel[];
  /** Whether what is there of a job determines its gradient, rounding apart. */
  decodable(delivered: Uint8Array): boolean;
  /** How the job's gradient comes out of what is there; undefined if it does not, or rounding would spoil it. */
  decode(delivered: Uint8Array): readonly Contribution[] | undefined;
}

/** Nothing delivered yet of `jobs` jobs. */
export const noDeliveries = (code: Pick<GradientCode, "n" | "parts">, jobs: number): Uint8Array[] =>
  Array.from({ length: jobs }, () => new Uint8Array(code.n * code.parts));

/**
 * A gradient code: n workers hold overlapping chunks of data, and the master has every job's exact gradient although some
 * of them straggle.
 *
 * "uncoded" waits for all. "gc" withstands s stragglers a round at load (s + 1)/n. "sr-sgc" is that with a smaller s, and
 * repeats in round t + B what was missing of job t. "m-sgc" gives most of a job's data to one worker each, repeats what
 * was lost over the next rounds, and codes only the rest.
 * @param n workers, whole number ≥ 1
 * @throws OptionError
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, sections 3.2 (SR-SGC) and 3.3 (M-SGC); gc: Tandon et al.,
 *   2017, arXiv:1612.03301; deviates: none
 */
export function gradientCode(n: number, scheme: Scheme): GradientCode {
  const where = "distributed.gradientCode";
  checkWhole(where, "n", n, 1);
  switch (scheme.kind) {
    case "uncoded":
      checkOptions(where, scheme, ["kind"]);
      return oneRound(n, scheme, 0, {});
    case "gc":
      checkOptions(where, scheme, ["kind", "s", "encoder"]);
      return oneRound(n, scheme, scheme.s, encoding(scheme));
    case "sr-sgc": {
      checkSequential(where, n, scheme);
      const { B, W, lambda } = scheme;
      if ((W - 1) % B !== 0)
        throw new OptionError({ where, want: "W − 1 a multiple of B", got: `B = ${B}, W = ${W}` });
      // A single worker cannot be spared; then it is repeated.
      const s = Math.min(Math.ceil((B * lambda) / (W - 1 + B)), n - 1);
      return selectiveRepeat(oneRound(n, scheme, s, encoding(scheme)), scheme, s);
    }
    case "m-sgc":
      checkSequential(where, n, scheme);
      return multiplexedCode(n, scheme);
    default:
      throw new OptionError({
        where,
        want: "kind uncoded, gc, sr-sgc or m-sgc",
        got: String((scheme as { kind: unknown }).kind),
      });
  }
}

const encoding = ({ encoder }: { encoder?: Encoder }): { encoder?: Encoder } => (encoder ? { encoder } : {});

function checkSequential(where: string, n: number, scheme: SequentialScheme<string>): void {
  checkOptions(where, scheme, ["kind", "B", "W", "lambda", "encoder"]);
  const { B, W, lambda } = scheme;
  checkWhole(where, "B", B, 1);
  checkWhole(where, "W", W, B + 1);
  checkWhole(where, "lambda", lambda, 0);
  if (lambda > n) throw new OptionError({ where, want: `lambda at most the ${n} workers`, got: `${lambda}` });
}

function oneRound(n: number, scheme: Scheme, s: number, options: { encoder?: Encoder }): GradientCode {
  const block = blockCode(n, s, options);
  return {
    ...{ n, scheme, delay: 0, load: (s + 1) / n, parts: 1, units: n },
    chunks: Array.from({ length: n }, () => 1),
    terms: (worker) => block.row(worker),
    assign: (round, delivered) =>
      Array.from({ length: n }, () => (round < delivered.length ? [{ job: round, part: 0 }] : [])),
    withstands: [perRound(s)],
    decodable: (delivered) => block.suffices(respondersOf(delivered, 0, 1)),
    decode(delivered) {
      const responders = respondersOf(delivered, 0, 1);
      const coefficients = block.decode(responders);
      if (!coefficients) return undefined;
      return responders.map((worker, r) => ({ worker, part: 0, coefficient: coefficients[r]! }));
    },
  };
}

/** The workers whose result `part` is there. @internal */
export function respondersOf(delivered: Uint8Array, part: number, parts: number): number[] {
  const out: number[] = [];
  for (let i = 0; i * parts < delivered.length; i++) if (delivered[i * parts + part]) out.push(i);
  return out;
}

/** SR-SGC: the block code, and in round t the results that are still missing of job t − B beyond the s that may. */
function selectiveRepeat(base: GradientCode, scheme: SequentialScheme<"sr-sgc">, s: number): GradientCode {
  const { B, W, lambda } = scheme;
  return {
    ...base,
    ...{ delay: B, withstands: [bursty(B, W, lambda)] },
    assign(round, delivered) {
      const old = round - B;
      const missing = (delivered[old] ? [...delivered[old].keys()] : []).filter((i) => !delivered[old]![i]);
      const again = new Set(missing.length > s ? missing.slice(0, missing.length - s) : []);
      return base
        .assign(round, delivered)
        .map((tasks, worker) => (again.has(worker) ? [{ job: old, part: 0 }] : tasks));
    },
  };
}

/**
 * The least load of any code that withstands (B, W, lambda)-bursty stragglers.
 * @source Krishnan, Ebrahimi, Khisti, 2022, arXiv:2211.13802, theorem of section 3.4; deviates: none
 */
export function leastLoad(n: number, { B, W, lambda }: Omit<SequentialScheme<string>, "kind">): number {
  return lambda < n ? (W - 1 + B) / (n * (W - 1) + B * (n - lambda)) : (W - 1 + B) / (n * (W - 1));
}

/**
 * Where each chunk lies among a job's examples: chunk c is [cuts[c], cuts[c + 1]). All copies of a chunk are cut alike.
 * @param examples how many the job has, whole number ≥ 0
 * @returns int32 [chunks + 1]
 */
export function chunkCuts(
  { chunks, units }: Pick<GradientCode, "chunks" | "units">,
  examples: number,
): Int32Array {
  const cuts = new Int32Array(chunks.length + 1);
  let sum = 0;
  chunks.forEach((weight, c) => {
    sum += weight;
    cuts[c + 1] = Math.round((sum * examples) / units);
  });
  return cuts;
}
