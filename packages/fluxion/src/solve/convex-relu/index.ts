export { fgsmAttack, type FgsmOptions, pgdAttack, type PgdOptions } from "./attack.js";
export { type AttackedExamples, attackNetwork, type AttackNetworkOptions } from "./attack-network.js";
export {
  adversarialBackprop,
  type AdversarialBackpropOptions,
  reluBackprop,
  type ReluBackpropOptions,
  type ReluBackpropResult,
} from "./backprop.js";
export { largestBeta, optimalityGap, type OptimalityGap, type OptimalityGapOptions } from "./certificate.js";
export {
  convexRelu,
  type ConvexReluIteration,
  type ConvexReluOptions,
  type ConvexReluOutcome,
} from "./convex-relu.js";
export type { StepCost } from "./exact-step.js";
export {
  type ConvexReluFit,
  fitConvexRelu,
  type FitConvexReluOptions,
  predictRelu,
  type ReluModel,
  scoreRelu,
} from "./fit.js";
export { type ReluLossName } from "./losses.js";
export { type ConvexWeights, recoverNetwork, reluCost, type ReluNetwork, reluOutputs } from "./network.js";
export {
  enumeratePatterns,
  patternCount,
  patternsNeeded,
  type PatternsNeededOptions,
  type ReluPatterns,
  samplePatterns,
  type SamplePatternsOptions,
} from "./patterns.js";
export type { ReluData, ReluObjective } from "./problem.js";
export { perturbedPatterns, type PerturbedPatternsOptions } from "./perturbed-patterns.js";
export { convexAdversarial, type ConvexAdversarialOptions, type ConvexAdversarialOutcome } from "./robust.js";
export {
  type RobustLossName,
  type RobustObjective,
  type RobustValue,
  robustValue,
} from "./robust-problem.js";
export { sampledProgram, type SampledProgramOptions, type SampledProgramOutcome } from "./sampled-program.js";
