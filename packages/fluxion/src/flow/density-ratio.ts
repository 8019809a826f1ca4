import { checkOptions, OptionError } from "../core/errors.js";
import { stopGradient } from "../core/backward.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add, div, maximum, mul } from "../ops/arithmetic.js";
import { cast, clip, equal, greater, where as select } from "../ops/compare.js";
import { arange } from "../ops/create.js";
import { matmul } from "../ops/matmul.js";
import { expandDims, squeeze } from "../ops/movement.js";
import { mean, sum } from "../ops/reduce.js";
import { exp, floor } from "../ops/unary.js";

/** Largest logit that is believed. */
const largest = 10;
const tiny = 1e-6;

/**
 * r = p/q from the logits of a discriminator between p (real, positive) and q: r = e^logit, kept within bounds. No
 * gradient goes through it.
 * @param logits any shape
 * @param options `clip` default [0.1, 20]; false for none
 * @throws OptionError
 * @source Y. Xu et al., 2025, arXiv 2502.15681, §3.2 and the authors' code; deviates: none
 */
export function densityRatio(
  logits: Tensor,
  options: { clip?: readonly [number, number] | false } = {},
): Tensor {
  const where = "flow.densityRatio";
  checkOptions(where, options, ["clip"]);
  const { clip: bounds = [0.1, 20] as const } = options;
  const still = stopGradient(logits);
  if (bounds === false) return exp(still);
  const [low, high] = bounds;
  if (!(low > 0 && high > low))
    throw new OptionError({ where, want: "0 < low < high", got: bounds.join(", ") });
  return clip(exp(clip(still, -largest, largest)), low, high);
}

/** Ratios by bins of the noise level, each bin brought to mean 1, which is its expectation under the student. */
export interface BinnedRatio {
  readonly ratio: Tensor;
  /** The means that ratios were divided by, [bins]. */
  readonly means: Tensor;
}

/**
 * Divides ratios by the mean of their bin: E_q[p/q] = 1 at every noise level, so what differs is the discriminator's
 * error.
 * @param ratio [B]
 * @param level in [0, 1]: which bin, [B]
 * @param before means of the bins so far [bins]; a bin without a sample keeps its own
 * @param rate how much of the means before is kept, in [0, 1); 0: this batch alone
 * @source Y. Xu et al., 2025, arXiv 2502.15681, Appendix (two-stage normalisation); deviates: none
 */
export function normalizeRatio(ratio: Tensor, level: Tensor, before: Tensor, rate = 0): BinnedRatio {
  const bins = before.shape[0]!;
  const index = cast(clip(floor(mul(level, bins)), 0, bins - 1), "int32");
  const member = cast(equal(expandDims(index, 1), expandDims(arange(bins), 0)), ratio.dtype);
  const count = sum(member, 0);
  const batch = div(sum(mul(member, expandDims(ratio, 1)), 0), maximum(count, 1));
  const mixed = rate === 0 ? batch : add(mul(before, rate), mul(batch, 1 - rate));
  const means = select(greater(count, constant(0, count.dtype)), mixed, before);
  const own = squeeze(matmul(member, expandDims(means, 1)), 1);
  return { ratio: div(ratio, add(own, tiny)), means };
}

/** Weights [B] brought to mean 1 over the batch. @source as `normalizeRatio` */
export const normalizeWeights = (weights: Tensor): Tensor => div(weights, add(mean(weights), tiny));
