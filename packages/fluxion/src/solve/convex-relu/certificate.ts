// How far a network is from the optimum, by a feasible point of the dual problem: no solver has to be trusted.
import type { ReluPatterns } from "./patterns.js";
import { outputsOf, reluCost, type ReluNetwork } from "./network.js";
import { checkObjective, checkPatterns, type Problem, type ReluObjective } from "./problem.js";
import { checkOptions, ShapeError } from "../../core/errors.js";
import type { LinearConstraints } from "../constraints.js";
import { leastDistance } from "../least-distance.js";
import { rowImages } from "./operators.js";

/** Bounds of the optimal cost. */
export interface OptimalityGap {
  /** Cost of the network: an upper bound. */
  readonly cost: number;
  /** No network has a smaller cost than this (none with these patterns, if the scope says so). */
  readonly bound: number;
  /** cost − bound; the network's distance from the optimum is at most this. May be negative for scope "patterns". */
  readonly gap: number;
  /** gap / max(bound, 1e-12·cost). */
  readonly relativeGap: number;
  /** Whether the bound holds for all networks, or for those whose units have the given patterns. */
  readonly scope: "all networks" | "patterns";
}

/** Options of `optimalityGap`. */
export interface OptimalityGapOptions {
  /** Further outputs ŷ [N] to take dual points from, such as a solver's own; the best bound counts. Default: none. */
  outputs?: readonly Float64Array[];
}

/**
 * The gap between a network's cost and a lower bound of the optimum. For any ν with |νᵀ(X·u)₊| ≤ β for all ‖u‖ ≤ 1 the
 * dual objective Σₖ min_ŷ l(ŷ, yₖ) + νₖ·ŷ bounds every cost from below. ν is −l′(ŷ) of the network, scaled until the
 * constraint holds; its left side over the cone of a pattern is at most ‖±XᵀDᵢν + XᵀEᵢλ‖ for every λ ≥ 0, which the
 * projection on the cone minimises.
 * @param patterns of these examples; complete ones make the bound one of all networks
 * @throws ShapeError, FormatError, OptionError
 * @source Pilanci, Ergen, 2020, arXiv 2002.10553, eq. 5 and appendix (the dual); deviates: the bound by λ
 */
export function optimalityGap(
  network: ReluNetwork,
  objective: ReluObjective,
  patterns: ReluPatterns,
  options: OptimalityGapOptions = {},
): OptimalityGap {
  const where = "solve.optimalityGap";
  checkOptions(where, options, ["outputs"]);
  const { x, y, n, d, beta, loss } = checkObjective(where, objective);
  checkPatterns(where, patterns, n);
  if (network.hidden.length !== network.output.length * d)
    throw new ShapeError({
      where,
      want: `hidden weights [M, ${d}]`,
      got: `${network.hidden.length} numbers`,
    });
  const bounds = [outputsOf(network, x, n, d), ...(options.outputs ?? [])].map((yhat) => {
    const nu = yhat.map((v, k) => -loss.derivative(v, y[k]!));
    const reach = dualNorm({ x, y, n, d }, patterns, nu, beta);
    const dual = (scale: number): number => nu.reduce((sum, v, k) => sum + loss.dual(scale * v, y[k]!), 0);
    return highest(dual, Math.min(1, reach > 0 ? beta / reach : 1));
  });
  const bound = Math.max(...bounds);
  const cost = reluCost(network, objective);
  const gap = cost - bound;
  return {
    ...{ cost, bound, gap, relativeGap: gap / Math.max(bound, 1e-12 * cost, 1e-300) },
    scope: patterns.complete ? "all networks" : "patterns",
  };
}

/** The largest value of a concave function on [0, top]. */
function highest(f: (s: number) => number, top: number): number {
  let [low, high] = [0, top];
  for (let i = 0; i < 60; i++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (f(a) < f(b)) low = a;
    else high = b;
  }
  return Math.max(f(low), f(high), f(top));
}

/** An upper bound of max |νᵀ(X·u)₊| over ‖u‖ ≤ 1 in the cones of the patterns; below `enough` it need not be tight. */
function dualNorm(
  { x, n, d }: Problem,
  { masks, count }: ReluPatterns,
  nu: Float64Array,
  enough: number,
): number {
  let largest = enough;
  const signs = new Float64Array(n);
  const rows = coneRows(x, signs, n, d);
  const zero = new Float64Array(n);
  const all = signs.map((_, k) => k);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const slope = new Float64Array(d);
    for (let k = 0; k < n; k++) {
      const active = masks[i * n + k] === 1;
      signs[k] = active ? 1 : -1;
      if (active) for (let j = 0; j < d; j++) slope[j]! += nu[k]! * x[k * d + j]!;
    }
    const length = Math.hypot(...slope);
    // What does not exceed beta, or what another pattern has reached, needs no closer look.
    if (length <= largest) {
      found = Math.max(found, length);
      continue;
    }
    for (const sign of [1, -1]) {
      const target = slope.map((v) => (sign * v) / length);
      const { multipliers } = leastDistance(rows, zero, { target });
      // Any λ ≥ 0 gives a bound, so nothing hangs on how far the solver came.
      const lift = rows.combine(
        [...all],
        multipliers.map((v) => Math.max(0, v)),
      );
      const bound = length * Math.min(1, Math.hypot(...target.map((v, j) => v + lift[j]!)));
      found = Math.max(found, bound);
      largest = Math.max(largest, bound);
    }
  }
  return found;
}

/** The rows signsₖ·xₖ, whatever the signs are at the time. */
const coneRows = (x: Float64Array, signs: Float64Array, n: number, d: number): LinearConstraints => ({
  count: n,
  size: d,
  times: (u) => rowImages(u, x, 1, n, d).map((v, k) => signs[k]! * v),
  combine(rows, weights) {
    const out = new Float64Array(d);
    rows.forEach((k, i) => {
      const factor = signs[k]! * weights[i]!;
      if (factor !== 0) for (let j = 0; j < d; j++) out[j]! += factor * x[k * d + j]!;
    });
    return out;
  },
  dot(a, b) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += x[a * d + j]! * x[b * d + j]!;
    return signs[a]! * signs[b]! * sum;
  },
});

/**
 * The smallest beta at which the network that is 0 everywhere is optimal among networks with these patterns, or an upper
 * bound of it: max |(−l′(0))ᵀ(X·u)₊| over ‖u‖ ≤ 1. Useful values of beta lie below.
 * @throws ShapeError, FormatError, OptionError
 * @source Pilanci, Ergen, 2020, arXiv 2002.10553, the dual's constraint at the zero network; deviates: none
 */
export function largestBeta(objective: Omit<ReluObjective, "beta">, patterns: ReluPatterns): number {
  const where = "solve.largestBeta";
  const { x, y, n, d, loss } = checkObjective(where, { ...objective, beta: 1 });
  checkPatterns(where, patterns, n);
  const nu = y.map((v) => -loss.derivative(0, v));
  return dualNorm({ x, y, n, d }, patterns, nu, 0);
}
