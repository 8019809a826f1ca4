import { checkOptions, ShapeError } from "../core/errors.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { wolfeSearch, type LinePoint } from "./line-search.js";
import type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "./outcome.js";
import { addScaled, dot, scaleBy } from "./vectors.js";

/** f(x) and its gradient, float64 [N]; what it returns is kept, so every call needs a fresh gradient. */
export interface ValueAndGradient {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** A smooth function of a vector with its gradient, computed at once or by a promise. */
export type SmoothFunction = (x: Float64Array) => ValueAndGradient | Promise<ValueAndGradient>;

/** What an iteration of `lbfgs` tells. */
export interface LbfgsIteration extends Iteration {
  /** f after it. */
  readonly value: number;
}

/** Options of `lbfgs`. */
export interface LbfgsOptions extends Omit<SolverOptions, "onIteration"> {
  /** Pairs of steps and changes of the gradient that are kept, whole number ≥ 1. Default 10. */
  memory?: number;
  /** Default 1000. */
  maxIterations?: number;
  /** Of the largest absolute entry of the gradient. Default 1e-6. */
  tolerance?: number;
  /** Stops, "converged", where an iteration lowers f by at most this·max(|f before|, |f after|, 1), number ≥ 0. Default 0: never. */
  valueTolerance?: number;
  /** c₁ of the Wolfe conditions: how much of the fall that the slope promises a step must bring, in (0, 0.5). Default 1e-4. */
  decrease?: number;
  /** c₂ of the Wolfe conditions: to what part of its start the slope must fall, in (decrease, 1). Default 0.9. */
  curvature?: number;
  /** Relative error of f, in [0, 1): nearer to each other, values are judged by their slopes. Default 1e-14. */
  rounding?: number;
  /** Called after every iteration. */
  onIteration?: (at: LbfgsIteration) => void;
}

/** What `lbfgs` returns; residuals are the largest absolute entries of the gradient. */
export interface LbfgsOutcome<X> extends SolverOutcome<X> {
  /** f(x). */
  readonly value: number;
  /** Calls of f. */
  readonly evaluations: number;
}

const most = 40;

/** The option names of `lbfgs`. @internal */
export const lbfgsKeys = [
  ...["memory", "maxIterations", "tolerance", "valueTolerance", "decrease", "curvature", "rounding"],
  ...["onIteration", "signal"],
];

/**
 * Minimises a smooth function by L-BFGS with a line search for the strong Wolfe conditions: x ← x − s·H·g, where H is
 * the inverse Hessian that the last `memory` pairs (Δx, Δg) imply, starting from (ΔxᵀΔg/ΔgᵀΔg)·I.
 * @param f f and its gradient; a value or gradient that is not finite counts as a step too far
 * @param start float64 [N]
 * @returns status "converged", "max-iterations", "aborted"; "stalled" where not even the gradient's direction leads to
 *   a lower value (rounding, or a gradient that is none of f); "unbounded" where f reaches −∞; "non-finite" for a
 *   start where f or its gradient is not finite. f never rises, but for its rounding.
 * @throws OptionError, ShapeError; what `f` throws
 * @source Liu, Nocedal, "On the limited memory BFGS method for large scale optimization", 1989; Nocedal, Wright,
 *   "Numerical optimization", 2nd ed. 2006, algorithms 7.4 and 7.5; deviates: pairs with ΔxᵀΔg ≤ 1e-10·‖Δx‖·‖Δg‖ are left out, a
 *   search that fails starts again from the gradient's direction
 */
export async function lbfgs(
  f: SmoothFunction,
  start: Float64Array,
  options: LbfgsOptions = {},
): Promise<LbfgsOutcome<Float64Array>> {
  const where = "solve.lbfgs";
  const { memory, maxIterations, tolerance, valueTolerance, ...wolfe } = checked(where, options);
  const { onIteration, signal } = options;
  const n = start.length;
  if (n === 0) throw new ShapeError({ where, want: "a start of one number or more", got: "[0]" });
  interface Point extends ValueAndGradient {
    readonly x: Float64Array;
  }
  let evaluations = 0;
  const evaluate = async (x: Float64Array): Promise<Point> => {
    evaluations++;
    const { value, gradient } = await f(x);
    if (gradient.length !== n)
      throw new ShapeError({ where, want: `a gradient [${n}], as the start`, got: `[${gradient.length}]` });
    return { x, value, gradient };
  };
  let now = await evaluate(start.slice());
  const residuals = [largest(now.gradient)];
  const end = (status: SolverStatus, reason: string): LbfgsOutcome<Float64Array> => {
    const { x, value } = now;
    return { x, status, reason, iterations: residuals.length - 1, residuals, value, evaluations };
  };
  if (!Number.isFinite(now.value) || !Number.isFinite(residuals[0]))
    return end("non-finite", "f or its gradient is not finite at the start");
  if (residuals[0]! <= tolerance) return end("converged", "the start meets the tolerance");

  const pairs: Pair[] = [];
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    let next: LinePoint<Point> | undefined;
    do {
      if (signal?.aborted) return end("aborted", "the signal stopped it");
      const direction = quasiNewton(now.gradient, pairs);
      const slope = dot(now.gradient, direction);
      const base = now;
      const along = async (step: number): Promise<LinePoint<Point>> => {
        const x = base.x.slice();
        addScaled(x, step, direction);
        const at = await evaluate(x);
        // A gradient that is not finite would poison all that follows; −∞ ends the search as it is.
        const usable = at.value === -Infinity || Number.isFinite(largest(at.gradient));
        return { step, value: usable ? at.value : NaN, slope: dot(at.gradient, direction), at };
      };
      const known = { step: 0, value: base.value, slope, at: base };
      // Without curvature the gradient's length is no length of a step.
      const first = pairs.length > 0 ? 1 : Math.min(1, 1 / oneNorm(base.gradient));
      const downhill = slope < 0 && Number.isFinite(slope) && first > 0;
      next = downhill ? (await wolfeSearch(along, known, first, wolfe)).point : undefined;
      if (!next && pairs.length === 0)
        return end("stalled", "no lower value along the gradient: rounding, or not the gradient of f");
      if (!next) pairs.length = 0;
    } while (!next);
    const before = now;
    now = next.at;
    if (now.value === -Infinity) {
      residuals.push(largest(now.gradient));
      return end("unbounded", "f reached -∞");
    }
    keep(pairs, pairOf(before, now), memory);
    const residual = largest(now.gradient);
    residuals.push(residual);
    onIteration?.({ iteration, residual, value: now.value });
    if (residual <= tolerance) return end("converged", `no entry of the gradient is above ${tolerance}`);
    const scale = Math.max(Math.abs(before.value), Math.abs(now.value), 1);
    if (valueTolerance > 0 && before.value - now.value <= valueTolerance * scale)
      return end("converged", `an iteration lowered f by at most ${valueTolerance} of it`);
  }
  return end("max-iterations", `after ${maxIterations} iterations the residual is ${residuals.at(-1)!}`);
}

/** Δx, Δg and 1/ΔxᵀΔg. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly sy: number;
}

type Place = ValueAndGradient & { readonly x: Float64Array };

function pairOf(before: Place, now: Place): Pair {
  const s = now.x.map((v, i) => v - before.x[i]!);
  const y = now.gradient.map((v, i) => v - before.gradient[i]!);
  return { s, y, sy: dot(s, y) };
}

function keep(pairs: Pair[], pair: Pair, memory: number): void {
  const { s, y, sy } = pair;
  if (!(sy > 1e-10 * Math.sqrt(dot(s, s) * dot(y, y)))) return;
  pairs.push(pair);
  if (pairs.length > memory) pairs.shift();
}

/** −H·g by the two loops. */
function quasiNewton(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((v) => -v);
  const alphas: number[] = [];
  for (const { s, y, sy } of [...pairs].reverse()) {
    const alpha = dot(s, q) / sy;
    alphas.push(alpha);
    addScaled(q, -alpha, y);
  }
  const last = pairs.at(-1);
  if (last) scaleBy(q, last.sy / dot(last.y, last.y));
  for (const { s, y, sy } of pairs) addScaled(q, alphas.pop()! - dot(y, q) / sy, s);
  return q;
}

/** max |xᵢ|, NaN if one is. */
function largest(x: Float64Array): number {
  let top = 0;
  for (const v of x) {
    if (Number.isNaN(v)) return NaN;
    top = Math.max(top, Math.abs(v));
  }
  return top;
}

const oneNorm = (x: Float64Array): number => x.reduce((sum, v) => sum + Math.abs(v), 0);

function checked(where: string, options: LbfgsOptions) {
  checkOptions(where, options, lbfgsKeys);
  const { memory = 10, maxIterations = 1000, tolerance = 1e-6, valueTolerance = 0 } = options;
  const { decrease = 1e-4, curvature = 0.9, rounding = 1e-14 } = options;
  checkWhole(where, "memory", memory, 1);
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkRange(where, "valueTolerance", valueTolerance, "[0, ∞)");
  checkRange(where, "decrease", decrease, "(0, 0.5)");
  checkRange(where, "curvature", curvature, `(${decrease}, 1)`);
  checkRange(where, "rounding", rounding, "[0, 1)");
  const wolfe = { decrease, curvature, rounding, maxEvaluations: most };
  return { memory, maxIterations, tolerance, valueTolerance, ...wolfe };
}
