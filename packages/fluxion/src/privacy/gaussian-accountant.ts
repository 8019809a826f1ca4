// What releases with Gaussian noise cost. A release's price is rho = (sensitivity / std)² / 2, and prices add up, also where
// later releases depend on earlier ones; from the sum follows (epsilon, delta) in three ways.
import { OptionError } from "../core/errors.js";
import { checkRange } from "../optim/options.js";
import { normalCdf } from "./normal-cdf.js";

/** (epsilon, delta)-differential privacy. */
export interface PrivacyBudget {
  /** In (0, ∞). */
  readonly epsilon: number;
  /** In (0, 1); well below 1 / (number of records). */
  readonly delta: number;
}

/** How epsilon is read off: exactly ("gdp"), by Rényi divergences of all orders ("rdp"), or by the simple bound ("zcdp"). */
export type AccountingMethod = "gdp" | "rdp" | "zcdp";

/**
 * rho of `count` releases with Gaussian noise.
 * @param ratio sensitivity over the noise's standard deviation per coordinate, number in [0, ∞)
 * @param count number in [0, ∞), default 1
 * @returns count·ratio² / 2, the zero-concentrated privacy parameter
 * @throws OptionError
 * @source Bun, Steinke, "Concentrated differential privacy", 2016, arXiv:1605.02065, lemmas 2.3 and 2.4; deviates: none
 */
export function gaussianRho(ratio: number, count = 1): number {
  checkRange("privacy.gaussianRho", "ratio", ratio, "[0, ∞)");
  checkRange("privacy.gaussianRho", "count", count, "[0, ∞)");
  return (count * ratio ** 2) / 2;
}

/**
 * The least delta with which Gaussian releases of this rho are (epsilon, delta)-private: with mu = √(2·rho),
 * Φ(mu/2 − epsilon/mu) − e^epsilon·Φ(−mu/2 − epsilon/mu). Exact, not a bound.
 * @throws OptionError
 * @source Dong, Roth, Su, "Gaussian differential privacy", 2019, arXiv:1905.02383, corollary 2.13; deviates: none
 */
export function deltaOfRho(rho: number, epsilon: number): number {
  checkRange("privacy.deltaOfRho", "rho", rho, "[0, ∞)");
  checkRange("privacy.deltaOfRho", "epsilon", epsilon, "[0, ∞)");
  if (rho === 0) return 0;
  const mu = Math.sqrt(2 * rho);
  const upper = normalCdf(mu / 2 - epsilon / mu);
  const tail = normalCdf(-mu / 2 - epsilon / mu);
  return Math.max(0, upper - (tail === 0 ? 0 : Math.exp(epsilon + Math.log(tail))));
}

/**
 * The epsilon that Gaussian releases of this rho have at `delta`.
 *
 * "zcdp": rho + 2·√(rho·ln(1/delta)). "rdp": min over orders a of a·rho + ln(1 − 1/a) − (ln delta + ln a)/(a − 1).
 * "gdp" (default): the least epsilon there is.
 * @throws OptionError
 * @source Bun, Steinke, 2016, arXiv:1605.02065, proposition 1.3; Balle et al., 2019, arXiv:1905.09982, theorem 21; Dong,
 *   Roth, Su, 2019, arXiv:1905.02383, corollary 2.13; deviates: none
 */
export function epsilonOfRho(rho: number, delta: number, method: AccountingMethod = "gdp"): number {
  const where = "privacy.epsilonOfRho";
  checkRange(where, "rho", rho, "[0, ∞)");
  checkRange(where, "delta", delta, "(0, 1)");
  if (rho === 0) return 0;
  switch (method) {
    case "zcdp":
      return rho + 2 * Math.sqrt(rho * Math.log(1 / delta));
    case "rdp":
      return Math.max(0, leastOverOrders(rho, delta));
    case "gdp":
      return bisect((epsilon) => deltaOfRho(rho, epsilon) <= delta);
    default:
      throw new OptionError({ where, want: "method gdp, rdp or zcdp", got: String(method) });
  }
}

/**
 * The largest rho that keeps a budget, exactly.
 * @throws OptionError
 */
export function rhoForBudget({ epsilon, delta }: PrivacyBudget): number {
  const where = "privacy.rhoForBudget";
  checkRange(where, "epsilon", epsilon, "(0, ∞)");
  checkRange(where, "delta", delta, "(0, 1)");
  const inverse = bisect((x) => deltaOfRho(1 / x, epsilon) <= delta);
  return 1 / inverse;
}

/** The order is searched by golden sections in the logarithm of a − 1, where the bound has one minimum. */
function leastOverOrders(rho: number, delta: number): number {
  const at = (t: number): number => {
    const a = 1 + Math.exp(t);
    return a * rho + Math.log1p(-1 / a) - (Math.log(delta) + Math.log(a)) / (a - 1);
  };
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [-20, 20];
  for (let i = 0; i < 120; i++) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (at(a) < at(b)) high = b;
    else low = a;
  }
  return at((low + high) / 2);
}

/** The least x > 0 that is enough, from above: what is returned is enough. */
function bisect(enough: (x: number) => boolean): number {
  let high = 1;
  while (!enough(high)) high *= 2;
  let low = high / 2;
  while (low > 1e-12 && enough(low)) [high, low] = [low, low / 2];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
