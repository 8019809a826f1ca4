import { checkOptions } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { checkVectors, product, type LinearOperator } from "./linear-operator.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { addScaled, difference, norm } from "./vectors.js";

/** Options of `richardson`. */
export interface RichardsonOptions extends SolverOptions {
  /** M⁻¹, near A⁻¹: a multigrid cycle, a triangular solve. Default: the identity. */
  preconditioner?: LinearOperator;
  /** Where to start, float64 [size]. Default 0. */
  start?: Float64Array;
  /** Default 1000. */
  maxIterations?: number;
  /** Of ‖b − A x‖ / ‖b‖. Default 1e-8. */
  tolerance?: number;
}

/** A step that leaves more of the residual than this does not help. */
const stalling = 0.95;

/**
 * Solves A x = b by the preconditioned Richardson iteration x ← x + M⁻¹(b − A x), which converges where the spectral
 * radius of I − M⁻¹A is below 1.
 * @param a A
 * @param b float64 [size]
 * @returns status "converged", "max-iterations", "aborted"; "stalled" when a step leaves over 0.95 of the residual;
 *   "non-finite" for NaN or infinity. Residuals are ‖b − A x‖ / ‖b‖. A right-hand side 0 gives 0 after no iteration.
 * @throws OptionError, ShapeError
 * @source Saad, "Iterative methods for sparse linear systems", 2nd ed. 2003, §4.1; deviates: none
 */
export function richardson(
  a: LinearOperator,
  b: Float64Array,
  options: RichardsonOptions = {},
): SolverOutcome<Float64Array> {
  const where = "solve.richardson";
  checkOptions(where, options, [
    ...["maxIterations", "tolerance", "onIteration", "signal"],
    ...["preconditioner", "start"],
  ]);
  const { maxIterations = 1000, tolerance = 1e-8, onIteration, signal, preconditioner: m, start } = options;
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkVectors(where, a.size, { b, ...(start ? { start } : {}) });
  const x = start?.slice() ?? new Float64Array(a.size);
  const residuals: number[] = [];
  const end = (status: SolverStatus, reason: string): SolverOutcome<Float64Array> => {
    return { x, status, reason, iterations: residuals.length - 1, residuals };
  };
  const scale = norm(b);
  if (scale === 0) {
    residuals.push(0);
    x.fill(0);
    return end("converged", "the right-hand side is 0");
  }
  const [ax, r] = [new Float64Array(a.size), new Float64Array(a.size)];
  for (let iteration = 0; ; iteration++) {
    const residual = norm(difference(b, product(where, a, x, ax), r)) / scale;
    residuals.push(residual);
    if (!Number.isFinite(residual)) return end("non-finite", "NaN or infinity in A, M or b");
    if (iteration > 0) onIteration?.({ iteration, residual });
    if (residual <= tolerance) return end("converged", `the residual is at most ${tolerance}`);
    if (iteration > 0 && residual > stalling * residuals.at(-2)!)
      return end("stalled", `a step leaves the residual at ${residual}`);
    if (iteration === maxIterations)
      return end("max-iterations", `after ${maxIterations} iterations the residual is ${residual}`);
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    addScaled(x, 1, m ? product(where, m, r) : r);
  }
}
