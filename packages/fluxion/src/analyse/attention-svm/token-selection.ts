import { Matrix } from "ml-matrix";
import { checkOptions, OptionError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { symmetricEigen, thinSvd } from "../../ops/linalg/decompose.js";
import type { SolverOptions } from "../../solve/outcome.js";
import { finiteNumbers, hostAttention, type AttentionData, type HostAttention } from "./attention-data.js";
import { attentionLogits, combinedWeights, type AttentionWeights } from "./attention-layer.js";
import { solvePairs, type AttentionMargin, type MarginNorm } from "./attention-margin.js";
import { correlation } from "./correlation.js";
import { tokenPairs } from "./token-constraints.js";
import { checkWeights } from "./train-attention.js";

/** What attention does in one sequence. */
export interface SequenceSelection {
  /** α, the token with the largest logit. */
  readonly selected: number;
  /** Its probability, in (0, 1]. */
  readonly probability: number;
  /** The token with the next largest logit; absent if only one may be attended. */
  readonly runnerUp?: number;
  /** Logit of the selected token minus that of the runner-up, ≥ 0; Infinity without one. */
  readonly lead: number;
  /** Entropy of the probabilities in nats, divided by that of the uniform distribution: 0 selects, 1 averages. */
  readonly entropy: number;
}

/** Weights against the separator of least norm for the tokens they select. */
export interface MarginComparison {
  /** The separator, with the reason if there is none. */
  readonly margin: AttentionMargin;
  /** Correlation of the weights, as far as the data see them, with the separator, in [−1, 1]; NaN without separator. */
  readonly correlation: number;
  /**
   * The weights' own margin min lead / ‖W‖ as a share of the largest possible one, in [0, 1]: 1 for the separator itself.
   * NaN without separator.
   */
  readonly attained: number;
}

/** What `tokenSelection` reports. */
export interface TokenSelectionReport {
  /** [n] */
  readonly sequences: readonly SequenceSelection[];
  readonly frobenius: MarginComparison;
  readonly nuclear: MarginComparison;
  /** The norm whose separator the weights are better correlated with; undefined without separator. */
  readonly closer: MarginNorm | undefined;
  /** Share of ‖W‖_F² that acts on these tokens and queries, in [0, 1]; the rest cannot be judged by them. */
  readonly seen: number;
  /** Singular values of that part in descending order, as many as the data have dimensions on either side. */
  readonly spectrum: readonly number[];
  /** exp of the entropy of the normalised squared singular values: how many directions count. */
  readonly effectiveRank: number;
}

/**
 * Which tokens an attention head's weights select on given data, how clearly, and how close the weights are to the
 * max-margin separators that training by gradient descent tends to. All of it is independent of the size of W but the
 * probabilities. For a head of a transformer: tokens and queries are the layer's normalised inputs (for causal attention
 * with a mask), K and Q the head's projections [d, m].
 * @param data tokens [n, T, d], queries [n, d], mask
 * @param weights W, or K and Q
 * @param options tolerance and iterations of the nuclear-norm solver (default 1e-7, 5000), and its signal
 * @throws OptionError, ShapeError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, the comparison of its experiments; deviates: weights
 *   are compared within the span of the data, where the separators live; the attained margin is our own
 */
export async function tokenSelection(
  data: AttentionData,
  weights: AttentionWeights,
  options: Pick<SolverOptions, "maxIterations" | "tolerance" | "signal"> = {},
): Promise<TokenSelectionReport> {
  const where = "analyse.tokenSelection";
  checkOptions(where, options, ["maxIterations", "tolerance", "signal"]);
  const host = await hostAttention(where, data);
  checkWeights(where, weights, host.d);
  const w = await finiteNumbers(`${where}: weights`, combinedWeights(weights));
  const logits = await finiteNumbers(`${where}: logits`, attentionLogits(weights, data));
  const sequences = Array.from({ length: host.n }, (_, i) => selectionOf(host, logits, i));
  const { between } = tokenPairs(
    host,
    sequences.map(({ selected }) => [selected]),
  );
  const { matrix: visible, spectrum } = visiblePart(host, w);
  const lead = Math.min(...sequences.map((s) => s.lead));
  const sizes = { frobenius: Math.hypot(...spectrum), nuclear: spectrum.reduce((sum, v) => sum + v, 0) };

  const compare = (norm: MarginNorm): MarginComparison => {
    const { tolerance = 1e-7, ...how } = options;
    const signal = options.signal ? { signal: options.signal } : {};
    const margin = solvePairs(host, [], between, {
      norm,
      ...(norm === "nuclear" ? { ...how, tolerance } : signal),
    });
    if (margin.status === "infeasible") return { margin, correlation: NaN, attained: NaN };
    return {
      margin,
      correlation: correlation(visible, margin.x),
      attained: (lead / sizes[norm]) * margin.size,
    };
  };
  const [frobenius, nuclear] = [compare("frobenius"), compare("nuclear")];
  const closer =
    frobenius.correlation >= nuclear.correlation
      ? "frobenius"
      : nuclear.correlation > frobenius.correlation
        ? "nuclear"
        : undefined;
  const whole = w.reduce((sum, v) => sum + v * v, 0);
  return {
    ...{ sequences, frobenius, nuclear, closer, spectrum: Array.from(spectrum) },
    seen: whole === 0 ? 0 : Math.min(1, sizes.frobenius ** 2 / whole),
    effectiveRank: Math.exp(entropyOf(spectrum.map((v) => v * v))),
  };
}

function selectionOf(data: HostAttention, logits: Float64Array, i: number): SequenceSelection {
  const open = Array.from({ length: data.t }, (_, t) => t).filter((t) => data.allowed(i, t));
  if (open.length === 0) {
    const where = "analyse.tokenSelection: mask";
    throw new OptionError({ where, want: "a token to attend in every sequence", got: `none in ${i}` });
  }
  const logit = (t: number): number => logits[i * data.t + t]!;
  const [selected, runnerUp] = [...open].sort((a, b) => logit(b) - logit(a) || a - b) as [number, number?];
  const masses = open.map((t) => Math.exp(logit(t) - logit(selected)));
  return {
    selected,
    probability: 1 / masses.reduce((a, b) => a + b, 0),
    ...(runnerUp === undefined ? {} : { runnerUp }),
    lead: runnerUp === undefined ? Infinity : logit(selected) - logit(runnerUp),
    entropy: open.length < 2 ? 0 : entropyOf(masses) / Math.log(open.length),
  };
}

/** Entropy of weights that need not sum to 1, in nats. */
function entropyOf(weights: ArrayLike<number>): number {
  const list = Array.from(weights).filter((v) => v > 0);
  const total = list.reduce((a, b) => a + b, 0);
  return list.reduce((sum, v) => sum - (v / total) * Math.log(v / total), 0);
}

/** What the data see of W: P W P′ with P onto the span of differences of tokens and P′ onto that of the queries. */
function visiblePart(
  data: HostAttention,
  w: Float64Array,
): { matrix: ArrayData<Float64Array>; spectrum: Float64Array } {
  const { n, t, d, tokens, queries } = data;
  const differences: number[][] = [];
  for (let i = 0; i < n; i++) {
    const open = Array.from({ length: t }, (_, k) => k).filter((k) => data.allowed(i, k));
    const token = (k: number): Float64Array => tokens.subarray((i * t + k) * d, (i * t + k + 1) * d);
    for (const k of open.slice(1)) differences.push(Array.from(token(k), (v, j) => v - token(open[0]!)[j]!));
  }
  const left = differences.length === 0 ? undefined : spanOf(new Matrix(differences));
  const right = spanOf(Matrix.from1DArray(n, d, Array.from(queries)));
  if (!left || !right) {
    return { matrix: { data: new Float64Array(d * d), shape: [d, d] }, spectrum: new Float64Array(0) };
  }
  const core = left
    .transpose()
    .mmul(Matrix.from1DArray(d, d, Array.from(w)))
    .mmul(right);
  const matrix = left.mmul(core).mmul(right.transpose());
  return {
    matrix: { data: Float64Array.from(matrix.to1DArray()), shape: [d, d] },
    spectrum: thinSvd(Float64Array.from(core.to1DArray()), core.rows, core.columns).s,
  };
}

/** An orthonormal basis, as columns, of the span of the rows, as far as it is not rounding; undefined if that is 0. */
function spanOf(rows: Matrix): Matrix | undefined {
  const few = rows.rows < rows.columns;
  const gram = few ? rows.mmul(rows.transpose()) : rows.transpose().mmul(rows);
  const size = gram.rows;
  const { values, vectors } = symmetricEigen(Float64Array.from(gram.to1DArray()), size);
  const kept = Array.from(values.keys()).filter((k) => values[k]! > 1e-12 * values[size - 1]!);
  if (kept.length === 0) return undefined;
  const basis = Matrix.from1DArray(size, size, Array.from(vectors)).subMatrixColumn(kept);
  if (!few) return basis;
  return rows
    .transpose()
    .mmul(basis)
    .mulRowVector(kept.map((k) => 1 / Math.sqrt(values[k]!)));
}
