import { compile } from "../../compile/compile.js";
import { grad } from "../../core/autodiff.js";
import { decode, isFloat } from "../../core/dtypes.js";
import { checkOptions, OptionError } from "../../core/errors.js";
import { scan } from "../../core/scan.js";
import { showShape } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { treeLeaves } from "../../core/tree.js";
import type { ArrayData } from "../../data/array-data.js";
import { add, mul, square } from "../../ops/arithmetic.js";
import { sum } from "../../ops/reduce.js";
import { normalizedGd } from "../../optim/normalized.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { applyUpdates, type Transform } from "../../optim/transform.js";
import { labelledSizes, type LabelledAttention } from "./attention-data.js";
import {
  attentionLoss,
  attentionProbabilities,
  combinedWeights,
  type AttentionWeights,
} from "./attention-layer.js";

/** A look at the weights in the course of training. */
export interface AttentionRecord {
  /** Steps made. */
  readonly step: number;
  readonly loss: number;
  /** W, or K Qᵀ: [d, d]. */
  readonly combined: ArrayData<Float64Array>;
}

/** Options of `trainAttention`. */
export interface TrainAttentionOptions {
  data: LabelledAttention;
  /** Where to start, of the data's dtype; float64 is advised, because gradients vanish exponentially. */
  weights: AttentionWeights;
  /** Whole number ≥ 0. */
  steps: number;
  /** Default `normalizedGd({ learningRate: 0.1, perLeaf: true })`. */
  optimizer?: Transform;
  /**
   * λ of λ(‖K‖² + ‖Q‖²), added to the loss of K and Q; number ≥ 0. Vanishing, but not 0: the theorem for K and Q is about
   * this limit, and without it their direction turns to the separator a good deal more slowly. Default 2⁻⁵² for K and Q;
   * W takes none.
   */
  decay?: number;
  /**
   * Whether gradients are multiplied by a positive number that keeps them from vanishing as attention saturates: for
   * optimizers to which only their direction counts, without decay. Default: true for the default optimizer and no decay.
   */
  rescale?: boolean;
  /** Steps between records, whole number ≥ 1; default 50. The start and the end are recorded as well. */
  recordEvery?: number;
  onRecord?: (record: AttentionRecord) => void | Promise<void>;
  /** Stops the run after the steps of a record. */
  signal?: AbortSignal;
}

/** What `trainAttention` gives. */
export interface TrainedAttention {
  /** "ok": all steps made; "non-finite": stopped by a loss or weights that are no finite numbers; "aborted". */
  readonly status: "ok" | "non-finite" | "aborted";
  /** Steps made. */
  readonly steps: number;
  /** The last weights; after "non-finite" the last recorded that were finite. */
  readonly weights: AttentionWeights;
  /** Attention s, [n, T]. */
  readonly probabilities: ArrayData<Float64Array>;
  /** α_i = argmax_t s_it, [n]: the tokens that attention selects. */
  readonly selected: readonly number[];
  readonly records: readonly AttentionRecord[];
}

/**
 * Trains the weights of one attention layer, all else fixed, by full-batch gradient descent on the logistic loss.
 * @throws OptionError, ShapeError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, the problems (W-ERM) and (KQ-ERM) with gradient descent
 *   in W and in (K, Q); deviates: the softmax gradient is taken by pairwise differences, so that it stays exact when
 *   attention saturates
 */
export async function trainAttention(options: TrainAttentionOptions): Promise<TrainedAttention> {
  const { data, steps, optimizer = normalizedGd({ learningRate: 0.1, perLeaf: true }) } = options;
  const { recordEvery = 50, onRecord, signal } = options;
  const [n, t] = check(options);
  const decay = decayOf(options);
  const { rescale = options.optimizer === undefined && decay === 0 } = options;
  const { head, ...arrays } = data;

  const advance = compile(
    (weights: AttentionWeights, state: unknown, from: typeof arrays, length: number) => {
      const whole = { ...from, head };
      const objective = (w: AttentionWeights): Tensor => {
        const loss = attentionLoss(w, whole, { rescale });
        return decay > 0 && "k" in w ? add(loss, mul(add(sum(square(w.k)), sum(square(w.q))), decay)) : loss;
      };
      const one = (carry: { weights: AttentionWeights; state: unknown }) => {
        const grads = grad(objective)(carry.weights);
        const { updates, state: next } = optimizer.update(grads, carry.state, carry.weights);
        return { weights: applyUpdates(carry.weights, updates), state: next };
      };
      const start = { weights, state };
      const end =
        length === 0 ? start : scan((c: typeof start) => [one(c), {}], start, undefined, { length })[0];
      return {
        ...end,
        loss: attentionLoss(end.weights, whole),
        combined: combinedWeights(end.weights),
        probabilities: attentionProbabilities(end.weights, whole),
      };
    },
  );

  const records: AttentionRecord[] = [];
  let weights = options.weights;
  let state: unknown = optimizer.init(weights);
  let probabilities: Float64Array = new Float64Array(n * t);
  let status: TrainedAttention["status"] = "ok";
  let step = 0;
  try {
    for (;;) {
      const length = records.length === 0 ? 0 : Math.min(recordEvery, steps - step);
      const next = await advance(weights, state, arrays, length);
      const [loss, combined] = [await next.loss.item(), await doubles(next.combined)];
      if (!Number.isFinite(loss) || !combined.data.every(Number.isFinite)) {
        status = "non-finite";
        break;
      }
      ({ weights, state } = next);
      step += length;
      probabilities = (await doubles(next.probabilities)).data;
      const record = { step, loss, combined };
      records.push(record);
      await onRecord?.(record);
      if (step >= steps) break;
      if (signal?.aborted) {
        status = "aborted";
        break;
      }
    }
  } finally {
    await advance.release();
  }
  const selected = selectedTokens({ data: probabilities, shape: [n, t] });
  return {
    ...{ status, steps: step, weights, records, selected },
    probabilities: { data: probabilities, shape: [n, t] },
  };
}

/** argmax_t of every row, [n]. @param probabilities [n, T] */
export function selectedTokens({ data, shape }: ArrayData<Float64Array>): number[] {
  const [n, t] = shape as [number, number];
  return Array.from({ length: n }, (_, i) => {
    const row = data.subarray(i * t, (i + 1) * t);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity));
  });
}

const doubles = async (x: Tensor): Promise<ArrayData<Float64Array>> => ({
  data: decode(await x.data(), x.dtype),
  shape: [...x.shape],
});

function check(options: TrainAttentionOptions): [n: number, t: number] {
  const where = "analyse.trainAttention";
  checkOptions(where, options, [
    ...["data", "weights", "steps", "optimizer", "decay", "rescale", "recordEvery", "onRecord", "signal"],
  ]);
  const { data, weights, steps, recordEvery = 50 } = options;
  const [n, t, d] = labelledSizes(where, data);
  checkWhole(where, "steps", steps, 0);
  checkWhole(where, "recordEvery", recordEvery, 1);
  checkWeights(where, weights, d);
  const decay = decayOf(options);
  checkRange(where, "decay", decay, "[0, ∞)");
  if (decay > 0 && ("w" in weights || options.rescale)) {
    const want = "decay for k and q only, and not together with rescale";
    throw new OptionError({ where, want, got: `decay ${decay}` });
  }
  for (const leaf of [...treeLeaves(weights), data.queries, data.labels]) {
    if (leaf.dtype !== data.tokens.dtype || !isFloat(leaf.dtype))
      throw new OptionError({
        where,
        want: `weights, queries and labels ${data.tokens.dtype} as the tokens`,
        got: leaf.dtype,
      });
  }
  return [n, t];
}

const decayOf = ({ decay, weights }: TrainAttentionOptions): number =>
  decay ?? ("w" in weights ? 0 : 2 ** -52);

/** @throws OptionError unless the weights fit d features @internal */
export function checkWeights(where: string, weights: AttentionWeights, d: number): void {
  const fits =
    "w" in weights
      ? weights.w.rank === 2 && weights.w.shape.every((size) => size === d)
      : weights.k.rank === 2 &&
        weights.q.rank === 2 &&
        weights.k.shape[0] === d &&
        weights.q.shape[0] === d &&
        weights.k.shape[1] === weights.q.shape[1];
  if (fits) return;
  const got = treeLeaves(weights)
    .map((x) => showShape(x.shape))
    .join(" and ");
  throw new OptionError({ where, want: `weights w [${d}, ${d}], or k and q [${d}, m]`, got });
}
