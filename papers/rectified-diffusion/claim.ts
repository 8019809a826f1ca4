// What is measured for "Rectified Diffusion" (arXiv 2410.07303) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Tier } from "fluxion/claims";
import { imageFigures, type Budget } from "./images.js";

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: {
    ...{ teacher: 400, rectified: 400, learningRate: 3e-3, decay: 0.98, pairs: 6000, samplerSteps: 20 },
    ...{ samples: 2000, sweep: [1], others: false },
  },
  full: {
    ...{ teacher: 2000, rectified: 400, learningRate: 1e-3, decay: 0.995, pairs: 12_000, samplerSteps: 50 },
    ...{ samples: 5000, sweep: [1, 2, 4, 25], others: true },
  },
};

/** The claim of rectified diffusion at small scale. */
export const claim: Claim = {
  id: "rectified-diffusion",
  statement:
    "Retraining a diffusion model on its own pairs of noise and sample, its path and prediction unchanged, makes a single step good: the predicted noise varies less along each path, while the paths stay curved. The pairs are what does it.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: (context) => imageFigures(context, budgets[context.tier]),

  checks(figures, tier) {
    /** A ratio of two figures, seed by seed. */
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    const common: Check[] = [
      atMost(
        "VP path: one-step Fréchet distance, rectified / teacher",
        ratio("frechetRectified1", "frechetTeacher1"),
        0.25,
      ),
      atMost(
        "variance of the predicted noise along a path, rectified / teacher",
        ratio("noiseVarianceRectified", "noiseVarianceTeacher"),
        0.5,
      ),
      atLeast(
        "curvature of the paths, rectified / teacher",
        ratio("curvatureRectified", "curvatureTeacher"),
        0.9,
      ),
      atLeast(
        "control, shuffled pairs: one-step Fréchet distance / teacher",
        ratio("frechetShuffled1", "frechetTeacher1"),
        0.8,
      ),
      atLeast(
        "control, shuffled pairs: one-step Fréchet distance / rectified",
        ratio("frechetShuffled1", "frechetRectified1"),
        4,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost(
        "sub-VP path: one-step Fréchet distance, rectified / teacher",
        ratio("frechetSubVpRectified1", "frechetSubVpTeacher1"),
        0.25,
      ),
      atLeast(
        "25-step Fréchet distance, rectified / teacher (the trade-off)",
        ratio("frechetRectified25", "frechetTeacher25"),
        1,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    return [
      atMost(
        "one-step Fréchet distance, rectified diffusion / rectified flow from the same weights, pairs and steps",
        ratio("frechetRectified1", "frechetConverted1"),
        1,
      ),
      atMost(
        "one-step Fréchet distance over its teacher's, VP path / straight path",
        figures.map(
          (f) =>
            f["frechetRectified1"]! /
            f["frechetTeacher1"]! /
            (f["frechetStraightRectified1"]! / f["frechetStraightTeacher1"]!),
        ),
        1,
      ),
      atMost(
        "noise prediction: one-step Fréchet distance, rectified / teacher",
        ratio("frechetNoiseRectified1", "frechetNoiseTeacher1"),
        0.25,
      ),
      atMost(
        "4-step Fréchet distance, rectified in 4 phases / teacher",
        ratio("frechetPhased4", "frechetTeacher4"),
        1,
      ),
      atMost(
        "4-step Fréchet distance, rectified in 4 phases / rectified whole",
        ratio("frechetPhased4", "frechetRectified4"),
        1,
      ),
    ];
  },
};
