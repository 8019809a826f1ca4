/**
 * Why a solver stopped. "converged": the tolerance is met; "max-iterations": it ran out of them; "stalled": no further
 * progress is possible (a step too small, a search that finds nothing); "infeasible", "unbounded": the problem has no
 * solution; "singular": a system that has to be solved has no unique solution; "non-finite": a NaN or an infinity turned
 * up; "aborted": the signal said so.
 */
export type SolverStatus =
  | "converged"
  | "max-iterations"
  | "stalled"
  | "infeasible"
  | "unbounded"
  | "singular"
  | "non-finite"
  | "aborted";

/** What every solver returns: failing to converge is an answer, not an exception. */
export interface SolverOutcome<X> {
  /** The best iterate. */
  readonly x: X;
  readonly status: SolverStatus;
  /** Why it stopped, in a sentence. */
  readonly reason: string;
  /** Iterations made. */
  readonly iterations: number;
  /** The solver's measure of error, before the first iteration and after each: [iterations + 1]. */
  readonly residuals: readonly number[];
}

/** What an iteration callback is told. */
export interface Iteration {
  /** Iterations made, this one included. */
  readonly iteration: number;
  /** The last of the residuals. */
  readonly residual: number;
}

/** Options that every solver takes. */
export interface SolverOptions {
  /** Most iterations, whole number ≥ 0. */
  maxIterations?: number;
  /** Where it may stop, in the units of its residuals, number ≥ 0. */
  tolerance?: number;
  /** Called after every iteration. */
  onIteration?: (at: Iteration) => void;
  /** Stops the solver after the current iteration, with status "aborted". */
  signal?: AbortSignal;
}
