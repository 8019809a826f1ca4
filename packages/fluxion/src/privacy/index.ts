/**
 * Differential privacy: what Gaussian releases cost, clipped sums of per-example gradients, and private optimization.
 * @module
 */
export {
  type AccountingMethod,
  deltaOfRho,
  epsilonOfRho,
  gaussianRho,
  type PrivacyBudget,
  rhoForBudget,
} from "./gaussian-accountant.js";
export { normalCdf } from "./normal-cdf.js";
export { type NoiseSource, secureNoise, seededNoise } from "./noise.js";
export {
  clippedGradientSum,
  type ClippedQuery,
  type ClippedSum,
  type ClippedSumOptions,
} from "./clipped-sum.js";
export { diff2Noise, type Diff2Noise, type Diff2NoiseOptions, longestPhase } from "./diff2-noise.js";
export {
  diff2,
  type Diff2,
  diff2Client,
  type Diff2Options,
  type Diff2State,
  gradientStep,
  type Routine,
  trainDiff2,
  type TrainDiff2Options,
} from "./diff2.js";
