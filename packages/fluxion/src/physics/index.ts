/**
 * Differential equations as constraints: fields from networks that satisfy them by a least-squares layer, split over
 * experts, beside soft penalties and classical solvers.
 * @module
 */
export {
  adjoint,
  alongAxis,
  composed,
  finiteDifference,
  type FourierBasis,
  fourierBasis,
  type GridOperator,
  periodicDerivative,
} from "./derivatives.js";
export { diffusionSorption, type DiffusionSorptionOptions, sorptionLaw } from "./diffusion-sorption.js";
export { sorptionReference, type SorptionRun } from "./diffusion-sorption-reference.js";
export type { FullSoil, SorptionSoil } from "./sorption-soil.js";
export { type ExpertAnswer, type ExpertPool, type ExpertTask, serialExperts } from "./expert-task.js";
export { expertCount, partition, unpartition } from "./experts.js";
export {
  fieldModel,
  type FieldModel,
  type FieldModelOptions,
  type FieldOutput,
  type FieldParams,
} from "./field-model.js";
export {
  combineExperts,
  hardConstraint,
  type HardConstraint,
  type HardConstraintOptions,
} from "./hard-constraint.js";
export {
  type ConstraintRows,
  type Constraints,
  identityLaw,
  type LawSpec,
  type PointwiseLaw,
} from "./law.js";
export type { LinearField, PhysicsProblem } from "./problem.js";
export { evaluateField, type FieldEvaluation, trainField, type TrainFieldOptions } from "./train-field.js";
export { vorticityFlow, type VorticityFlowOptions, vorticityLaw } from "./vorticity.js";
export { type FlowModes, flowModes, vorticityReference, type VorticityRun } from "./vorticity-reference.js";
