/**
 * Analysing trained networks and their training: what attention selects, and how curved the loss is.
 * @module
 */
export {
  type AttentionData,
  type AttentionHead,
  type LabelledAttention,
  randomAttention,
  type RandomAttentionOptions,
} from "./attention-svm/attention-data.js";
export {
  attentionLogits,
  attentionLoss,
  attentionOutput,
  attentionProbabilities,
  type AttentionWeights,
  combinedWeights,
  initAttention,
  type InitAttentionOptions,
  linearHead,
  quadraticHead,
  reluHead,
  tokenScores,
} from "./attention-svm/attention-layer.js";
export {
  type AttentionMargin,
  attentionMargin,
  type AttentionMarginOptions,
  type MarginNorm,
} from "./attention-svm/attention-margin.js";
export { correlation, correlationCurve } from "./attention-svm/correlation.js";
export {
  type GeneralizedMargin,
  generalizedMargin,
  type GeneralizedMarginOptions,
} from "./attention-svm/generalized-margin.js";
export { type TokenOptimality, tokenOptimality } from "./attention-svm/local-optimality.js";
export { type AttentionGradientOptions, saturatedSoftmax } from "./attention-svm/saturated-softmax.js";
export type { SelectedTokens, TokenPair } from "./attention-svm/token-constraints.js";
export {
  type MarginComparison,
  type SequenceSelection,
  tokenSelection,
  type TokenSelectionReport,
} from "./attention-svm/token-selection.js";
export {
  type AttentionRecord,
  selectedTokens,
  trainAttention,
  type TrainAttentionOptions,
  type TrainedAttention,
} from "./attention-svm/train-attention.js";
export { type DirectionalCurvature, directionalSharpness, lineProfile } from "./curvature/directional.js";
export {
  gaussNewtonBartlett,
  hutchinsonDiagonal,
  type HutchinsonOptions,
  hutchinsonTrace,
} from "./curvature/hessian-diagonal.js";
export { shadowOptimizers, type ShadowOptimizers } from "./curvature/shadow-optimizers.js";
export { sharpness, type Sharpness, type SharpnessOptions } from "./curvature/sharpness.js";
export type { ProbeDistribution } from "./curvature/vectors.js";
export {
  opposingModel,
  type OpposingModel,
  type OpposingModelOptions,
  type OpposingModelPoint,
  type OpposingModelState,
} from "./opposing-signals/linear-model.js";
export {
  type OpposingReport,
  opposingSignals,
  type OpposingSignals,
  type OpposingSignalsOptions,
} from "./opposing-signals/tracker.js";
