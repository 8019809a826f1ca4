// What is measured for "Flow Straight and Fast" (arXiv 2209.03003) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures, type Tier } from "fluxion/claims";
import { linearFigures, vpFigures, type ImageBudget } from "./images.js";
import { pointFigures } from "./points.js";

const budgets = {
  quick: {
    ...{ first: 400, second: 250, distilled: 100, vp: 0, points: 300, learningRate: 3e-3, decay: 0.99 },
    ...{ pairs: 2000, samples: 1000, samplerSteps: 20, sweep: [1] },
  },
  full: {
    ...{ first: 1500, second: 1000, distilled: 400, vp: 500, points: 1000, learningRate: 1e-3, decay: 0.995 },
    ...{ pairs: 8000, samples: 5000, samplerSteps: 50, sweep: [1, 2, 4, 50] },
  },
} as const satisfies Record<Tier, ImageBudget & { points: number }>;

/** The claim of rectified flow at small scale. */
export const claim: Claim = {
  id: "rectified-flow",
  statement:
    "Training a flow again on its own pairs of noise and sample (reflow) straightens its paths, does not raise its transport cost, and makes one Euler step good; it does so on the linear path only.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const budget = budgets[context.tier];
    context.progress(0, "points");
    const points = await pointFigures(context, budget.points);
    context.progress(0.1, "images: first flow");
    const images = await linearFigures(context, budget);
    if (budget.vp === 0) return { ...points, ...images };
    context.progress(0.75, "images: VP path");
    return { ...points, ...images, ...(await vpFigures(context, budget)) };
  },

  checks(figures, tier) {
    /** A ratio of two figures, seed by seed. */
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    const common: Check[] = [
      atMost("one-step Fréchet distance, 2-RF / 1-RF", ratio("frechet2n1", "frechet1n1"), 0.2),
      atMost("straightness, 2-RF / 1-RF", ratio("straightness2", "straightness1"), 0.25),
      atMost("transport cost, 1-RF / independent pairs", ratio("cost1", "costIndependent"), 0.9),
      atMost("transport cost, 2-RF / 1-RF", ratio("cost2", "cost1"), 1.01),
      atMost("one-step Fréchet distance, distilled / 2-RF", ratio("frechetDistilled", "frechet2n1"), 1),
      atMost("points: straightness, 2-RF / 1-RF", ratio("pointStraightness2", "pointStraightness1"), 0.25),
      atMost(
        "points: transport cost, 1-RF / independent pairs",
        ratio("pointCost1", "pointCostIndependent"),
        0.9,
      ),
      atMost("points: transport cost, 2-RF / 1-RF", ratio("pointCost2", "pointCost1"), 1.02),
      atMost(
        "points: one-step sliced Wasserstein, 2-RF / 1-RF",
        ratio("pointDistance2n1", "pointDistance1n1"),
        0.5,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atLeast(
        "50-step Fréchet distance, 2-RF / 1-RF (the trade-off)",
        ratio("frechet2n50", "frechet1n50"),
        1,
      ),
      atMost("identity: |Δcost − (S + V)| / Δcost", figures.map(identityGap), 0.15),
      atLeast("VP path: curvature after / before reflow", ratio("vpCurvature2", "vpCurvature1"), 0.8),
    ];
  },
};

/** What is missing from: fall of the transport cost = straightness + crossing (the minimum of the training loss). */
function identityGap(f: Figures): number {
  const fall = f["costIndependent"]! - f["cost1"]!;
  return Math.abs(fall - (f["straightness1"]! + f["crossing"]!)) / fall;
}
