import { checkOptions, ShapeError } from "../core/errors.js";
import { factorCholesky, solveTriangular } from "../ops/linalg/kernels.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { dot } from "./vectors.js";

/** Residuals r(x) with their derivatives, computed at once or by a promise; every call gives a fresh array. */
export interface LeastSquaresProblem {
  /** r(x), float64 [M]. */
  readonly residual: (x: Float64Array) => Float64Array | Promise<Float64Array>;
  /** ∂rᵢ/∂xⱼ, float64 [M, N] row-major. */
  readonly jacobian: (x: Float64Array) => Float64Array | Promise<Float64Array>;
}

/** Options of `levenbergMarquardt`. */
export interface LevenbergMarquardtOptions extends SolverOptions {
  /** Default 50. */
  maxIterations?: number;
  /** Converged where an iteration lowers ‖r‖², or promises to, by at most this part of it. Default 1e-9. */
  tolerance?: number;
  /** λ of the first iteration, number > 0. Default 1e-3. */
  damping?: number;
  /** Most values of λ that an iteration tries, whole number ≥ 1. Default 25. */
  maxTries?: number;
}

/** What `levenbergMarquardt` returns; residuals are ‖r‖. */
export interface LevenbergMarquardtOutcome extends SolverOutcome<Float64Array> {
  /** ½‖r(x)‖². */
  readonly cost: number;
  /** Calls of `residual`. */
  readonly evaluations: number;
  /** Jacobians, and Gram matrices made of them. */
  readonly linearizations: number;
  /** Systems solved, one a value of λ. */
  readonly solves: number;
}

const keys = ["maxIterations", "tolerance", "damping", "maxTries", "onIteration", "signal"];

/**
 * Minimises ½‖r(x)‖² by Levenberg's and Marquardt's method: (JᵀJ + λ·diag JᵀJ)·s = −Jᵀr by Cholesky's factor; a step
 * that lowers ‖r‖ is made and λ becomes λ/3, any other makes it 4λ.
 * @param start float64 [N]
 * @returns status "converged", "max-iterations", "aborted"; "stalled" where no λ leads lower (a Jacobian that is none of
 *   r); "singular" where no λ makes the system solvable: an unknown that no residual depends on; "non-finite" for a start
 *   where r is not finite, or a Jacobian that is not. ‖r‖ never rises; an r that is not finite counts as a step too far.
 * @throws OptionError, ShapeError; what the functions throw
 * @source Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963; deviates: factors 3 and
 *   4 for λ, and the rule that ends it
 */
export async function levenbergMarquardt(
  { residual, jacobian }: LeastSquaresProblem,
  start: Float64Array,
  options: LevenbergMarquardtOptions = {},
): Promise<LevenbergMarquardtOutcome> {
  const where = "solve.levenbergMarquardt";
  const { maxIterations, tolerance, maxTries, damping } = checked(where, options);
  const { onIteration, signal } = options;
  const n = start.length;
  if (n === 0) throw new ShapeError({ where, want: "a start of one number or more", got: "[0]" });
  let [evaluations, linearizations, solves] = [0, 0, 0];
  const evaluate = async (x: Float64Array): Promise<{ r: Float64Array; square: number }> => {
    evaluations++;
    const r = await residual(x);
    return { r, square: dot(r, r) };
  };
  let x: Float64Array = start.slice();
  let { r, square } = await evaluate(x);
  const residuals = [Math.sqrt(square)];
  const end = (status: SolverStatus, reason: string): LevenbergMarquardtOutcome => ({
    ...{ x, status, reason, iterations: residuals.length - 1, residuals },
    ...{ cost: square / 2, evaluations, linearizations, solves },
  });
  if (!Number.isFinite(square)) return end("non-finite", "the residuals are not finite at the start");

  let lambda = damping;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const j = await jacobian(x);
    if (j.length !== r.length * n)
      throw new ShapeError({ where, want: `a Jacobian [${r.length}, ${n}]`, got: `${j.length} numbers` });
    linearizations++;
    const { gram, gradient } = normalEquations(j, r, n);
    const diagonal = Float64Array.from({ length: n }, (_, i) => gram[i * n + i]!);
    if (!gram.every(Number.isFinite) || !gradient.every(Number.isFinite))
      return end("non-finite", "the Jacobian is not finite");
    if (gradient.every((v) => v === 0)) return end("converged", "the gradient is zero");
    let next: { x: Float64Array; r: Float64Array; square: number } | undefined;
    let solvable = false;
    for (let tried = 0; tried < maxTries && !next; tried++) {
      solves++;
      const s = dampedStep(gram, diagonal, gradient, lambda);
      if (s) {
        solvable = true;
        const to = x.map((v, i) => v + s[i]!);
        const at = await evaluate(to);
        if (at.square < square) next = { x: to, ...at };
        else if (tried === 0 && promised(gram, diagonal, s, lambda) <= tolerance * square)
          return end("converged", `no step promises to lower ‖r‖² by more than ${tolerance} of it`);
      }
      lambda = next ? Math.max(lambda / 3, 1e-12) : 4 * lambda;
    }
    if (!next && !solvable)
      return end("singular", "an unknown changes no residual; add a ridge, or leave it out");
    if (!next)
      return end("stalled", `none of ${maxTries} dampings lowers ‖r‖: not its Jacobian, or rounding`);
    const fall = (square - next.square) / square;
    ({ x, r, square } = next);
    residuals.push(Math.sqrt(square));
    onIteration?.({ iteration, residual: residuals.at(-1)! });
    if (square === 0 || fall <= tolerance)
      return end("converged", `an iteration lowered ‖r‖² by at most ${tolerance} of it`);
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residuals.at(-1)!}`);
}

/** JᵀJ [N, N] and Jᵀr [N]. @internal */
export function normalEquations(
  jacobian: Float64Array,
  r: Float64Array,
  n: number,
): { gram: Float64Array; gradient: Float64Array } {
  const [gram, gradient] = [new Float64Array(n * n), new Float64Array(n)];
  for (let k = 0; k < r.length; k++) {
    const row = k * n;
    for (let i = 0; i < n; i++) {
      const v = jacobian[row + i]!;
      if (v === 0) continue;
      gradient[i]! += v * r[k]!;
      for (let j = 0; j <= i; j++) gram[i * n + j]! += v * jacobian[row + j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j]!;
  return { gram, gradient };
}

/** s of (A + λ·diag A)·s = −g; undefined if the matrix is not positive definite. */
function dampedStep(
  gram: Float64Array,
  diagonal: Float64Array,
  gradient: Float64Array,
  lambda: number,
): Float64Array | undefined {
  const n = diagonal.length;
  const damped = gram.slice();
  for (let i = 0; i < n; i++) damped[i * n + i]! += lambda * diagonal[i]!;
  const l = factorCholesky(damped, n);
  const s = gradient.map((v) => -v);
  solveTriangular(l, s, n, 1, { lower: true, transpose: false, unitDiagonal: false });
  solveTriangular(l, s, n, 1, { lower: true, transpose: true, unitDiagonal: false });
  return s.every(Number.isFinite) ? s : undefined;
}

/** By how much the linear model says that the step lowers ‖r‖²: sᵀAs + 2λ·sᵀ(diag A)s. */
function promised(gram: Float64Array, diagonal: Float64Array, s: Float64Array, lambda: number): number {
  const n = s.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) sum += s[i]! * gram[i * n + j]! * s[j]!;
    sum += 2 * lambda * diagonal[i]! * s[i]! ** 2;
  }
  return sum;
}

function checked(where: string, options: LevenbergMarquardtOptions) {
  checkOptions(where, options, keys);
  const { maxIterations = 50, tolerance = 1e-9, damping = 1e-3, maxTries = 25 } = options;
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkWhole(where, "maxTries", maxTries, 1);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkRange(where, "damping", damping, "(0, ∞)");
  return { maxIterations, tolerance, damping, maxTries };
}
