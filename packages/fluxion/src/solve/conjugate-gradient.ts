import { checkOptions } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { deflation } from "./deflation.js";
import { checkVectors, product, type LinearOperator } from "./linear-operator.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { addScaled, difference, dot, norm } from "./vectors.js";

/** Options of `conjugateGradient`. */
export interface ConjugateGradientOptions extends SolverOptions {
  /** z = M⁻¹ r, symmetric and positive definite, such as `incompleteCholesky(A)`. Default: none. */
  preconditioner?: LinearOperator;
  /** Where to start, float64 [size]. Default 0. */
  start?: Float64Array;
  /** Linearly independent vectors, float64 [size] each, whose span is solved exactly, such as Ritz vectors. Default none. */
  deflate?: readonly Float64Array[];
  /** Default 10·size. */
  maxIterations?: number;
  /** Of ‖b − A x‖ / ‖b‖. Default 1e-8. */
  tolerance?: number;
}

/**
 * Solves A x = b for a symmetric positive definite A by (preconditioned) conjugate gradients in float64: the best
 * point in the A-norm of the Krylov space. The residuals are ‖b − A x‖ / ‖b‖ by the recurrence; before it says
 * "converged" the solver computes b − A x anew, and goes on from there if rounding has set the two apart.
 * @param a A
 * @param b float64 [size]
 * @returns status "converged", "max-iterations", "aborted"; "stalled" where rounding lets it come no closer;
 *   "singular" for a direction d with A d = 0; "unbounded" for dᵀA d < 0 (A, or the preconditioner, is not positive
 *   definite); "non-finite" for NaN or infinity in A or b. A right-hand side 0 gives 0 after no iteration.
 * @throws OptionError, ShapeError
 * @source Hestenes, Stiefel, "Methods of conjugate gradients for solving linear systems", 1952, §3; Saad, "Iterative
 *   methods for sparse linear systems", 2nd ed. 2003, algorithm 9.1 (preconditioned); Saad, Yeung, Erhel,
 *   Guyomarc'h, "A deflated version of the conjugate gradient algorithm", 2000, algorithm 3.5; deviates: residual
 *   replaced when it meets the tolerance
 */
export function conjugateGradient(
  a: LinearOperator,
  b: Float64Array,
  options: ConjugateGradientOptions = {},
): SolverOutcome<Float64Array> {
  const where = "solve.conjugateGradient";
  const { maxIterations, tolerance, onIteration, signal } = checked(where, a, b, options);
  const { preconditioner: m } = options;
  const n = a.size;
  const x = options.start?.slice() ?? new Float64Array(n);
  const scale = norm(b);
  const residuals: number[] = [];
  const end = (status: SolverStatus, reason: string): SolverOutcome<Float64Array> => {
    return { x, status, reason, iterations: residuals.length - 1, residuals };
  };
  if (scale === 0) {
    residuals.push(0);
    x.fill(0);
    return end("converged", "the right-hand side is 0");
  }

  const r = new Float64Array(n);
  const ad = new Float64Array(n);
  const replaceResidual = (): number => norm(difference(b, product(where, a, x, ad), r)) / scale;
  const low = deflation(where, a, options.deflate ?? []);
  if (!low) {
    residuals.push(NaN);
    return end(
      "singular",
      "the deflated vectors are linearly dependent, or A is not positive definite on them",
    );
  }
  replaceResidual();
  low.correct(x, r);
  let residual = replaceResidual();
  residuals.push(residual);
  if (!Number.isFinite(residual)) return end("non-finite", "A, b or the start holds NaN or infinity");
  if (residual <= tolerance) return end("converged", "the start meets the tolerance");

  const z = new Float64Array(n);
  const precondition = (): Float64Array => (m ? product(`${where}: preconditioner`, m, r, z) : r);
  let d: Float64Array | undefined;
  let before = 0;
  let replaced = Infinity;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const s = precondition();
    const rs = dot(r, s);
    if (rs < 0) return end("unbounded", `the preconditioner is not positive definite: rᵀz = ${rs}`);
    const beta = d ? rs / before : 0;
    const old = d ?? (d = new Float64Array(n));
    for (let i = 0; i < n; i++) old[i] = s[i]! + beta * old[i]!;
    low.project(old, s);
    before = rs;
    const product1 = product(where, a, d, ad);
    const curvature = dot(d, product1);
    if (!Number.isFinite(curvature) || !Number.isFinite(rs))
      return end("non-finite", `iteration ${iteration} met NaN or infinity`);
    if (curvature <= 0) {
      // A 0 that comes of underflow or of r = 0 says nothing about A.
      if (dot(d, d) === 0) return end("stalled", "the direction vanished");
      return curvature === 0
        ? end("singular", "a direction d has A d = 0")
        : end("unbounded", `A is not positive definite: dᵀA d = ${curvature}`);
    }
    const step = rs / curvature;
    addScaled(x, step, d);
    addScaled(r, -step, product1);
    residual = norm(r) / scale;
    if (residual <= tolerance) {
      residual = replaceResidual();
      d = residual <= tolerance ? d : undefined;
    }
    residuals.push(residual);
    onIteration?.({ iteration, residual });
    if (residual <= tolerance) return end("converged", `the residual is at most ${tolerance}`);
    if (!Number.isFinite(residual)) return end("non-finite", `iteration ${iteration} met NaN or infinity`);
    if (d === undefined) {
      if (residual > 0.5 * replaced)
        return end("stalled", `rounding: a fresh start leaves the residual at ${residual}`);
      replaced = residual;
    }
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residual}`);
}

const keys = ["maxIterations", "tolerance", "onIteration", "signal", "preconditioner", "start", "deflate"];

function checked(where: string, a: LinearOperator, b: Float64Array, options: ConjugateGradientOptions) {
  checkOptions(where, options, keys);
  const { maxIterations = 10 * a.size, tolerance = 1e-8, onIteration, signal } = options;
  checkWhole(where, "size of A", a.size, 1);
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkVectors(where, a.size, { b, start: options.start });
  options.deflate?.forEach((w, i) => checkVectors(where, a.size, { [`deflate[${i}]`]: w }));
  if (options.preconditioner) checkWhole(where, "size of the preconditioner", options.preconditioner.size, 1);
  if (options.preconditioner && options.preconditioner.size !== a.size)
    checkVectors(where, options.preconditioner.size, { b });
  return { maxIterations, tolerance, onIteration, signal };
}
