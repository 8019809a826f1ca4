export * from "./arithmetic.js";
export * from "./compare.js";
export * from "./create.js";
export * from "./matmul.js";
export * from "./movement.js";
export {
  all,
  any,
  argmax,
  argmin,
  countNonzero,
  max,
  mean,
  min,
  prod,
  sum,
  sumTo,
  type ReduceOptions,
} from "./reduce.js";
export { cumprod, cumsum } from "./cumulative.js";
export * from "./statistics.js";
export * from "./unary.js";
export * from "./hyperbolic.js";
export * from "./angles.js";
export * from "./erf.js";
import "./methods.js";
export * from "./activation.js";
export * from "./normalization.js";
export * from "./attention.js";
export { conv, convTranspose, type ConvBias, type ConvOptions, type ConvTransposeOptions } from "./conv.js";
export { unfold, fold } from "./unfold.js";
export type { Padding, WindowOptions } from "./window.js";
export * from "./indexing.js";
export * from "./sort.js";
export * from "./quantile.js";
export * from "./histogram.js";
export * from "./einsum.js";
export * from "./fft.js";
export * from "./special.js";
export { maxPool, globalAvgPool, globalMaxPool, type GlobalPoolOptions, type PoolOptions } from "./pool.js";
export { avgPool, type AvgPoolOptions } from "./average-pool.js";
export { resize, type ResizeMode, type ResizeOptions } from "./resize.js";
export { gridSample, type GridSampleOptions } from "./grid-sample.js";
