export {
  completeMatrix,
  type CompleteMatrixOptions,
  type CompletionIteration,
  type CompletionOutcome,
  type CompletionWork,
} from "./complete-matrix.js";
export {
  exactLeastSquares,
  type ExactLeastSquaresOptions,
  type LeastSquares,
  type RowSystem,
} from "./least-squares.js";
export { lowRankEntries, type LowRankMatrix, lowRankToDense, observedEntries } from "./low-rank.js";
export { subspaceDistance } from "./orthonormal.js";
export type { SketchKind } from "./sketch.js";
export { sketchedLeastSquares, type SketchedLeastSquaresOptions } from "./sketched.js";
export { randomLowRank, type RandomLowRank, type RandomLowRankOptions } from "./synthetic.js";
