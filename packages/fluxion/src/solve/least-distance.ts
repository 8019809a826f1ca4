import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { ActiveSet } from "./active-set.js";
import type { LinearConstraints } from "./constraints.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";

/** Options of `leastDistance`. */
export interface LeastDistanceOptions extends SolverOptions {
  /** The point c whose nearest is sought, [N]. Default 0. */
  target?: Float64Array;
  /** So many first rows hold with equality. Default 0. */
  equalities?: number;
  /** Rows expected to hold with equality in the end, such as `active` of a similar problem. Default: none. */
  start?: readonly number[];
  /** Default 10·(m + N). */
  maxIterations?: number;
  /** Largest violation, relative to 1 + the largest bound. Default 1e-10. */
  tolerance?: number;
}

/** Outcome of `leastDistance`; the residuals are the largest violation of a constraint. */
export interface LeastDistanceOutcome extends SolverOutcome<Float64Array> {
  /** u with x = c + Aᵀu, [m]: ≥ 0 for inequalities, 0 for rows that are not active. */
  readonly multipliers: Float64Array;
  /** Rows with multipliers, linearly independent. */
  readonly active: readonly number[];
}

/**
 * The point of a polyhedron nearest to c: min ½‖x − c‖² subject to A x ≥ b (the first rows with equality). A dual
 * active-set method: x is always the nearest point for the active rows, and the most violated row enters next. Rows
 * that would get a negative multiplier leave. Exact after finitely many iterations; each costs O(mN + k(N + k)) for k
 * active rows, and no m×m or N×N matrix is formed.
 * @param constraints the rows A
 * @param bounds b, [m]
 * @returns status "infeasible" if no point fulfils all constraints, "non-finite" for NaN or infinite data
 * @throws OptionError, ShapeError
 * @source Goldfarb, Idnani, "A numerically stable dual method for solving strictly convex quadratic programs", 1983,
 *   section 3 for the Hessian I; deviates: the Gram matrix of the active rows is factored (updated, then x recomputed
 *   from the multipliers) instead of the rows themselves, so that rows may be implicit
 */
export function leastDistance(
  constraints: LinearConstraints,
  bounds: Float64Array,
  options: LeastDistanceOptions = {},
): LeastDistanceOutcome {
  check(constraints, bounds, options);
  const { target = new Float64Array(constraints.size), equalities = 0, start = [] } = options;
  return pursue(new ActiveSet(constraints, bounds, equalities, start), target, options);
}

/** `leastDistance` from and with an active set, which is left as it ends; without checks. @internal */
export function pursue(
  set: ActiveSet,
  target: Float64Array,
  options: Pick<LeastDistanceOptions, "maxIterations" | "tolerance" | "onIteration" | "signal">,
): LeastDistanceOutcome {
  const { constraints, bounds, equalities } = set;
  const { count: m, size: n } = constraints;
  const { maxIterations = 10 * (m + n), tolerance = 1e-10, onIteration, signal } = options;
  const slack = tolerance * (1 + bounds.reduce((top, b) => Math.max(top, Math.abs(b)), 0));
  set.aim(constraints.times(target));

  let x = target;
  const residuals: number[] = [];
  const outcome = (status: SolverStatus, reason: string): LeastDistanceOutcome => {
    const multipliers = new Float64Array(m);
    set.rows.forEach((row, k) => (multipliers[row] = set.multipliers[k]!));
    const iterations = residuals.length - 1;
    return { x, status, reason, iterations, residuals, multipliers, active: [...set.rows] };
  };

  for (let iteration = 0; ; iteration++) {
    const step = constraints.combine(set.rows, set.multipliers);
    x = target.map((c, j) => c + step[j]!);
    const { row, violation } = mostViolated(constraints.times(x), bounds, equalities);
    residuals.push(violation);
    if (iteration > 0) onIteration?.({ iteration, residual: violation });
    if (!Number.isFinite(violation)) return outcome("non-finite", "a product of A and x is no finite number");
    if (violation <= slack) return outcome("converged", "every constraint holds to the tolerance");
    if (set.rows.includes(row))
      return outcome("stalled", `rounding: active row ${row} stays violated by ${violation}`);
    if (row < equalities) return outcome("infeasible", `equality ${row} contradicts the other equalities`);
    if (signal?.aborted) return outcome("aborted", "the signal said so");
    if (iteration >= maxIterations)
      return outcome("max-iterations", `row ${row} is violated by ${violation}`);
    if (!set.admit(row, violation))
      return outcome("infeasible", `row ${row} contradicts ${set.rows.length} active rows`);
  }
}

function check(a: LinearConstraints, b: Float64Array, options: LeastDistanceOptions): void {
  const where = "solve.leastDistance";
  const keys = ["target", "equalities", "start", "maxIterations", "tolerance", "onIteration", "signal"];
  checkOptions(where, options, keys);
  const { target, equalities = 0, start = [], maxIterations = 0, tolerance = 0 } = options;
  for (const [name, list, length] of [["bounds", b, a.count] as const, ["target", target, a.size] as const])
    if (list && list.length !== length)
      throw new ShapeError({ where: `${where}: ${name}`, want: `[${length}]`, got: `[${list.length}]` });
  checkWhole(where, "equalities", equalities, 0);
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  if (equalities > a.count)
    throw new OptionError({ where, want: `equalities at most ${a.count}`, got: String(equalities) });
  for (const i of start)
    if (!(Number.isInteger(i) && i >= 0 && i < a.count))
      throw new OptionError({ where, want: `rows of start in [0, ${a.count})`, got: String(i) });
}

function mostViolated(
  values: Float64Array,
  bounds: Float64Array,
  equalities: number,
): { row: number; violation: number } {
  let [row, violation] = [-1, 0];
  for (let i = 0; i < values.length; i++) {
    const short = i < equalities ? Math.abs(bounds[i]! - values[i]!) : bounds[i]! - values[i]!;
    if (Number.isNaN(short)) return { row: i, violation: NaN };
    if (short > violation) [row, violation] = [i, short];
  }
  return { row, violation };
}
