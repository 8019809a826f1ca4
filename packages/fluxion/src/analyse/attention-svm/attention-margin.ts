import { checkOptions, OptionError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { thinSvd } from "../../ops/linalg/decompose.js";
import { leastDistance } from "../../solve/least-distance.js";
import { minimumNuclearNorm } from "../../solve/minimum-nuclear-norm.js";
import type { SolverOptions, SolverOutcome } from "../../solve/outcome.js";
import { hostAttention, type AttentionData, type HostAttention } from "./attention-data.js";
import {
  selectedSets,
  tokenConstraints,
  tokenPairs,
  type SelectedTokens,
  type TokenPair,
} from "./token-constraints.js";

/** The norm that a margin problem makes small: Frobenius for training in W, nuclear for training in K and Q. */
export type MarginNorm = "frobenius" | "nuclear";

/** Options of `attentionMargin`. */
export interface AttentionMarginOptions extends SolverOptions {
  /** Default "frobenius". */
  norm?: MarginNorm;
  /** Default 10·(constraints + unknowns) pivots, for the nuclear norm 5000 iterations. */
  maxIterations?: number;
  /** Default 1e-10 on violations; for the nuclear norm 1e-9 on the residuals. */
  tolerance?: number;
}

/** A separator of the selected tokens from the others. */
export interface AttentionMargin extends SolverOutcome<ArrayData<Float64Array>> {
  /** W, [d, d]: of least norm, with every constraint fulfilled. */
  readonly x: ArrayData<Float64Array>;
  readonly norm: MarginNorm;
  /** ‖W‖ in that norm; the margin of W / ‖W‖ is its inverse. */
  readonly size: number;
  /** λ_it [n, T] ≥ 0, 0 for selected tokens: Σ λ_it is ‖W‖² (Frobenius) or ‖W‖_* (nuclear) at the optimum. */
  readonly multipliers: ArrayData<Float64Array>;
  /** How far at most the norm is above the least one, as a share of it; from the dual problem. */
  readonly gap: number;
  /** The SVM neighbours: tokens whose constraint holds with equality, up to 1e-6. */
  readonly neighbours: readonly TokenPair[];
  /** Singular values of W (nuclear: of its low-rank twin) above 1e-6 of the largest. */
  readonly rank: number;
}

/**
 * The hard-margin problem that attention's training direction solves:
 *
 *     min ‖W‖  subject to  (x_iα − x_it)ᵀ W z_i ≥ 1 for every sequence i and token t ≠ α_i,
 *
 * with the Frobenius norm (W-SVM) or the nuclear norm (KQ-SVM). With several selected tokens in a sequence their logits
 * are equal: the direction part of the generalised problem.
 * @param data tokens, queries and mask; float32 is widened
 * @param selected α_i for every sequence, or a set of tokens each. To compare with trained weights, take the tokens that
 *   these select, which need not have the best scores.
 * @returns status "infeasible" if no W separates the tokens: then some token, most often a copy of the selected one,
 *   cannot be beaten
 * @throws OptionError, ShapeError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, (W-SVM), (KQ-SVM) and (Gen-SVM); deviates: none
 */
export async function attentionMargin(
  data: AttentionData,
  selected: SelectedTokens,
  options: AttentionMarginOptions = {},
): Promise<AttentionMargin> {
  const where = "analyse.attentionMargin";
  checkMarginOptions(where, options);
  const host = await hostAttention(where, data);
  const { within, between } = tokenPairs(host, selectedSets(where, host, selected));
  return solvePairs(host, within, between, options);
}

/** @throws OptionError @internal */
export function checkMarginOptions(where: string, options: AttentionMarginOptions): void {
  checkOptions(where, options, ["norm", "maxIterations", "tolerance", "onIteration", "signal"]);
  const { norm = "frobenius" } = options;
  if (norm !== "frobenius" && norm !== "nuclear")
    throw new OptionError({ where, want: `norm "frobenius" or "nuclear"`, got: String(norm) });
}

/**
 * Least norm with given differences of logits within and differences ≥ 1 between.
 * @param values differences for `within`; default 0
 * @internal
 */
export function solvePairs(
  data: HostAttention,
  within: readonly TokenPair[],
  between: readonly TokenPair[],
  options: AttentionMarginOptions,
  values: readonly number[] = within.map(() => 0),
): AttentionMargin {
  const { norm = "frobenius", ...how } = options;
  const pairs = [...within, ...between];
  const constraints = tokenConstraints(data, pairs);
  const bounds = Float64Array.from([...values, ...between.map(() => 1)]);
  const common = { ...how, equalities: within.length };
  const solution =
    norm === "nuclear"
      ? minimumNuclearNorm(constraints, bounds, { ...common, shape: constraints.shape })
      : {
          gap: undefined,
          norm: undefined,
          lowRank: undefined,
          ...leastDistance(constraints, bounds, common),
        };
  const { x, multipliers: dual, status, reason, iterations, residuals } = solution;

  const multipliers = new Float64Array(data.n * data.t);
  dual.forEach((value, k) => {
    const { sequence, under } = pairs[k]!;
    multipliers[sequence * data.t + under] = value;
  });
  const logits = constraints.times(x);
  const neighbours = between.filter((_, k) => Math.abs(logits[within.length + k]! - 1) <= 1e-6);
  const square = x.reduce((sum, v) => sum + v * v, 0);
  const size = solution.norm ?? Math.sqrt(square);
  // Of ½‖W‖²: the dual value is bᵀλ − ½‖Aᵀλ‖².
  const dualValue = dual.reduce((sum, v, k) => sum + v * bounds[k]!, 0) - square / 2;
  const gap = solution.gap ?? (square === 0 ? 0 : Math.max(0, 1 - (2 * dualValue) / square));
  const s = thinSvd(solution.lowRank ?? x, ...constraints.shape).s;
  return {
    ...{ norm, size, gap, status, reason, iterations, residuals },
    x: { data: constraints.expand(x), shape: [data.d, data.d] },
    multipliers: { data: multipliers, shape: [data.n, data.t] },
    neighbours: status === "converged" ? neighbours : [],
    rank: s.filter((v) => v > 1e-6 * s[0]! && v > 0).length,
  };
}
