// Round trips of real images and samples, solver by solver, at the same number of evaluations.
import { compile, random, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import {
  euler,
  fireFlow,
  midpoint,
  rfSolver,
  sampleOde,
  velocityOf,
  type FlowMlpParams,
  type Solver,
} from "fluxion/flow";
import { network, shape } from "../fashion14.js";
import { heldOut, loadParts14, trainFlows, type FlowBudget } from "../fashion-held-out.js";

/** What is trained, and how much is measured. */
export interface SolverBudget {
  readonly flows: FlowBudget;
  /** Numbers of evaluations. */
  readonly evaluations: readonly number[];
  /** Images, and samples. */
  readonly n: number;
}

/** Solvers with the steps that they take in so many evaluations; FireFlow's first step has one more. */
const contenders: Record<string, { solver: Solver; steps: (evaluations: number) => number }> = {
  euler: { solver: euler, steps: (n) => n },
  rfSolver: { solver: rfSolver(), steps: (n) => n / 2 },
  fireFlow: { solver: fireFlow, steps: (n) => n - 1 },
};
/** Steps of the samples that count as exact. */
const reference = 200;

const meanSquare = (a: Tensor, b: Tensor): Tensor => a.sub(b).square().mean();

/** Mean squared errors of one seed, by flow, solver and number of evaluations. */
export async function solverFigures(
  { seed, signal, progress }: ClaimContext,
  { flows: budget, evaluations, n }: SolverBudget,
): Promise<Record<string, number>> {
  progress(0, "flows");
  const flows = await trainFlows(budget, { seed, signal });
  progress(0.5, "round trips");
  const { held } = await loadParts14();
  const { x, y: classes } = heldOut(held, n, seed);
  const noise = random.normal(random.key(seed + 500), [n, ...shape]);
  const measure = compile((params: FlowMlpParams, images: Tensor, cond: Tensor, z: Tensor) => {
    const velocity = velocityOf(network.apply, params, { cond });
    const exact = sampleOde(velocity, z, { solver: midpoint, steps: reference });
    const errors: Record<string, Tensor> = {};
    for (const [name, { solver, steps }] of Object.entries(contenders)) {
      for (const count of evaluations) {
        const times = { solver, steps: steps(count) };
        const back = sampleOde(velocity, images, { ...times, from: 1, to: 0 });
        errors[`trip_${name}_${count}`] = meanSquare(sampleOde(velocity, back, times), images);
        errors[`sample_${name}_${count}`] = meanSquare(sampleOde(velocity, z, times), exact);
      }
    }
    return errors;
  });
  const figures: Record<string, number> = {};
  for (const [flow, params] of Object.entries(flows)) {
    const errors = await measure(params, x, classes, noise);
    for (const [name, error] of Object.entries(errors)) figures[`${flow}_${name}`] = await error.item();
  }
  await measure.release();
  return figures;
}
