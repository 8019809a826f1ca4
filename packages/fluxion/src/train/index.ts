/**
 * The training loop and metrics of generated samples. Checkpoints and run folders are in `fluxion/train/node`.
 * @module
 */
export * from "./metrics/index.js";
export {
  batchStatistics,
  type BatchStatistics,
  type BatchStatisticsOptions,
  gradientVariance,
} from "./adaptive-batch/batch-statistics.js";
export {
  batchSizeController,
  type BatchSizeController,
  type BatchSizeOptions,
  type BatchTest,
  type ObservedBatch,
  requiredBatch,
} from "./adaptive-batch/controller.js";
export {
  type AdaptiveRecord,
  type AdaptiveResult,
  type AdaptiveSnapshot,
  type AdaptiveTrainOptions,
  trainAdaptive,
} from "./adaptive-batch/train-adaptive.js";
export {
  chooseLearningRates,
  compareOptimizers,
  type Compared,
  type ComparedRun,
  type Tuned,
} from "./compare.js";
export type { CompareOptions } from "./compare-options.js";
export type { CheckpointOptions, Resume, TrainOptions, TrainRecord } from "./options.js";
export {
  featureNetworkNames,
  loadFeatures,
  type FeatureNetwork,
  type FeatureNetworkName,
} from "./features.js";
export type { Progress } from "./progress.js";
export type { Snapshot } from "./snapshot.js";
export {
  optimizerStep,
  type Loss,
  type StepInput,
  type StepMetrics,
  type StepOutput,
  type TrainStep,
} from "./step.js";
export { train, type TrainFailure, type TrainResult } from "./train.js";
