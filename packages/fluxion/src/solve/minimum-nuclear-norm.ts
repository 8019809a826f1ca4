import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { thinSvd } from "../ops/linalg/decompose.js";
import { ActiveSet } from "./active-set.js";
import type { LinearConstraints } from "./constraints.js";
import { pursue, type LeastDistanceOutcome } from "./least-distance.js";
import type { SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { nuclearNorm } from "./prox.js";

/** Options of `minimumNuclearNorm`. */
export interface MinimumNuclearNormOptions extends SolverOptions {
  /** Rows and columns of the matrix; their product is the number of unknowns. */
  shape: readonly [number, number];
  /** So many first rows of A hold with equality. Default 0. */
  equalities?: number;
  /** The weight ρ of the splitting, > 0, in units of 1 / ‖X‖. Default min(M, N) / (4‖X_F‖_*), X_F of least Frobenius norm. */
  penalty?: number;
  /** Default 5000. */
  maxIterations?: number;
  /** Largest residual. Default 1e-9. */
  tolerance?: number;
}

/**
 * Outcome of `minimumNuclearNorm`. `x`: [M, N] row-major, fulfils the constraints. The residuals are
 * max(‖X − Z‖_F, ‖Z − Z_before‖_F) / ‖X‖_F.
 */
export interface MinimumNuclearNormOutcome extends SolverOutcome<Float64Array> {
  /** Z, [M, N]: of exactly low rank, equal to `x` up to the residual. */
  readonly lowRank: Float64Array;
  /** ‖x‖_*. */
  readonly norm: number;
  /** λ [m], ≥ 0 for inequalities, with ‖Aᵀλ‖ ≤ 1 in the operator norm: bᵀλ bounds the least norm from below. */
  readonly multipliers: Float64Array;
  /** (‖x‖_* − bᵀλ) / ‖x‖_* ≥ 0: the least norm lies so little below. */
  readonly gap: number;
}

/**
 * The matrix of least nuclear norm in a polyhedron: min ‖X‖_* (sum of singular values) subject to A vec(X) ≥ b (the
 * first rows with equality). ADMM on X = Z: X is projected onto the polyhedron, Z's singular values shrink,
 *
 *     X ← Π(Z − U),   Z ← S_{1/ρ}(X + U),   U ← U + X − Z.
 *
 * The projections start from each other's active rows. Their multipliers, scaled, certify the result.
 * @param constraints the rows A over vec(X), row-major
 * @param bounds b, [m]
 * @returns status "infeasible" if no matrix fulfils all constraints, "non-finite" for NaN or infinite data
 * @throws OptionError, ShapeError
 * @source Boyd et al., "Distributed optimization and statistical learning via ADMM", 2011, sections 3.1 and 5; Cai,
 *   Candès, Shen, arXiv:0810.3286, theorem 2.1 for the shrinkage; deviates: none
 */
export function minimumNuclearNorm(
  constraints: LinearConstraints,
  bounds: Float64Array,
  options: MinimumNuclearNormOptions,
): MinimumNuclearNormOutcome {
  check(constraints, bounds, options);
  const { shape, equalities = 0, maxIterations = 5000, tolerance = 1e-9, onIteration, signal } = options;
  // The rows that hold with equality change little from one projection to the next.
  let set = new ActiveSet(constraints, bounds, equalities);
  const project = (target: Float64Array): LeastDistanceOutcome => {
    const found = pursue(set, target, signal ? { signal } : {});
    if (found.status !== "stalled") return found;
    set = new ActiveSet(constraints, bounds, equalities);
    return pursue(set, target, signal ? { signal } : {});
  };
  const nuclear = nuclearNorm(shape);
  const zero = new Float64Array(constraints.size);
  let inside = project(zero);
  const first = nuclear.value(inside.x);
  const { penalty = Math.min(...shape) / (4 * first) } = options;
  let x = inside.x;
  let z = x;
  let u: Float64Array = new Float64Array(x.length);
  const residuals = [NaN];
  const outcome = (status: SolverStatus, reason: string): MinimumNuclearNormOutcome => {
    const iterations = residuals.length - 1;
    return { x, lowRank: z, status, reason, iterations, residuals, ...certificate() };
  };
  const certificate = (): { norm: number; multipliers: Float64Array; gap: number } => {
    const norm = nuclear.value(x);
    // The first X is no projection of the splitting: its multipliers are those of the Frobenius norm.
    const scaled = inside.multipliers.map((v) => v * (Number.isFinite(penalty) ? penalty : 1));
    const rows = inside.active;
    const top =
      thinSvd(
        constraints.combine(
          rows,
          rows.map((i) => scaled[i]!),
        ),
        ...shape,
      ).s[0] ?? 0;
    const multipliers = scaled.map((v) => v / Math.max(1, top));
    const bound = multipliers.reduce((sum, v, i) => sum + v * bounds[i]!, 0);
    return { norm, multipliers, gap: norm === 0 ? 0 : (norm - bound) / norm };
  };

  if (inside.status !== "converged") return outcome(inside.status, inside.reason);
  residuals[0] = 1;
  if (first === 0) return outcome("converged", "0 fulfils the constraints");
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    inside = project(z.map((v, j) => v - u[j]!));
    if (inside.status !== "converged") return outcome(inside.status, `a projection: ${inside.reason}`);
    x = inside.x;
    const before = z;
    z = nuclear.prox(
      x.map((v, j) => v + u[j]!),
      1 / penalty,
    );
    u = u.map((v, j) => v + x[j]! - z[j]!);
    const residual = Math.max(distance(x, z), distance(z, before)) / distance(x, zero);
    residuals.push(residual);
    onIteration?.({ iteration, residual });
    if (!Number.isFinite(residual)) return outcome("non-finite", "a residual is no finite number");
    if (residual <= tolerance) return outcome("converged", "the residual is within the tolerance");
    if (signal?.aborted) return outcome("aborted", "the signal said so");
  }
  return outcome("max-iterations", `the residual is ${residuals.at(-1)}`);
}

function check(
  constraints: LinearConstraints,
  bounds: Float64Array,
  options: MinimumNuclearNormOptions,
): void {
  const where = "solve.minimumNuclearNorm";
  const keys = ["shape", "equalities", "penalty", "maxIterations", "tolerance", "onIteration", "signal"];
  checkOptions(where, options, keys);
  const { shape, penalty = 1, maxIterations = 1, tolerance = 1 } = options;
  const [rows, columns] = shape;
  if (rows * columns !== constraints.size || shape.length !== 2) {
    const want = `[M, N] with ${constraints.size} elements`;
    throw new ShapeError({ where, want, got: `[${shape.join(", ")}]` });
  }
  if (bounds.length !== constraints.count) {
    const [want, got] = [`[${constraints.count}]`, `[${bounds.length}]`];
    throw new ShapeError({ where: `${where}: bounds`, want, got });
  }
  checkWhole(where, "equalities", options.equalities ?? 0, 0);
  if (rows < 1) throw new OptionError({ where, want: "at least one row", got: String(rows) });
  checkRange(where, "penalty", penalty, "(0, ∞)");
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
}

const distance = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, v, j) => sum + (v - b[j]!) ** 2, 0));
