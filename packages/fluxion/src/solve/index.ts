/**
 * Solvers: functions on data that return their answer with a status, the history of residuals and why they stopped.
 * @module
 */
export { denseConstraints, type LinearConstraints } from "./constraints.js";
export { leastDistance, type LeastDistanceOptions, type LeastDistanceOutcome } from "./least-distance.js";
export {
  minimumNuclearNorm,
  type MinimumNuclearNormOptions,
  type MinimumNuclearNormOutcome,
} from "./minimum-nuclear-norm.js";
export type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
export { groupNorm, l1Norm, nonNegative, nuclearNorm, type ProxTerm } from "./prox.js";
export {
  admm,
  admmSteps,
  type AdmmBlock,
  type AdmmIteration,
  type AdmmOptions,
  type AdmmOutcome,
  type AdmmProblem,
} from "./admm.js";
export * from "./convex-relu/index.js";
export { type CompositeProblem, fista, type FistaOptions } from "./fista.js";
export type { LinearOperator } from "./linear-operator.js";
export {
  sparseAsymmetry,
  sparseDiagonal,
  sparseFromDense,
  sparseFromTriplets,
  type SparseMatrix,
  sparseMultiply,
  sparseOperator,
  sparseProduct,
  sparseToDense,
  sparseTranspose,
  type Triplets,
} from "./sparse.js";
export { conjugateGradient, type ConjugateGradientOptions } from "./conjugate-gradient.js";
export {
  incompleteCholesky,
  type IncompleteCholesky,
  type IncompleteCholeskyOptions,
} from "./incomplete-cholesky.js";
export { richardson, type RichardsonOptions } from "./richardson.js";
export { lanczos, type Lanczos, type LanczosOptions } from "./lanczos.js";
export {
  lbfgs,
  type LbfgsIteration,
  type LbfgsOptions,
  type LbfgsOutcome,
  type SmoothFunction,
  type ValueAndGradient,
} from "./lbfgs.js";
export { lbfgsTree } from "./lbfgs-tree.js";
export * from "./completion/index.js";
export {
  conjugateDirections,
  type ConjugateDirectionsOptions,
  type DirectionProposal,
} from "./conjugate-directions.js";
export * from "./directions/index.js";
export * from "./poisson/index.js";
export * from "./boosting/index.js";
export {
  type LeastSquaresProblem,
  levenbergMarquardt,
  type LevenbergMarquardtOptions,
  type LevenbergMarquardtOutcome,
} from "./levenberg-marquardt.js";
export { type ArgminProblem, attachArgmin, type HostMinimum, implicitArgmin } from "./implicit.js";
export { unrolledLevenbergMarquardt, type UnrolledOptions } from "./unrolled.js";
