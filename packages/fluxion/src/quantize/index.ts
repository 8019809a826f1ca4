/**
 * Networks of few bits: slopes for what has no derivative, binary layers, what to watch while they train, packed bits.
 * @module
 */
export {
  type BinaryEstimator,
  clippedStraightThrough,
  errorDecay,
  plainStraightThrough,
  reste,
  type ResteOptions,
} from "./binary-estimators.js";
export { binarize, binaryConv, type BinaryLayer, type BinaryLayerOptions, binaryLinear } from "./binary.js";
export { estimatingError, gradientInstability } from "./indicators.js";
export { packSigns, type PackedSigns, signProducts } from "./packed.js";
export { powerSchedule } from "./power-schedule.js";
export { straightThrough } from "./straight-through.js";
