// One expert's solve as plain data in and out, so that it can be done by another thread.
import { factorLU, solveLU } from "../ops/linalg/kernels.js";
import { levenbergMarquardt } from "../solve/levenberg-marquardt.js";
import type { SolverStatus } from "../solve/outcome.js";
import { expertProblem, type HostRows } from "./least-squares.js";

/** What an expert has to solve. */
export interface ExpertTask {
  readonly blocks: readonly HostRows[];
  /** Basis functions, N. */
  readonly size: number;
  readonly ridge: number;
  /** First value of every weight. */
  readonly start: number;
  readonly maxIterations: number;
  readonly tolerance: number;
  /** Whether the derivative leaves out the second derivatives of the residuals. */
  readonly gaussNewton: boolean;
}

/** What it found. */
export interface ExpertAnswer {
  /** w*, [N]. */
  readonly weights: Float64Array;
  /** Inverse Hessian there, [N, N]; NaN where it is singular. */
  readonly inverseHessian: Float64Array;
  readonly status: SolverStatus;
  readonly iterations: number;
  /** ‖r‖. */
  readonly residual: number;
  /** Multiplications with an addition that the solver made, as its loops imply. */
  readonly work: number;
}

/** Solves tasks, in this thread or in others; the answers do not depend on where. */
export interface ExpertPool {
  readonly solve: (tasks: readonly ExpertTask[]) => Promise<ExpertAnswer[]>;
}

/** Solves one task. A start that is not finite gives weights of NaN, so that training stops there. */
export async function solveExpert(task: ExpertTask): Promise<ExpertAnswer> {
  const { blocks, size: n, ridge, start, maxIterations, tolerance, gaussNewton } = task;
  const problem = expertProblem(blocks, n, ridge);
  const found = await levenbergMarquardt(problem, new Float64Array(n).fill(start), {
    maxIterations,
    tolerance,
  });
  const bad = found.status === "non-finite" || found.status === "singular";
  const weights = bad ? new Float64Array(n).fill(NaN) : found.x;
  const terms = blocks.reduce((sum, block) => sum + block.terms.reduce((s, term) => s + term.length, 0), 0);
  const linearization = 2 * terms + (problem.rows * n * (n + 1)) / 2;
  return {
    weights,
    inverseHessian: inverse(problem.hessian(weights, gaussNewton), n),
    status: found.status,
    iterations: found.iterations,
    residual: found.residuals.at(-1)!,
    work:
      found.evaluations * terms + found.linearizations * linearization + found.solves * (n ** 3 / 6 + n * n),
  };
}

function inverse(a: Float64Array, n: number): Float64Array {
  const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const out = solveLU(factorLU(a, n), identity, n, false);
  return out.every(Number.isFinite) ? out : out.fill(NaN);
}

/** All tasks one after the other in this thread. */
export const serialExperts: ExpertPool = {
  async solve(tasks) {
    const answers: ExpertAnswer[] = [];
    for (const task of tasks) answers.push(await solveExpert(task));
    return answers;
  },
};
