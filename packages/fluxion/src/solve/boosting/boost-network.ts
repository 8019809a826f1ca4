import { checkOptions } from "../../core/errors.js";
import { seededUniform, shuffled } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "../outcome.js";
import type { BoostingLoss } from "./boosting-loss.js";
import { fitWeakLearner, weakOutputs } from "./weak-learner.js";

/** One boosting step: J sigmoid units, and what they add to the scores. */
export interface BoostedStep {
  /** Weights of the units with their biases last, [J, d + 1] row-major. */
  readonly hidden: Float64Array;
  /** [J, c] row-major, the step's length in it. */
  readonly output: Float64Array;
  /** [c], the step's length in it. */
  readonly bias: Float64Array;
}

/** A network grown by boosting: scores = start + Σ over the steps. */
export interface BoostedNetwork {
  readonly start: Float64Array;
  readonly steps: readonly BoostedStep[];
}

/** What a boosting step tells. */
export interface BoostingIteration extends Iteration {
  readonly x: BoostedNetwork;
}

/** How a network is boosted. */
export interface BoostingOptions extends Omit<SolverOptions, "onIteration" | "tolerance"> {
  /** T·J: units of the whole network, whole number ≥ 1. Default 100. */
  units?: number;
  /** J: units that a step adds, whole number ≥ 1. Default 1. */
  unitsPerStep?: number;
  /** η: part of the best step that is taken, in (0, 1]. Default 0.1; 1 oscillates and may diverge. */
  learningRate?: number;
  /** Part of the rows that a step is fitted to, in (0, 1]. Default 0.75. */
  subsample?: number;
  /** Weight of the squared weights of a step's units, ≥ 0. Default 1e-4. */
  l2?: number;
  /** Most iterations of L-BFGS for one step, whole number ≥ 1. Default 200. */
  maxIterations?: number;
  /** Of initial weights and subsamples. Default 0. */
  seed?: number;
  /** Called after every step; waited for. */
  onIteration?: (at: BoostingIteration) => void | Promise<void>;
}

/** What boosting returns; residuals are the mean training losses, before the first step and after each. */
export interface BoostingOutcome extends SolverOutcome<BoostedNetwork> {
  /** Multiply-adds of the fits. */
  readonly work: number;
}

/** The option names of `boostNetwork`. @internal */
export const boostingKeys = [
  ...["units", "unitsPerStep", "learningRate", "subsample", "l2", "maxIterations", "seed"],
  ...["onIteration", "signal"],
];

/** Residuals below this leave nothing to fit. */
const nothing = 1e-8;

/**
 * Grows a network with one hidden layer: fit J units to the residuals −∂l/∂F on a subsample, go η of Newton's step along
 * what they give on all rows, and again.
 * @param x standardised features [n, d]
 * @returns status "max-iterations" when all units are there, "converged" when the residuals vanish before, "aborted",
 *   "non-finite" with the network before the step that met NaN or infinity
 * @throws OptionError
 * @source Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, Algorithm 1; deviates: steps are bounded where residuals vanish
 * @internal
 */
export async function boostNetwork(
  where: string,
  x: Float64Array,
  n: number,
  d: number,
  loss: BoostingLoss,
  options: BoostingOptions,
): Promise<BoostingOutcome> {
  checkOptions(where, options, boostingKeys);
  const { units = 100, unitsPerStep: j = 1, learningRate = 0.1, subsample = 0.75, l2 = 1e-4 } = options;
  const { maxIterations = 200, seed = 0, onIteration, signal } = options;
  checkWhole(where, "unitsPerStep", j, 1);
  checkWhole(where, "units", units, j);
  checkWhole(where, "maxIterations", maxIterations, 1);
  checkRange(where, "learningRate", learningRate, "(0, 1]");
  checkRange(where, "subsample", subsample, "(0, 1]");
  checkRange(where, "l2", l2, "[0, ∞)");
  const c = loss.outputs;
  const shape = { d, units: j, outputs: c };
  const f = Float64Array.from({ length: n * c }, (_, i) => loss.start[i % c]!);
  const r = new Float64Array(n * c);
  const steps: BoostedStep[] = [];
  const residuals = [loss.mean(f)];
  let work = 0;
  const end = (status: SolverStatus, reason: string): BoostingOutcome => ({
    x: { start: loss.start, steps },
    ...{ status, reason, iterations: steps.length, residuals, work },
  });
  const rows = Math.max(1, Math.floor(subsample * n));
  for (let t = 0; t < Math.floor(units / j); t++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    loss.residuals(f, r);
    if (r.every((v) => Math.abs(v) < nothing)) return end("converged", `no residual is above ${nothing}`);
    const uniform = seededUniform(seed, t);
    const chosen = rows === n ? undefined : shuffled(n, uniform).subarray(0, rows).sort();
    const part = (a: Float64Array, width: number): Float64Array =>
      chosen
        ? Float64Array.from(
            { length: rows * width },
            (_, i) => a[chosen[Math.floor(i / width)]! * width + (i % width)]!,
          )
        : a;
    const fit = await fitWeakLearner(part(x, d), part(r, c), rows, shape, { l2, maxIterations, uniform });
    work += fit.work;
    const h = weakOutputs(fit.weights, shape, x, n);
    const length = learningRate * loss.step(h, r);
    if (!Number.isFinite(length) || !h.every(Number.isFinite))
      return end("non-finite", `step ${t + 1} met NaN or infinity`);
    for (let i = 0; i < f.length; i++) f[i]! += length * h[i]!;
    const [to, from] = [j * (d + 1), j * c];
    steps.push({
      hidden: fit.weights.slice(0, to),
      output: fit.weights.slice(to, to + from).map((v) => length * v),
      bias: fit.weights.slice(to + from).map((v) => length * v),
    });
    const residual = loss.mean(f);
    residuals.push(residual);
    await onIteration?.({ iteration: t + 1, residual, x: { start: loss.start, steps } });
  }
  return end("max-iterations", `${steps.length} steps of ${j} units`);
}
