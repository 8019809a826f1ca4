/**
 * Solvers: functions on data that return their answer with a status, the history of residuals and why they stopped.
 * @module
 */
export type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
