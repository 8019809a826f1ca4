// The alternating direction method of multipliers for a sum of a smooth function and simple terms of linear images.
import { checkOptions } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import type { ProxTerm } from "./prox.js";

/** One term weight·g(A·u) of the objective. */
export interface AdmmBlock {
  readonly term: ProxTerm;
  /** Factor of the term, number ≥ 0. */
  readonly weight: number;
  /** A·u. */
  readonly apply: (u: Float64Array) => Float64Array;
  /** Aᵀ·z. */
  readonly adjoint: (z: Float64Array) => Float64Array;
}

/** minimise f(u) + Σₖ weightₖ·gₖ(Aₖ·u), f being whatever `minimize` knows of it. */
export interface AdmmProblem {
  readonly size: number;
  readonly blocks: readonly AdmmBlock[];
  /** argmin_u f(u) + (rho/2)·Σₖ‖Aₖ·u − targetₖ‖², or a step towards it from `u`. */
  readonly minimize: (targets: readonly Float64Array[], rho: number, u: Float64Array) => Float64Array;
}

/** Where ADMM stands. */
export interface AdmmIteration extends Iteration {
  readonly u: Float64Array;
  /** The copies zₖ of Aₖ·u, in the domain of their terms. */
  readonly copies: readonly Float64Array[];
  /** ‖A·u − z‖ over the larger of ‖A·u‖ and ‖z‖. */
  readonly primalResidual: number;
  /** ‖Aᵀ(z − z before)‖ over ‖Aᵀ·multipliers‖. */
  readonly dualResidual: number;
}

/** Options of `admm`. */
export interface AdmmOptions extends Omit<SolverOptions, "onIteration"> {
  /** Penalty, number > 0; default 1. */
  rho?: number;
  /** Step of the multipliers over rho, γ/ρ in (0, 2); default 1. */
  dualStep?: number;
  /** Called after every iteration. */
  onIteration?: (at: AdmmIteration) => void;
}

/** What `admm` returns: `x` is u, the residual the larger of the primal and the dual one. */
export interface AdmmOutcome extends SolverOutcome<Float64Array> {
  readonly copies: readonly Float64Array[];
}

// Plain loops: callbacks on typed arrays would take longer than the mathematics.
function norm(parts: readonly Float64Array[]): number {
  let sum = 0;
  for (const part of parts) for (let j = 0; j < part.length; j++) sum += part[j]! * part[j]!;
  return Math.sqrt(sum);
}

/** a + weight·b. */
function combined(
  a: Float64Array,
  b: Float64Array,
  weight: number,
  out = new Float64Array(a.length),
): Float64Array {
  for (let j = 0; j < a.length; j++) out[j] = a[j]! + weight * b[j]!;
  return out;
}

/**
 * Scaled ADMM from zero: u ← argmin f(u) + (ρ/2)Σ‖Aₖu − zₖ + λₖ‖², zₖ ← prox(Aₖu + λₖ), λₖ ← λₖ + (γ/ρ)(Aₖu − zₖ).
 * Numbers that are no longer finite end it with status "non-finite" and the iterate before.
 * @param problem f and its terms
 * @returns within `tolerance` (default 1e-6) of both relative residuals "converged", after `maxIterations` (default
 *   1000) "max-iterations"
 * @throws OptionError
 * @source Boyd, Parikh, Chu, Peleato, Eckstein, "Distributed optimization and statistical learning via ADMM", 2011,
 *   §3.1.1, §3.3.1, §3.4.1; deviates: the tolerance is relative only, and gamma/rho need not be 1
 */
export function admm(problem: AdmmProblem, options: AdmmOptions = {}): AdmmOutcome {
  const steps = admmSteps(problem, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * `admm` an iteration at a time, for callers that have something else to do in between.
 * @returns a generator that yields after every iteration and returns the outcome
 * @throws OptionError
 */
export function* admmSteps(
  problem: AdmmProblem,
  options: AdmmOptions = {},
): Generator<AdmmIteration, AdmmOutcome, undefined> {
  const where = "solve.admm";
  const keys = ["maxIterations", "tolerance", "onIteration", "signal", "rho", "dualStep"];
  checkOptions(where, options, keys);
  const { maxIterations = 1000, tolerance = 1e-6, signal, rho = 1, dualStep = 1 } = options;
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkRange(where, "rho", rho, "(0, ∞)");
  checkRange(where, "dualStep", dualStep, "(0, 2)");

  const { blocks } = problem;
  let u: Float64Array = new Float64Array(problem.size);
  let copies: Float64Array[] = blocks.map(({ apply }) => new Float64Array(apply(u).length));
  const multipliers = copies.map((z) => new Float64Array(z.length));
  const residuals = [Infinity];
  const end = (status: SolverStatus, reason: string): AdmmOutcome => {
    const outcome = { x: u, copies, status, reason };
    return { ...outcome, iterations: residuals.length - 1, residuals };
  };

  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const targets = copies.map((z, k) => combined(z, multipliers[k]!, -1));
    const nextU = problem.minimize(targets, rho, u);
    const images = blocks.map(({ apply }) => apply(nextU));
    const next = blocks.map(({ term, weight }, k) => {
      const raised = combined(images[k]!, multipliers[k]!, 1);
      return term.prox(raised, weight / rho, raised);
    });
    const gaps = images.map((image, k) => combined(image, next[k]!, -1));
    const primalResidual = norm(gaps) / Math.max(norm(images), norm(next), 1e-300);
    if (!Number.isFinite(primalResidual))
      return end("non-finite", `iteration ${iteration} gave numbers that are not finite`);
    gaps.forEach((gap, k) => combined(multipliers[k]!, gap, dualStep, multipliers[k]));
    const pull = (parts: readonly Float64Array[]): number => {
      const total = new Float64Array(problem.size);
      parts.forEach((part, k) => combined(total, blocks[k]!.adjoint(part), 1, total));
      return norm([total]);
    };
    const change = pull(next.map((z, k) => combined(z, copies[k]!, -1)));
    const dualResidual = change === 0 ? 0 : change / Math.max(pull(multipliers), 1e-300);
    [u, copies] = [nextU, next];
    const residual = Math.max(primalResidual, dualResidual);
    residuals.push(residual);
    const at = { iteration, residual, u, copies, primalResidual, dualResidual };
    options.onIteration?.(at);
    yield at;
    if (residual <= tolerance) return end("converged", `both residuals are at most ${tolerance}`);
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residuals.at(-1)!}`);
}
