import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { LinearConstraints } from "./constraints.js";
import { GrowingCholesky } from "./growing-cholesky.js";
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

/** Below this share of its squared length, what a row adds to the active ones is rounding. */
const dependent = 1e-11;

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
  const { count: m, size: n } = constraints;
  const { target, equalities, start, maxIterations, tolerance } = checked(constraints, bounds, options);
  const { onIteration, signal } = options;
  const offsets = constraints.times(target);
  const slack = tolerance * (1 + bounds.reduce((top, b) => Math.max(top, Math.abs(b)), 0));
  const set = new ActiveSet(constraints, bounds, offsets, equalities);
  for (let i = 0; i < equalities; i++) set.enter(i);
  for (const i of start) if (!set.rows.includes(i)) set.enter(i);
  set.dropNegative();

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

  function checked(a: LinearConstraints, b: Float64Array, given: LeastDistanceOptions) {
    const where = "solve.leastDistance";
    const keys = ["target", "equalities", "start", "maxIterations", "tolerance", "onIteration", "signal"];
    checkOptions(where, given, keys);
    const { target = new Float64Array(n), equalities = 0, start = [] } = given;
    const { maxIterations = 10 * (m + n), tolerance = 1e-10 } = given;
    for (const [name, list, length] of [["bounds", b, a.count] as const, ["target", target, a.size] as const])
      if (list.length !== length)
        throw new ShapeError({ where: `${where}: ${name}`, want: `[${length}]`, got: `[${list.length}]` });
    checkWhole(where, "equalities", equalities, 0);
    checkWhole(where, "maxIterations", maxIterations, 0);
    checkRange(where, "tolerance", tolerance, "[0, ∞)");
    if (equalities > m)
      throw new OptionError({ where, want: `equalities at most ${m}`, got: String(equalities) });
    for (const i of start)
      if (!(Number.isInteger(i) && i >= 0 && i < m))
        throw new OptionError({ where, want: `rows of start in [0, ${m})`, got: String(i) });
    return { target, equalities, start, maxIterations, tolerance };
  }
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

/** Independent rows that hold with equality, and their multipliers: all that is known of the current x. */
class ActiveSet {
  readonly rows: number[] = [];
  multipliers: Float64Array = new Float64Array(0);
  readonly #factor = new GrowingCholesky();

  constructor(
    readonly constraints: LinearConstraints,
    readonly bounds: Float64Array,
    /** A c. */
    readonly offsets: Float64Array,
    readonly equalities: number,
  ) {}

  /** Adds a row unless the others span it. */
  enter(row: number): void {
    const { lowered, rest, own } = this.#beside(row);
    if (!(rest > dependent * own)) return;
    this.#factor.append(lowered, rest);
    this.rows.push(row);
  }

  /** Takes rows out until no inequality has a negative multiplier. */
  dropNegative(): void {
    for (;;) {
      this.#settle();
      let worst = -1;
      this.multipliers.forEach((u, k) => {
        if (this.#mayLeave(k) && u < 0 && (worst < 0 || u < this.multipliers[worst]!)) worst = k;
      });
      if (worst < 0) return;
      this.#leave(worst);
    }
  }

  /**
   * Raises the multiplier of a violated row until it holds, and lets rows go whose multipliers would turn negative.
   * @returns whether it can be fulfilled
   */
  admit(row: number, violation: number): boolean {
    let short = violation;
    for (;;) {
      const { lowered, rest, own: length } = this.#beside(row);
      const change = this.#factor.upper(lowered);
      let [block, blocked] = [-1, Infinity];
      this.multipliers.forEach((u, k) => {
        if (!this.#mayLeave(k) || !(change[k]! > 0)) return;
        if (u / change[k]! < blocked) [block, blocked] = [k, u / change[k]!];
      });
      const full = rest > dependent * length ? short / rest : Infinity;
      const step = Math.min(full, blocked);
      if (step === Infinity) return false;
      this.multipliers = this.multipliers.map((u, k) => u - step * change[k]!);
      if (full <= blocked) {
        this.#factor.append(lowered, rest);
        this.rows.push(row);
        this.#settle();
        // Rounding alone may leave −1e-17.
        this.multipliers = this.multipliers.map((u, k) => (this.#mayLeave(k) ? Math.max(0, u) : u));
        return true;
      }
      if (full < Infinity) short -= step * rest;
      this.#leave(block);
    }
  }

  #mayLeave(k: number): boolean {
    return this.rows[k]! >= this.equalities;
  }

  #leave(k: number): void {
    this.#factor.remove(k);
    this.rows.splice(k, 1);
    this.multipliers = this.multipliers.filter((_, i) => i !== k);
  }

  /** The multipliers with which the active rows hold exactly. */
  #settle(): void {
    this.multipliers = this.#factor.solve(this.rows.map((i) => this.bounds[i]! - this.offsets[i]!));
  }

  /** What a row has beside the active ones: the squared length left of it, and of it all. */
  #beside(row: number): { lowered: Float64Array; rest: number; own: number } {
    const lowered = this.#factor.lower(this.rows.map((i) => this.constraints.dot(row, i)));
    const own = this.constraints.dot(row, row);
    return { lowered, rest: lowered.reduce((left, v) => left - v * v, own), own };
  }
}
