/**
 * Generative flows: paths, predictions, couplings, time distributions and losses to train with; solvers and samplers to
 * generate with; diagnostics. t = 0 is the source (noise), t = 1 the data.
 * @module
 */
export * from "./path.js";
export * from "./diffusion-path.js";
export * from "./discrete-path.js";
export * from "./prediction.js";
export * from "./coupling.js";
export {
  classifierFreeGuidance,
  droppedCondition,
  type DroppedConditionOptions,
  type GuidanceOptions,
  type NullCondition,
} from "./guidance.js";
export {
  cfg,
  cfgRescale,
  type CfgRescaleOptions,
  guidance,
  type GuidanceRule,
  type GuidedPair,
  intervalGuidance,
} from "./guidance-rule.js";
export * from "./apg.js";
export * from "./ancestral.js";
export * from "./gradient-truncation.js";
export type { Reward, RewardBatch, RewardLoss, RewardObjective, RewardTuning } from "./reward.js";
export * from "./alignprop.js";
export * from "./reward-baselines.js";
export * from "./optimal-transport.js";
export * from "./time.js";
export * from "./middle-time.js";
export * from "./time-shift.js";
export * from "./times.js";
export * from "./weighting.js";
export * from "./metric.js";
export * from "./perceptual.js";
export { flowLoss, type FlowLoss, type FlowObjective, type LossSpace, type LossTerm } from "./objective.js";
export {
  ddim,
  euler,
  heun,
  midpoint,
  reinterpolate,
  rk4,
  solvers,
  type Solver,
  type Evaluation,
} from "./solver.js";
export * from "./sample.js";
export type { EvaluationPoint, HookMemory, Predicted, SampleHook, StepPoint } from "./hooks.js";
export * from "./attention-hooks.js";
export * from "./rf-solver.js";
export * from "./rf-edit.js";
export * from "./measurement.js";
export * from "./flowchef.js";
export * from "./flowchef-edit.js";
export * from "./pnp-flow.js";
export * from "./adaptive.js";
export * from "./sde.js";
export * from "./velocity.js";
export * from "./edm.js";
export * from "./diagnostics.js";
export * from "./exact.js";
export * from "./kernel-velocity.js";
export * from "./flow-mlp.js";
export type { FlowData, FlowPairs } from "./flow-data.js";
export {
  distil,
  reflow,
  trainFlow,
  transfer,
  type DistilOptions,
  type FitOptions,
  type TrainFlowOptions,
  type TransferOptions,
} from "./fit.js";
export * from "./flow-guided.js";
export * from "./instaflow.js";
export * from "./f-divergence.js";
export * from "./density-ratio.js";
export * from "./distribution-matching.js";
export * from "./flow-discriminator.js";
export * from "./f-distill.js";
export { drawPairs, generatePairs, type DrawPairsOptions, type GeneratePairsOptions } from "./pairs.js";
export * from "./data-pairs.js";
