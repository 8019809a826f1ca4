// Convex adversarial training: networks whose worst case in an l-infinity ball around every example is bounded.
import { checkOptions } from "../../core/errors.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { adam } from "../../optim/adam.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { linearSchedule } from "../../optim/schedules.js";
import { add, mul } from "../../ops/arithmetic.js";
import { sum } from "../../ops/reduce.js";
import { train } from "../../train/train.js";
import type { SolverOutcome, SolverStatus } from "../outcome.js";
import { recoverNetwork, type ConvexWeights, type ReluNetwork } from "./network.js";
import type { ReluPatterns } from "./patterns.js";
import { perturbedPatterns } from "./perturbed-patterns.js";
import { checkPatterns } from "./problem.js";
import {
  checkRobust,
  robustParts,
  robustValue,
  type RobustObjective,
  type RobustWeights,
} from "./robust-problem.js";

/** Options of `convexAdversarial`. */
export interface ConvexAdversarialOptions {
  /** Default: `perturbedPatterns` of the same eps and fixed columns. */
  patterns?: ReluPatterns;
  /** Steps of Adam, whole number ≥ 1. Default 1500. */
  steps?: number;
  /** Falls linearly to 0; number > 0. Default 3e-3. */
  learningRate?: number;
  /** Weight of a violated constraint over that of a loss, number > 0. Default 1. */
  penalty?: number;
  /** Fixes default patterns and start: whole number in [0, 2³²). Default 0. */
  seed?: number;
  /** Called every 50 steps with the penalised objective. */
  onIteration?: (at: { readonly iteration: number; readonly residual: number }) => void;
  signal?: AbortSignal;
}

/** What `convexAdversarial` returns; its residuals are the penalised objective at the records, not an error. */
export interface ConvexAdversarialOutcome extends SolverOutcome<ReluNetwork> {
  readonly weights: ConvexWeights;
  readonly patterns: ReluPatterns;
  /** Robust loss plus regularisation. */
  readonly cost: number;
  /** Largest violation of a constraint; 0 means that the cost bounds every attack on the training examples. */
  readonly violation: number;
}

/**
 * Trains a network that is robust against changes of every element by up to eps: for the hinge loss
 * min (1/N)·Σₖ(1 − yₖŷₖ + eps·‖Σᵢd_ik(vᵢ − wᵢ)‖₁)₊ + β·Σᵢ(‖vᵢ‖ + ‖wᵢ‖) subject to (2Dᵢ − I)Xvᵢ ≥ eps·‖vᵢ‖₁ and the same
 * for wᵢ, the 1-norms over free columns. Solved by Adam on the exact penalty of the constraints, in float32.
 * @returns status "max-iterations" after all steps, as the method has no stopping rule; "non-finite", "aborted"
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §4, eqs. 4.3 (hinge), 4.5 (squared, logistic); deviates: solved
 *   by a first-order method instead of an interior-point solver, so constraints hold up to `violation`
 */
export async function convexAdversarial(
  objective: RobustObjective,
  options: ConvexAdversarialOptions = {},
): Promise<ConvexAdversarialOutcome> {
  const where = "solve.convexAdversarial";
  checkOptions(where, options, [
    "patterns",
    "steps",
    "learningRate",
    "penalty",
    "seed",
    "onIteration",
    "signal",
  ]);
  const { steps = 1500, learningRate = 3e-3, penalty = 1, seed = 0, onIteration, signal } = options;
  const problem = checkRobust(where, objective);
  const { n, d, eps } = problem;
  checkWhole(where, "steps", steps, 1);
  checkRange(where, "learningRate", learningRate, "(0, ∞)");
  checkRange(where, "penalty", penalty, "(0, ∞)");
  const fixed = objective.fixed ?? [];
  const patterns = options.patterns ?? perturbedPatterns(objective.x, { eps, fixed, seed });
  checkPatterns(where, patterns, n);
  const parts = robustParts(problem, patterns);
  const shape = [patterns.count, d];
  const normal = normalFrom(seededUniform(seed, 1));
  const start = (): Tensor =>
    tensor(
      Float32Array.from({ length: patterns.count * d }, () => 0.01 * normal()),
      { shape },
    );
  const nothing = tensor(0);
  const residuals: number[] = [];
  const result = await train<RobustWeights, Tensor>({
    params: { v: start(), w: start() },
    loss(params) {
      const { loss, norms, violations } = parts(params);
      const violated = add(sum(violations[0]), sum(violations[1]));
      return add(add(loss, norms), mul(violated, penalty / n));
    },
    optimizer: adam({ learningRate: linearSchedule({ init: learningRate, end: 0, steps }) }),
    batches: () => nothing,
    ...{ steps, stepsPerCall: Math.min(50, steps), recordEvery: 50, ...(signal ? { signal } : {}) },
    onRecord({ step, loss }) {
      residuals.push(loss);
      onIteration?.({ iteration: step, residual: loss });
    },
  });
  const float64 = async (t: Tensor): Promise<Float64Array> =>
    Float64Array.from((await t.data()) as Float32Array);
  const weights = { v: await float64(result.params.v), w: await float64(result.params.w) };
  const { cost, violation } = await robustValue(weights, objective, patterns);
  const ends: Record<typeof result.status, [SolverStatus, string]> = {
    ok: ["max-iterations", `all ${steps} steps made`],
    aborted: ["aborted", "the signal stopped it"],
    "non-finite": ["non-finite", result.failure?.message ?? "the loss was not finite"],
  };
  const [status, reason] = ends[result.status];
  const x = recoverNetwork(weights, d);
  return { x, weights, patterns, cost, violation, status, reason, iterations: result.step, residuals };
}
