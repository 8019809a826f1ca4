// One attention layer whose only parameters are the weights that compare tokens with queries.
import { checkOptions, OptionError } from "../../core/errors.js";
import { keys, uniform } from "../../core/random/index.js";
import { Tensor } from "../../core/tensor.js";
import { mul, sub } from "../../ops/arithmetic.js";
import { relu, softplus } from "../../ops/activation.js";
import { where as choose } from "../../ops/compare.js";
import { matmul } from "../../ops/matmul.js";
import { expandDims, squeeze, transpose } from "../../ops/movement.js";
import { mean, sum } from "../../ops/reduce.js";
import { neg } from "../../ops/unary.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { saturatedSoftmax, type AttentionGradientOptions } from "./saturated-softmax.js";
import type { AttentionData, AttentionHead, LabelledAttention } from "./attention-data.js";

/** The combined weights W, or their factors K and Q. */
export type AttentionWeights =
  | {
      /** W, float [d, d]: token t of a sequence gets the logit x_tᵀ W z. */
      readonly w: Tensor;
    }
  | {
      /** K, float [d, m]. */
      readonly k: Tensor;
      /** Q, float [d, m]; W = K Qᵀ. PyTorch's `nn.Linear` keeps Kᵀ and Qᵀ as its weights. */
      readonly q: Tensor;
    };

/** Options of `initAttention`. */
export interface InitAttentionOptions {
  /** What is trained. Default "W". */
  parametrization?: "W" | "KQ";
  /** m, columns of K and Q: whole number ≥ 1. Default d. */
  headSize?: number;
  /** Largest absolute value, number ≥ 0. Default 1/√d. 0 is a saddle for K and Q: its gradient is 0. */
  scale?: number;
}

/**
 * Random weights, float64, uniform on (−scale, scale).
 * @param key uint32 [2]
 * @param size d
 * @throws OptionError
 */
export function initAttention(
  key: Tensor,
  size: number,
  options: InitAttentionOptions = {},
): AttentionWeights {
  const where = "analyse.initAttention";
  checkOptions(where, options, ["parametrization", "headSize", "scale"]);
  const { parametrization = "W", headSize = size, scale = 1 / Math.sqrt(size) } = options;
  checkWhole(where, "size", size, 1);
  checkWhole(where, "headSize", headSize, 1);
  checkRange(where, "scale", scale, "[0, ∞)");
  if (parametrization !== "W" && parametrization !== "KQ")
    throw new OptionError({ where, want: `"W" or "KQ"`, got: String(parametrization) });
  const draw = (from: Tensor, columns: number): Tensor =>
    mul(uniform(from, [size, columns], { min: -1, max: 1, dtype: "float64" }), scale);
  if (parametrization === "W") return { w: draw(key, size) };
  const [forK, forQ] = keys(key);
  return { k: draw(forK, headSize), q: draw(forQ, headSize) };
}

/** W = K Qᵀ, [d, d]. */
export const combinedWeights = (weights: AttentionWeights): Tensor =>
  "w" in weights ? weights.w : matmul(weights.k, transpose(weights.q));

/** Logits x_itᵀ W z_i, [n, T]; −∞ in effect where the mask forbids a token. */
export function attentionLogits(weights: AttentionWeights, { tokens, queries, mask }: AttentionData): Tensor {
  const directions =
    "w" in weights
      ? matmul(queries, transpose(weights.w))
      : matmul(matmul(queries, weights.q), transpose(weights.k));
  const logits = squeeze(matmul(tokens, expandDims(directions, -1)), -1);
  return mask ? choose(mask, logits, -1e30) : logits;
}

/** Attention s_i = softmax(X_i W z_i), [n, T]. */
export const attentionProbabilities = (
  weights: AttentionWeights,
  data: AttentionData,
  options: AttentionGradientOptions = {},
): Tensor => saturatedSoftmax(attentionLogits(weights, data), options);

/** Predictions f_i = head(X_iᵀ s_i), [n]. */
export function attentionOutput(
  weights: AttentionWeights,
  data: LabelledAttention,
  options: AttentionGradientOptions = {},
): Tensor {
  const s = attentionProbabilities(weights, data, options);
  return headOf(data)(squeeze(matmul(expandDims(s, -2), data.tokens), -2));
}

/** Logistic loss (1/n) Σ_i log(1 + exp(−y_i f_i)), scalar. */
export const attentionLoss = (
  weights: AttentionWeights,
  data: LabelledAttention,
  options: AttentionGradientOptions = {},
): Tensor => mean(softplus(neg(mul(data.labels, attentionOutput(weights, data, options)))));

/** Scores γ_it = y_i·head(x_it), [n, T]: what attending token t alone would give. */
export const tokenScores = (data: LabelledAttention): Tensor =>
  mul(expandDims(data.labels, -1), headOf(data)(data.tokens));

/** vᵀa. @param v float [d] */
export const linearHead =
  (v: Tensor): AttentionHead =>
  (a) =>
    sum(mul(a, v), -1);

/** 1ᵀrelu(Vᵀa). @param v float [d, h] */
export const reluHead =
  (v: Tensor): AttentionHead =>
  (a) =>
    sum(relu(matmul(a, v)), -1);

/** vᵀa − lambda·‖a‖². @param v float [d] */
export const quadraticHead =
  (v: Tensor, lambda: number): AttentionHead =>
  (a) =>
    sub(sum(mul(a, v), -1), mul(sum(mul(a, a), -1), lambda));

const headOf = ({ head }: LabelledAttention): AttentionHead =>
  head instanceof Tensor ? linearHead(head) : head;
