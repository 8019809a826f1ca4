import { checkOptions, FluxionError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { checkVectors, product, type LinearOperator } from "./linear-operator.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { addScaled, difference, dot, norm } from "./vectors.js";

/** Proposes a search direction for a residual of norm 1: a preconditioner, a network, anything. [size] → [size] */
export type DirectionProposal = (r: Float64Array) => Float64Array | Promise<Float64Array>;

/** Options of `conjugateDirections`. */
export interface ConjugateDirectionsOptions extends SolverOptions {
  /** f: its sign and scale do not matter. */
  direction: DirectionProposal;
  /** Directions that a new one is made A-orthogonal to, whole number ≥ 0. Default 2. */
  memory?: number;
  /** Where to start, float64 [size]. Default 0. */
  start?: Float64Array;
  /** Default 10·size. */
  maxIterations?: number;
  /** Of ‖b − A x‖ / ‖b‖. Default 1e-8. */
  tolerance?: number;
}

/**
 * Solves A x = b for a symmetric positive definite A along directions that somebody proposes: d = f(r/‖r‖), made
 * A-orthogonal to the last few, then the exact line search x ← x + (dᵀr / dᵀA d)·d and r ← b − A x. The error's A-norm
 * never grows, whatever f is. f = identity is the method of conjugate gradients (steepest descent with memory 0), a
 * symmetric linear f the preconditioned one, f = c·A⁻¹ ends after one iteration. The residuals are ‖b − A x‖ / ‖b‖.
 * @returns status "converged", "max-iterations", "aborted"; "stalled" for a direction that vanishes, or for a residual
 *   that rounding keeps from falling any more; "unbounded" for dᵀA d < 0, "singular" for dᵀA d = 0; "non-finite"
 * @throws OptionError, ShapeError; FluxionError for a proposal of another length
 * @source Kaneda et al., 2022, arXiv 2205.10763, Algorithm 1; deviates: none
 */
export async function conjugateDirections(
  a: LinearOperator,
  b: Float64Array,
  options: ConjugateDirectionsOptions,
): Promise<SolverOutcome<Float64Array>> {
  const where = "solve.conjugateDirections";
  checkOptions(where, options, [
    ...["direction", "memory", "start", "maxIterations", "tolerance", "onIteration", "signal"],
  ]);
  const {
    direction,
    memory = 2,
    maxIterations = 10 * a.size,
    tolerance = 1e-8,
    onIteration,
    signal,
  } = options;
  checkWhole(where, "memory", memory, 0);
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkVectors(where, a.size, { b, start: options.start });
  const x = options.start?.slice() ?? new Float64Array(a.size);
  const r = new Float64Array(a.size);
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
  const measure = (): number => norm(difference(b, product(where, a, x), r)) / scale;
  let residual = measure();
  residuals.push(residual);
  if (!Number.isFinite(residual)) return end("non-finite", "A, b or the start holds NaN or infinity");
  if (residual <= tolerance) return end("converged", "the start meets the tolerance");

  /** Newest first. */
  const kept: { p: Float64Array; ap: Float64Array; curvature: number }[] = [];
  let best = residual;
  let since = 0;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const length = residual * scale;
    const proposed = await direction(r.map((v) => v / length));
    if (!(proposed instanceof Float64Array) || proposed.length !== a.size)
      throw new FluxionError({
        where: `${where}: direction`,
        want: `a Float64Array of length ${a.size}`,
        got: String(proposed?.length),
      });
    const d = proposed.slice();
    for (const { p, ap, curvature } of kept) addScaled(d, -dot(d, ap) / curvature, p);
    const ad = product(where, a, d).slice();
    const curvature = dot(d, ad);
    if (!Number.isFinite(curvature)) return end("non-finite", `iteration ${iteration} met NaN or infinity`);
    if (dot(d, d) === 0) return end("stalled", "the direction vanished");
    if (curvature <= 0)
      return curvature === 0
        ? end("singular", "a direction d has A d = 0")
        : end("unbounded", `A is not positive definite: dᵀA d = ${curvature}`);
    addScaled(x, dot(d, r) / curvature, d);
    residual = measure();
    residuals.push(residual);
    onIteration?.({ iteration, residual });
    if (residual <= tolerance) return end("converged", `the residual is at most ${tolerance}`);
    if (!Number.isFinite(residual)) return end("non-finite", `iteration ${iteration} met NaN or infinity`);
    if (residual < best) [best, since] = [residual, 0];
    else if (++since >= patience) return end("stalled", `no better than ${best} for ${patience} iterations`);
    kept.unshift({ p: d, ap: ad, curvature });
    kept.length = Math.min(kept.length, memory);
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residual}`);
}

/** The residual may grow for a while, as that of conjugate gradients does. */
const patience = 200;
