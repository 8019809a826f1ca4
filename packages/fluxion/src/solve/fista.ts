// Accelerated proximal gradient descent.
import { checkOptions } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import type { ProxTerm } from "./prox.js";

/** minimise f(x) + weight·g(x) for a smooth convex f and a term g. */
export interface CompositeProblem {
  readonly size: number;
  /** f(x) and its gradient. */
  readonly smooth: (x: Float64Array) => { value: number; gradient: Float64Array };
  /** A bound of the gradient's Lipschitz constant, number > 0. */
  readonly lipschitz: number;
  readonly term: ProxTerm;
  readonly weight: number;
}

/** Options of `fista`. */
export interface FistaOptions extends SolverOptions {
  /** Where to start, float64 [size]; default 0. */
  start?: Float64Array;
}

/**
 * Accelerated proximal gradient descent with step 1/L, restarted whenever it goes uphill. The residual is
 * L·‖x − x before‖ over the norm of the gradient at the start.
 * @param problem f, g and L
 * @returns within `tolerance` (default 1e-8) "converged", after `maxIterations` (default 2000) "max-iterations"
 * @throws OptionError
 * @source Beck, Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009, §4; O'Donoghue, Candès, "Adaptive
 *   restart for accelerated gradient schemes", 2013, arXiv 1204.3982, §3.2 (the gradient scheme); deviates: none
 */
export function fista(problem: CompositeProblem, options: FistaOptions = {}): SolverOutcome<Float64Array> {
  const where = "solve.fista";
  checkOptions(where, options, ["maxIterations", "tolerance", "onIteration", "signal", "start"]);
  const { maxIterations = 2000, tolerance = 1e-8, onIteration, signal } = options;
  const { size, smooth, lipschitz, term, weight } = problem;
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkRange(where, "lipschitz", lipschitz, "(0, ∞)");
  let x: Float64Array = options.start?.slice() ?? new Float64Array(size);
  let y: Float64Array = x.slice();
  let momentum = 1;
  const residuals = [1];
  const end = (status: SolverStatus, reason: string): SolverOutcome<Float64Array> => {
    return { x, status, reason, iterations: residuals.length - 1, residuals };
  };
  const scale = Math.max(Math.hypot(...smooth(x).gradient), 1e-300);
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const { gradient } = smooth(y);
    const next = term.prox(
      y.map((v, j) => v - gradient[j]! / lipschitz),
      weight / lipschitz,
    );
    let [moved, uphill] = [0, 0];
    for (let j = 0; j < size; j++) {
      moved += (next[j]! - y[j]!) ** 2;
      uphill += (y[j]! - next[j]!) * (next[j]! - x[j]!);
    }
    const residual = (lipschitz * Math.sqrt(moved)) / scale;
    if (!Number.isFinite(residual))
      return end("non-finite", `iteration ${iteration} gave numbers that are not finite`);
    const faster = uphill > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const carry = uphill > 0 ? 0 : (momentum - 1) / faster;
    y = next.map((v, j) => v + carry * (v - x[j]!));
    [x, momentum] = [next, faster];
    residuals.push(residual);
    onIteration?.({ iteration, residual });
    if (residual <= tolerance) return end("converged", `the residual is at most ${tolerance}`);
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residuals.at(-1)!}`);
}
