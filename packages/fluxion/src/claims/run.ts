import { checkOptions, OptionError } from "../core/errors.js";
import type { Check, Claim, Figures, Tier } from "./claim.js";

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
  checkOptions(where, options, ["tier", "seeds", "onProgress", "signal"]);
  const { tier = "quick", onProgress, signal } = options;
  if (tier !== "quick" && tier !== "full") {
    throw new OptionError({ where, want: "tier quick or full", got: String(tier) });
  }
  const seeds = options.seeds ?? claim.seeds[tier];
  if (seeds.length === 0) throw new OptionError({ where, want: "at least one seed", got: "none" });
  const began = performance.now();
  const figures: Figures[] = [];
  for (const [i, seed] of seeds.entries()) {
    signal?.throwIfAborted();
    const progress = (fraction: number, what: string): void =>
      onProgress?.((i + fraction) / seeds.length, seeds.length > 1 ? `seed ${seed}: ${what}` : what);
    figures.push(await claim.run({ seed, tier, signal, progress }));
    // A training loop ends quietly at the signal.
    signal?.throwIfAborted();
  }
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
