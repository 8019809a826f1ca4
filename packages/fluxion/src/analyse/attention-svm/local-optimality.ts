import { OptionError, ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import type { AttentionMargin } from "./attention-margin.js";

/** How good the selected tokens are by their scores. */
export interface TokenOptimality {
  /** For every sequence: whether no token scores higher than the selected one. */
  readonly global: readonly boolean[];
  /** For every sequence: whether the selected token scores higher than each of its SVM neighbours. */
  readonly local: readonly boolean[];
  /** Whether the selection is globally optimal, locally optimal, or neither. */
  readonly kind: "global" | "local" | "none";
}

/**
 * Whether selected tokens are globally optimal (γ_iα is the largest score of every sequence) or locally optimal (γ_iα is
 * larger than γ_it for the neighbours t, whose constraint holds with equality at the margin solution). Gradient descent
 * converges to directions of locally optimal tokens.
 * @param scores γ, [n, T], as `tokenScores` gives them
 * @param selected one token of every sequence
 * @param margin their margin solution, converged
 * @throws ShapeError, OptionError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, the definitions of token score and of globally and
 *   locally optimal directions; deviates: none
 */
export function tokenOptimality(
  scores: ArrayData,
  selected: readonly number[],
  margin: AttentionMargin,
): TokenOptimality {
  const where = "analyse.tokenOptimality";
  if (margin.status !== "converged")
    throw new OptionError({ where, want: "a converged margin", got: margin.status, hint: margin.reason });
  const [n, t] = margin.multipliers.shape as [number, number];
  if (scores.shape.join() !== `${n},${t}` || selected.length !== n) {
    const got = `[${scores.shape.join(", ")}] and ${selected.length} tokens`;
    throw new ShapeError({ where, want: `scores [${n}, ${t}] and ${n} tokens`, got });
  }
  const score = (i: number, token: number): number => scores.data[i * t + token]!;
  const best = (i: number): number => Math.max(...scores.data.subarray(i * t, (i + 1) * t));
  const global = selected.map((token, i) => score(i, token) >= best(i));
  const local = selected.map((token, i) =>
    margin.neighbours.every((pair) => pair.sequence !== i || score(i, token) > score(i, pair.under)),
  );
  const kind = global.every(Boolean) ? "global" : local.every(Boolean) ? "local" : "none";
  return { global, local, kind };
}
