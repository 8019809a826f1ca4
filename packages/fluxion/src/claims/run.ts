import { checkOptions, OptionError } from "../core/errors.js";
import type { Check, Claim, ClaimContext, Figures, Tier } from "./claim.js";

/** Options of `runClaim`. */
export interface RunClaimOptions {
  /** Default "quick". */
  tier?: Tier;
  /** Seeds instead of the claim's own for the tier. */
  seeds?: readonly number[];
  /** Called with the fraction of all seeds done, in [0, 1], and what comes next. */
  onProgress?: (fraction: number, what: string) => void;
  /** Stops the run; its reason is thrown. */
  signal?: AbortSignal;
  /** Seeds measured at the same time, whole number ≥ 1. Default 1. */
  jobs?: number;
  /** How a seed is measured. Default the claim's own `run`, in this thread. */
  measure?: (context: ClaimContext) => Promise<Figures>;
}

/** What measuring a claim gave. */
export interface ClaimOutcome {
  readonly id: string;
  readonly tier: Tier;
  /** Whether every check passed. */
  readonly passed: boolean;
  readonly checks: readonly Check[];
  /** Verdicts that `passed` does not depend on. */
  readonly reported: readonly Check[];
  readonly seeds: readonly number[];
  readonly seconds: number;
  /** Figures of each seed, in the order of the seeds. */
  readonly figures: readonly Figures[];
}

/**
 * Measures a claim for each of its seeds and judges the figures.
 * @throws OptionError for an unknown tier or no seeds; the signal's reason if it aborts
 */
export async function runClaim(claim: Claim, options: RunClaimOptions = {}): Promise<ClaimOutcome> {
  const where = "claims.runClaim";
  checkOptions(where, options, ["tier", "seeds", "onProgress", "signal", "jobs", "measure"]);
  const { tier = "quick", onProgress, signal, jobs = 1, measure = (c) => claim.run(c) } = options;
  if (tier !== "quick" && tier !== "full") {
    throw new OptionError({ where, want: "tier quick or full", got: String(tier) });
  }
  const seeds = options.seeds ?? claim.seeds[tier];
  if (seeds.length === 0) throw new OptionError({ where, want: "at least one seed", got: "none" });
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new OptionError({ where, want: "jobs a whole number ≥ 1", got: String(jobs) });
  const began = performance.now();
  const figures: Figures[] = [];
  const done = seeds.map(() => 0);
  // A seed that fails stops the others.
  const failed = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < seeds.length) {
      const i = next++;
      const seed = seeds[i]!;
      stop.throwIfAborted();
      const progress = (fraction: number, what: string): void => {
        done[i] = fraction;
        const all = done.reduce((sum, part) => sum + part, 0) / seeds.length;
        onProgress?.(all, seeds.length > 1 ? `seed ${seed}: ${what}` : what);
      };
      figures[i] = await measure({ seed, tier, signal: stop, progress });
      done[i] = 1;
      // A training loop ends quietly at the signal.
      stop.throwIfAborted();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work)).catch((error: unknown) => {
    failed.abort(error);
    throw error;
  });
  onProgress?.(1, "done");
  const checks = claim.checks(figures, tier);
  return {
    ...{
      id: claim.id,
      tier,
      passed: checks.length > 0 && checks.every((c) => c.passed),
      checks,
      reported: claim.reported?.(figures, tier) ?? [],
      seeds: [...seeds],
    },
    ...{ seconds: (performance.now() - began) / 1000, figures },
  };
}
