import { checkOptions, OptionError } from "../core/errors.js";
import { add, mul } from "../ops/arithmetic.js";
import { rungeKutta, type Solver } from "./solver.js";

/** Options of `rfSolver`. */
export interface RfSolverOptions {
  /** Where the second velocity of a step is taken, as a part of the step, in (0, 1]. Default 1/2. */
  alpha?: number;
}

/**
 * RF-Solver: a second-order Taylor step whose derivative of the velocity is a difference over alpha·dt,
 * x′ = x + dt·((1 − 1/(2·alpha))·v + 1/(2·alpha)·v(x + alpha·dt·v, t + alpha·dt)). At alpha = 1/2 it is the midpoint
 * rule, at 1 Heun's, at 2/3 Ralston's. There and back again on the same times, its error falls as dt³, Euler's as dt.
 * @returns a solver of order 2 with two evaluations a step
 * @throws OptionError
 * @source J. Wang et al., 2024, arXiv 2411.04746, eq. 9 and Algorithm 1; deviates: alpha is free, the authors' code has 1/2
 */
export function rfSolver(options: RfSolverOptions = {}): Solver {
  const where = "flow.rfSolver";
  checkOptions(where, options, ["alpha"]);
  const { alpha = 1 / 2 } = options;
  if (!(alpha > 0 && alpha <= 1))
    throw new OptionError({ where, want: "alpha in (0, 1]", got: String(alpha) });
  const second = 1 / (2 * alpha);
  return rungeKutta(`rf-solver ${alpha}`, 2, [0, alpha], [[alpha]], [1 - second, second]);
}

/**
 * FireFlow: the midpoint rule with the midpoint velocity of the step before in place of the first one, so that a step
 * costs one evaluation and the first step one more.
 * @source Y. Deng et al., 2024, arXiv 2412.07517, Algorithm 1; deviates: none
 */
export const fireFlow: Solver = {
  name: "fireflow",
  order: 2,
  evaluations: 1,
  *begin(x, t) {
    return yield { x, t };
  },
  *step(x, t, dt, _, memory) {
    const half = mul(dt, 1 / 2);
    const v = yield { x: add(x, mul(memory!, half)), t: add(t, half) };
    return { x: add(x, mul(v, dt)), memory: v };
  },
};
