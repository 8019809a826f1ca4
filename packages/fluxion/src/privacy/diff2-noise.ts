import { checkOptions, OptionError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { gaussianRho, type PrivacyBudget, rhoForBudget } from "./gaussian-accountant.js";

/** What the noise of `diff2` has to suffice for. */
export interface Diff2NoiseOptions {
  budget: PrivacyBudget;
  /** R, whole number ≥ 1. */
  rounds: number;
  /** T: every T-th round releases a gradient, the others differences; whole number in [1, R]. 1 is DP-GD. */
  restartEvery: number;
  /** Records of the smallest client, whole number ≥ 1. */
  smallest: number;
  /** P, whole number ≥ 1. */
  clients: number;
  /** u: restarts get 1/u of the budget, differences the rest; number in (1, ∞), default 1.25. */
  split?: number;
  /** "paper": its closed form; "exact" (less noise): the budget used up to the last digit. Default "paper". */
  calibration?: "paper" | "exact";
}

/** Noise for a budget; a release with sensitivity 2·C/N gets noise of standard deviation C·sigma per coordinate. */
export interface Diff2Noise {
  /** Of gradients; N = smallest·clients is contained in it. */
  readonly sigma1: number;
  /** Of differences. */
  readonly sigma2: number;
  /** The Rényi order of the paper's formula. */
  readonly alpha: number;
  /** What all rounds together cost. */
  readonly rho: number;
  readonly restarts: number;
  readonly differences: number;
}

/**
 * Noise with which `rounds` rounds of DIFF2 are (epsilon, delta)-private, where neighbours differ in one record of one
 * client. alpha = 1 + ⌈2·ln(1/delta)/epsilon⌉; sigma1² = 4·u·alpha·R/(T·N²·epsilon) and
 * sigma2² = 4·u/(u − 1)·alpha·R/(N²·epsilon); for T = 1, sigma1² = 4·alpha·R/(N²·epsilon).
 * @throws OptionError for options out of range, or where restarts that the paper's formula does not count would break the
 * budget
 * @source Murata, Suzuki, 2023, arXiv:2302.03884, theorem 4.1 and the constants of its experiments; deviates: "exact" is
 *   ours, by arXiv:1905.02383
 */
export function diff2Noise(options: Diff2NoiseOptions): Diff2Noise {
  const where = "privacy.diff2Noise";
  checkOptions(where, options, [
    ...["budget", "rounds", "restartEvery", "smallest", "clients", "split", "calibration"],
  ]);
  const { budget, rounds, restartEvery, smallest, clients, split = 1.25, calibration = "paper" } = options;
  for (const [name, value] of Object.entries({ rounds, restartEvery, smallest, clients }))
    checkWhole(where, name, value, 1);
  checkRange(where, "split", split, "(1, ∞)");
  checkRange(where, "epsilon", budget.epsilon, "(0, ∞)");
  checkRange(where, "delta", budget.delta, "(0, 1)");
  if (restartEvery > rounds)
    throw new OptionError({ where, want: `restartEvery in [1, ${rounds}]`, got: String(restartEvery) });
  if (calibration !== "paper" && calibration !== "exact")
    throw new OptionError({ where, want: "calibration paper or exact", got: String(calibration) });
  const n = smallest * clients;
  const restarts = Math.ceil(rounds / restartEvery);
  const differences = rounds - restarts;
  const alpha = 1 + Math.ceil((2 * Math.log(1 / budget.delta)) / budget.epsilon);
  const u = differences === 0 ? 1 : split;
  // Each release costs 2 / (N·sigma)².
  const rhoOf = (sigma: number, count: number): number => gaussianRho(2 / (n * sigma), count);
  const finish = (sigma1: number, sigma2: number): Diff2Noise => ({
    ...{ sigma1, sigma2, alpha, restarts, differences },
    rho: rhoOf(sigma1, restarts) + (differences > 0 ? rhoOf(sigma2, differences) : 0),
  });
  const later = (total: number): number => (differences > 0 ? total : 0);
  if (calibration === "exact") {
    // The search leaves the last digits open.
    const rho = rhoForBudget(budget) * (1 - 1e-12);
    return finish(
      Math.sqrt((2 * restarts * u) / rho) / n,
      later(Math.sqrt((2 * differences * split) / ((split - 1) * rho)) / n),
    );
  }
  const common = Math.sqrt((4 * alpha * rounds) / budget.epsilon) / n;
  const noise = finish(common * Math.sqrt(u / restartEvery), later(common * Math.sqrt(split / (split - 1))));
  if (noise.rho > (budget.epsilon / (2 * alpha)) * (1 + 1e-12)) {
    throw new OptionError({
      where,
      want: "restarts that the paper's formula pays for",
      got: `${restarts} restarts in ${rounds} rounds with restartEvery ${restartEvery}`,
      hint: 'let restartEvery divide rounds, or take calibration: "exact"',
    });
  }
  return noise;
}

/**
 * The longest phase whose noise of differences gradient descent absorbs: T ≤ 1/(2·D·(C2·eta·sigma2)²), at most R; 1 where
 * that says less than 2, which is DP-GD.
 * @param options `dimensions` D, `smoothness` C2, `learningRate` eta, all > 0; `sigma2` of `diff2Noise`; `rounds` R
 * @throws OptionError
 * @source arXiv:2302.03884, theorem 4.3, from whose rate this is derived; deviates: the constant is ours
 */
export function longestPhase(options: {
  dimensions: number;
  smoothness: number;
  learningRate: number;
  sigma2: number;
  rounds: number;
}): number {
  const where = "privacy.longestPhase";
  checkOptions(where, options, ["dimensions", "smoothness", "learningRate", "sigma2", "rounds"]);
  for (const [name, value] of Object.entries(options)) checkRange(where, name, value, "(0, ∞)");
  const { dimensions, smoothness, learningRate, sigma2, rounds } = options;
  const T = Math.floor(1 / (2 * dimensions * (smoothness * learningRate * sigma2) ** 2));
  return T < 2 ? 1 : Math.min(T, rounds);
}
