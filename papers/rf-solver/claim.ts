// What is measured for arXiv 2411.04746 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Tier } from "fluxion/claims";
import { editFigures } from "./edit.js";
import { solverFigures } from "./solvers.js";

const budgets = {
  quick: {
    solvers: { flows: { first: 1500, second: 0, pairs: 0 }, evaluations: [8, 16], n: 100 },
    edit: undefined,
  },
  full: {
    solvers: { flows: { first: 1500, second: 800, pairs: 6000 }, evaluations: [8, 16, 32, 64], n: 200 },
    edit: { steps: 900, judge: 500, n: 300 },
  },
} as const satisfies Record<Tier, unknown>;

/** The claim of RF-Solver and RF-Edit at small scale. */
export const claim: Claim = {
  id: "rf-solver",
  statement:
    "At the same number of evaluations a second-order step inverts and samples a flow far more exactly than Euler's, and sharing attention values of the inversion keeps an edit close to its source.",
  seeds: { quick: [0], full: [11, 12, 13] },
  async run(context) {
    const { solvers, edit } = budgets[context.tier];
    return {
      ...(await solverFigures(context, solvers)),
      ...(edit ? await editFigures(context, edit) : {}),
    };
  },

  checks(figures, tier) {
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    const flows = tier === "quick" ? (["first"] as const) : (["first", "second"] as const);
    const { evaluations } = budgets[tier].solvers;
    const of = { first: "flow", second: "rectified flow" };
    const solvers = flows.flatMap((flow): Check[] => [
      atMost(
        `round trip in 16 evaluations, RF-Solver / Euler, ${of[flow]}`,
        ratio(`${flow}_trip_rfSolver_16`, `${flow}_trip_euler_16`),
        0.05,
      ),
      atMost(
        `samples of 16 evaluations, RF-Solver / Euler, ${of[flow]}`,
        ratio(`${flow}_sample_rfSolver_16`, `${flow}_sample_euler_16`),
        0.2,
      ),
      atMost(
        `round trip of RF-Solver, twice the evaluations / once, ${of[flow]}`,
        evaluations
          .slice(1)
          .flatMap((n, i) => ratio(`${flow}_trip_rfSolver_${n}`, `${flow}_trip_rfSolver_${evaluations[i]}`)),
        1,
      ),
    ]);
    if (tier === "quick") return solvers;
    return [
      ...solvers,
      atMost("edit, distance to the source: 12 steps shared / none", ratio("edit_12", "edit_0"), 0.85),
      atMost("edit, distance to the source: 15 steps shared / 12", ratio("edit_15", "edit_12"), 1),
      atLeast("edit, seen as the target: 12 steps shared / none", ratio("target_12", "target_0"), 0.9),
      atMost("reconstruction: 12 steps shared / none", ratio("reconstruction_12", "reconstruction_0"), 2),
    ];
  },
};
