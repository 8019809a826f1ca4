/**
 * Optimizers as pure gradient transformations, schedules and moving averages.
 * @module
 */
export { adadelta, type AdadeltaOptions, type AdadeltaState, scaleByAdadelta } from "./adadelta.js";
export { adagrad, type AdagradOptions, type RssState, scaleByRss } from "./adagrad.js";
export { adagradNorm, type AdagradNormOptions, type NormSumState, scaleByNormSum } from "./adagrad-norm.js";
export { adam, type AdamOptions, type AdamState, scaleByAdam, type ScaleByAdamOptions } from "./adam.js";
export { adamp, type AdampOptions, sgdp, type SgdpOptions } from "./adamp.js";
export { adamw, type AdamwOptions } from "./adamw.js";
export {
  adamClip,
  type AdamClipOptions,
  clipTopFraction,
  sgdClip,
  type SgdClipOptions,
  topFractionThreshold,
} from "./clip-top.js";
export { clipByGlobalNorm, clipByValue, globalNorm } from "./clip.js";
export {
  diffGrad,
  type DiffGradOptions,
  type DiffGradState,
  frictionCoefficient,
  scaleByDiffGrad,
  type ScaleByDiffGradOptions,
} from "./diffgrad.js";
export { ema, type Ema, type EmaOptions, type EmaState } from "./ema.js";
export { lion, type LionOptions, type LionState, scaleByLion } from "./lion.js";
export {
  normalizeByNorm,
  type NormalizeOptions,
  normalizedGd,
  type NormalizedGdOptions,
} from "./normalized.js";
export { projectScaleInvariant, type Projected, type ProjectionOptions } from "./projection.js";
export { createOptimizer, type OptimizerName, optimizers } from "./registry.js";
export { rmsprop, type RmspropOptions, type RmsState, scaleByRms } from "./rmsprop.js";
export { type CountState, scale, scaleByLearningRate, scaleBySchedule } from "./scale.js";
export {
  constantSchedule,
  cosineSchedule,
  type CosineScheduleOptions,
  exponentialSchedule,
  type ExponentialScheduleOptions,
  joinSchedules,
  linearSchedule,
  type LinearScheduleOptions,
  piecewiseSchedule,
  type PiecewiseScheduleOptions,
  type Schedule,
  warmupCosineSchedule,
  type WarmupCosineScheduleOptions,
} from "./schedules.js";
export {
  type DiagonalEstimator,
  gaussNewton,
  hutchinson,
  scaleBySophia,
  type ScaleBySophiaOptions,
  sophia,
  type SophiaOptions,
  type SophiaState,
  sophiaWinRate,
} from "./sophia.js";
export { scaleBySign, signSgd, type SignSgdOptions } from "./sign.js";
export { momentum, nesterov, sgd, type SgdOptions, trace, type TraceState } from "./sgd.js";
export {
  tract,
  tractConv,
  type TractConvOptions,
  tractGradient,
  tractLinear,
  type TractOptions,
  type TractTransformOptions,
} from "./tract.js";
export { splitSgd, type SplitSgdOptions, type SplitSgdState } from "./split-sgd.js";
export { applyUpdates, chain, type Extra, identity, type Transform } from "./transform.js";
export { addDecayedWeights, type Mask } from "./weight-decay.js";
