// What is measured for "2-Rectified Flow++" (arXiv 2405.20320) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures, type Tier } from "fluxion/claims";
import { imageFigures, type Budget } from "./images.js";

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: {
    ...{ first: 400, second: 250, learningRate: 3e-3, decay: 0.98, pairs: 4000, samplerSteps: 20 },
    ...{ samples: 2000, others: false },
  },
  full: {
    ...{ first: 2000, second: 1000, learningRate: 1e-3, decay: 0.995, pairs: 12_000, samplerSteps: 50 },
    ...{ samples: 5000, others: true },
  },
};

/** A ratio of two figures, seed by seed. */
const ratio = (figures: readonly Figures[], a: string, b: string): number[] =>
  figures.map((f) => f[a]! / f[b]!);

/** The claim of 2-rectified flow++ at small scale. */
export const claim: Claim = {
  id: "rfpp",
  statement:
    "One reflow is enough when it is trained well: drawing training times more often near both ends, and a robust, perceptual loss, each make the second flow better at one step.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: (context) => imageFigures(context, budgets[context.tier]),

  checks(figures, tier) {
    const common: Check[] = [
      atMost(
        "one-step Fréchet distance, U-shaped time and LPIPS-Huber (E) / plain (A)",
        ratio(figures, "frechetE1", "frechetA1"),
        // A sixth of the training shows less of it.
        tier === "quick" ? 0.95 : 0.8,
      ),
      atLeast(
        "one-step Fréchet distance, time in the middle (logit-normal) / plain (A)",
        ratio(figures, "frechetLN1", "frechetA1"),
        tier === "quick" ? 1.15 : 1.5,
      ),
    ];
    if (tier === "quick") return common;
    return [
      atMost(
        "one-step Fréchet distance, U-shaped time (C) / plain (A)",
        ratio(figures, "frechetC1", "frechetA1"),
        0.97,
      ),
      atMost(
        "one-step Fréchet distance, U-shaped time and pseudo-Huber (D) / plain (A)",
        ratio(figures, "frechetD1", "frechetA1"),
        0.95,
      ),
      ...common,
      atMost("error of one step to the teacher's fifty, D / A", ratio(figures, "errorD", "errorA"), 0.9),
      atLeast(
        "loss of the second flow (A), a tenth of the time at either end / in the middle",
        figures.flatMap((f) => ["lossSecond0", "lossSecond9"].map((end) => f[end]! / f["lossSecond5"]!)),
        2,
      ),
      atMost(
        "five-step Fréchet distance (F), new update / Euler",
        ratio(figures, "frechetNew5", "frechetEuler5"),
        0.95,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atMost(
        "one-step Fréchet distance, divided by the distance from the data (F) / not (E)",
        ratio(figures, "frechetF1", "frechetE1"),
        1,
      ),
      atMost("two-step Fréchet distance, F / plain (A)", ratio(figures, "frechetF2", "frechetA2"), 0.8),
      atMost(
        "one-step Fréchet distance, tuned on inverted real data / before (F)",
        ratio(figures, "frechetReal1", "frechetF1"),
        0.95,
      ),
      atMost(
        "one-step Fréchet distance, tuned on inverted real data / as long on its own pairs",
        ratio(figures, "frechetReal1", "frechetMore1"),
        0.95,
      ),
      atMost(
        "one-step Fréchet distance, begun from a diffusion model (B) / plain (A)",
        ratio(figures, "frechetB1", "frechetA1"),
        0.8,
      ),
      atMost(
        "inverted and sampled again in two evaluations each way: error, F / first flow",
        ratio(figures, "reconstructionF", "reconstructionFirst"),
        0.5,
      ),
    ];
  },
};
