// Training a two-layer ReLU network by its convex program: ADMM over given activation patterns.
import { checkOptions, OptionError } from "../../core/errors.js";
import { checkWhole } from "../../optim/options.js";
import { admmSteps, type AdmmProblem } from "../admm.js";
import type { Iteration, SolverOptions, SolverOutcome } from "../outcome.js";
import { groupNorm, nonNegative } from "../prox.js";
import { blockStep } from "./block-step.js";
import { optimalityGap, type OptimalityGap } from "./certificate.js";
import { exactStep, type StepCost } from "./exact-step.js";
import { recoverNetwork, reluCost, type ConvexWeights, type ReluNetwork } from "./network.js";
import { convexOperators, type ConvexOperators } from "./operators.js";
import { samplePatterns, type ReluPatterns } from "./patterns.js";
import { checkObjective, checkPatterns, type ReluObjective } from "./problem.js";

/** What the iteration callback of `convexRelu` is told. */
export interface ConvexReluIteration extends Iteration {
  /** Cost of the recovered network, every `recordEvery` iterations; undefined in between. */
  readonly cost: number | undefined;
  /** The network recovered now, with `cost`. */
  readonly network: ReluNetwork | undefined;
}

/** Options of `convexRelu`. */
export interface ConvexReluOptions extends Omit<SolverOptions, "onIteration"> {
  /** Default: those of 100 random directions. */
  patterns?: ReluPatterns;
  /**
   * How u is updated. "exact": one N×N Cholesky factor, squared loss only; "blocks": randomised block coordinate descent
   * (ADMM-RBCD). Default: "exact" for the squared loss of at most 3000 examples.
   */
  step?: "exact" | "blocks";
  /** Penalty, number > 0; default beta·max(1, P/100). beta/rho has to be well below ‖vᵢ‖. */
  rho?: number;
  /** Step of the multipliers over rho, γ/ρ in (0, 2); default 1. */
  dualStep?: number;
  /** Most passes over the patterns in an update by blocks, whole number ≥ 1; default 5. */
  sweeps?: number;
  /** Fixes the default patterns and the order of blocks: whole number in [0, 2³²). Default 0. */
  seed?: number;
  /** Iterations between evaluations of the network's cost, whole number ≥ 1; default 10. The last is evaluated, too. */
  recordEvery?: number;
  /** Called after every iteration, and waited for. */
  onIteration?: (at: ConvexReluIteration) => void | Promise<void>;
}

/** What `convexRelu` returns; `x` is the best of the networks that were evaluated. */
export interface ConvexReluOutcome extends SolverOutcome<ReluNetwork> {
  /** The network's cost, as `reluCost`. */
  readonly cost: number;
  /** (iteration, cost of the network recovered then), not monotone. */
  readonly costs: readonly (readonly [number, number])[];
  /** The convex program's variables behind `x`. */
  readonly weights: ConvexWeights;
  readonly patterns: ReluPatterns;
  /** The penalty. */
  readonly rho: number;
  /** Operations of the last update of u, and of its preparation. */
  readonly stepCost: StepCost;
  /** Bounds the distance of `x` from the optimum. */
  readonly certificate: () => OptimalityGap;
}

const keys = [
  ...["patterns", "step", "rho", "dualStep", "sweeps", "seed", "recordEvery"],
  ...["maxIterations", "tolerance", "onIteration", "signal"],
];
const exactLimit = 3000;
/** Milliseconds of work between pauses that let timers, signals and pages have their turn. */
const patience = 50;

/**
 * Trains a two-layer ReLU network to the optimum over the given activation patterns: the convex program
 * min l(Σᵢ DᵢX(vᵢ − wᵢ), y) + β·Σᵢ(‖vᵢ‖ + ‖wᵢ‖) subject to (2Dᵢ − I)Xvᵢ ≥ 0, (2Dᵢ − I)Xwᵢ ≥ 0 by ADMM, and the network
 * recovered from it. With all patterns (`enumeratePatterns`) it is the global optimum of training.
 * @param objective data, beta and loss
 * @returns within `tolerance` (default 1e-5) of both relative residuals "converged", after `maxIterations` (default
 *   1000) "max-iterations"; "aborted", "non-finite"
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, algorithm 3.1 and §3.2; deviates: the exact step by an N×N
 *   system, the step of blocks, and the network with the smallest cost is kept
 */
export async function convexRelu(
  objective: ReluObjective,
  options: ConvexReluOptions = {},
): Promise<ConvexReluOutcome> {
  const where = "solve.convexRelu";
  checkOptions(where, options, keys);
  const problem = checkObjective(where, objective);
  const { n, d, beta, loss } = problem;
  const { seed = 0, sweeps = 5, recordEvery = 10, maxIterations = 1000, tolerance = 1e-5 } = options;
  checkWhole(where, "sweeps", sweeps, 1);
  checkWhole(where, "recordEvery", recordEvery, 1);
  const patterns = options.patterns ?? samplePatterns(objective.x, { seed });
  checkPatterns(where, patterns, n);
  const exact =
    (options.step ?? (loss.name === "squared" && n <= exactLimit ? "exact" : "blocks")) === "exact";
  if (exact && loss.name !== "squared")
    throw new OptionError({ where, want: 'step "blocks" for this loss', got: '"exact"' });
  const operators = convexOperators(problem, patterns);
  const step = exact ? exactStep(operators) : blockStep(operators, loss, { seed, sweeps });
  const half = patterns.count * d;
  const weightsOf = (v: Float64Array): ConvexWeights => ({ v: v.slice(0, half), w: v.slice(half) });

  const costs: [number, number][] = [];
  let best = { cost: Infinity, weights: weightsOf(new Float64Array(2 * half)) };
  const record = (iteration: number, v: Float64Array): { cost: number; network: ReluNetwork } => {
    const weights = weightsOf(v);
    const network = recoverNetwork(weights, d);
    const cost = reluCost(network, objective);
    costs.push([iteration, cost]);
    if (cost < best.cost) best = { cost, weights };
    return { cost, network };
  };
  record(0, new Float64Array(2 * half));

  const { signal, rho = beta * Math.max(1, patterns.count / 100), dualStep = 1 } = options;
  const settings = { maxIterations, tolerance, rho, dualStep, ...(signal ? { signal } : {}) };
  const steps = admmSteps(admmProblem(operators, beta, step.minimize), settings);
  let paused = performance.now();
  for (;;) {
    const at = steps.next();
    if (at.done) {
      const { iterations, residuals, status, reason, copies, x: u } = at.value;
      if (iterations > 0 && costs.at(-1)![0] !== iterations) record(iterations, copies[0]!);
      const x = recoverNetwork(best.weights, d);
      return {
        ...{ x, cost: best.cost, weights: best.weights, costs, patterns, rho },
        ...{ status, reason, iterations, residuals, stepCost: step.cost() },
        // Where ADMM has converged, F·u is nearer to the dual solution than the network is.
        certificate: () => optimalityGap(x, objective, patterns, { outputs: [operators.predict(u)] }),
      };
    }
    const { iteration, residual, copies } = at.value;
    const seen = iteration % recordEvery === 0 ? record(iteration, copies[0]!) : undefined;
    await options.onIteration?.({ iteration, residual, cost: seen?.cost, network: seen?.network });
    if (performance.now() - paused > patience) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      paused = performance.now();
    }
  }
}

/** The program in ADMM's form: l(F·u, y) + β·Σ‖vᵢ‖ + [s ≥ 0] with v = u and s = G·u. */
function admmProblem(
  operators: ConvexOperators,
  beta: number,
  minimize: AdmmProblem["minimize"],
): AdmmProblem {
  const { d } = operators.problem;
  const same = (u: Float64Array): Float64Array => u;
  const signs = {
    apply: (u: Float64Array) => operators.signs(u),
    adjoint: (s: Float64Array) => operators.signsAdjoint(s),
  };
  return {
    size: operators.rows * d,
    blocks: [
      { term: groupNorm(d), weight: beta, apply: same, adjoint: same },
      { term: nonNegative(), weight: 1, ...signs },
    ],
    minimize,
  };
}
