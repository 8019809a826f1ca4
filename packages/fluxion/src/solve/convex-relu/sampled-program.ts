// The sampled convex program: random hidden units, and output weights by an l1 problem.
import { checkOptions } from "../../core/errors.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkWhole } from "../../optim/options.js";
import { fista } from "../fista.js";
import type { SolverOptions, SolverOutcome } from "../outcome.js";
import { l1Norm } from "../prox.js";
import { reluCost, type ReluNetwork } from "./network.js";
import { rowImages } from "./operators.js";
import { checkObjective, type ReluObjective } from "./problem.js";

/** Options of `sampledProgram`. */
export interface SampledProgramOptions extends SolverOptions {
  /** Random hidden units, whole number ≥ 1; those of a smaller number are among those of a larger. Default 500. */
  neurons?: number;
  /** Whole number in [0, 2³²). Default 0. */
  seed?: number;
}

/** What `sampledProgram` returns; `x` has only the units with an output weight. */
export interface SampledProgramOutcome extends SolverOutcome<ReluNetwork> {
  /** The network's cost, as `reluCost`. */
  readonly cost: number;
}

/**
 * Draws hidden units uⱼ uniformly on the unit sphere, solves min_a l(Σⱼ(X·uⱼ)₊aⱼ, y) + β‖a‖₁ and returns the network
 * (√|aⱼ|·uⱼ, sign(aⱼ)·√|aⱼ|), whose cost is the program's.
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §2.3 (SCP); deviates: none
 */
export function sampledProgram(
  objective: ReluObjective,
  options: SampledProgramOptions = {},
): SampledProgramOutcome {
  const where = "solve.sampledProgram";
  checkOptions(where, options, ["neurons", "seed", "maxIterations", "tolerance", "onIteration", "signal"]);
  const { neurons = 500, seed = 0, ...solver } = options;
  checkWhole(where, "neurons", neurons, 1);
  const { x, y, n, d, beta, loss } = checkObjective(where, objective);
  const normal = normalFrom(seededUniform(seed));
  const units = new Float64Array(neurons * d);
  for (let j = 0; j < neurons; j++) {
    const h = Float64Array.from({ length: d }, normal);
    const length = Math.hypot(...h);
    h.forEach((v, i) => (units[j * d + i] = v / length));
  }
  /** Activations, [neurons, N]. */
  const active = rowImages(units, x, neurons, n, d).map((v) => Math.max(v, 0));
  const outputs = (a: Float64Array): Float64Array => {
    const out = new Float64Array(n);
    for (let j = 0; j < neurons; j++)
      if (a[j] !== 0) for (let k = 0; k < n; k++) out[k]! += a[j]! * active[j * n + k]!;
    return out;
  };
  const adjoint = (q: Float64Array): Float64Array => {
    const out = new Float64Array(neurons);
    for (let j = 0; j < neurons; j++) for (let k = 0; k < n; k++) out[j]! += q[k]! * active[j * n + k]!;
    return out;
  };
  const smooth = (a: Float64Array): { value: number; gradient: Float64Array } => {
    const yhat = outputs(a);
    const value = yhat.reduce((sum, v, k) => sum + loss.value(v, y[k]!), 0);
    return { value, gradient: adjoint(yhat.map((v, k) => loss.derivative(v, y[k]!))) };
  };
  const lipschitz = largestSquare(n, (q) => outputs(adjoint(q)));
  const { x: a, ...outcome } = fista(
    { size: neurons, smooth, lipschitz, term: l1Norm(), weight: beta },
    solver,
  );
  const kept = [...a.keys()].filter((j) => a[j] !== 0);
  const network = {
    hidden: Float64Array.from(
      kept.flatMap((j) =>
        Array.from({ length: d }, (_, i) => units[j * d + i]! * Math.sqrt(Math.abs(a[j]!))),
      ),
    ),
    output: Float64Array.from(kept, (j) => Math.sign(a[j]!) * Math.sqrt(Math.abs(a[j]!))),
  };
  return { ...outcome, x: network, cost: reluCost(network, objective) };
}

/** The largest eigenvalue of a positive map by the power method, with a margin for what it still lacks. */
function largestSquare(n: number, map: (q: Float64Array) => Float64Array): number {
  let q = new Float64Array(n).fill(1 / Math.sqrt(n));
  let value = 0;
  for (let i = 0; i < 30; i++) {
    const next = map(q);
    value = Math.hypot(...next);
    if (value === 0) return 1;
    q = next.map((v) => v / value);
  }
  return 1.05 * value;
}
