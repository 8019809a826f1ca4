// What is measured for "SlimFlow" (arXiv 2407.12718) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures, type Tier } from "fluxion/claims";
import { imageFigures, type Budget } from "./images.js";

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: {
    ...{ teacher: 400, student: 800, distilled: 500, learningRate: 3e-3, decay: 0.98, pairs: 4000 },
    ...{ offline: [256], samplerSteps: 20, samples: 2000, others: false },
  },
  full: {
    ...{ teacher: 2000, student: 2000, distilled: 1000, learningRate: 1e-3, decay: 0.995, pairs: 20_000 },
    ...{ offline: [256, 1000], samplerSteps: 50, samples: 5000, others: true },
  },
};

/** A ratio of two figures, seed by seed. */
const ratio = (figures: readonly Figures[], a: string, b: string): number[] =>
  figures.map((f) => f[a]! / f[b]!);

/** The claim of SlimFlow at small scale. */
export const claim: Claim = {
  id: "slimflow",
  statement:
    "A student with a tenth of the parameters, reflowed from random weights with annealed pairs, beats one step of its teacher and of a plain flow of its own size; guidance by its own flow improves it where pairs are few.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: (context) => imageFigures(context, budgets[context.tier]),

  checks(figures, tier) {
    const common: Check[] = [
      atMost(
        "one-step Fréchet distance, guided student / small first flow",
        ratio(figures, "frechetGuided256", "frechetFirst"),
        0.5,
      ),
      atMost(
        "one-step Fréchet distance, guided student / teacher of 10 times the size",
        ratio(figures, "frechetGuided256", "frechetTeacher"),
        tier === "quick" ? 0.3 : 0.15,
      ),
    ];
    if (tier === "quick") return common;
    return [
      atMost(
        "256 pairs: one-step pixel distance, guided / naive distillation",
        ratio(figures, "pixelsGuided256", "pixelsNaive256"),
        0.85,
      ),
      atMost(
        "256 pairs: one-step Fréchet distance, guided / naive distillation",
        ratio(figures, "frechetGuided256", "frechetNaive256"),
        1.02,
      ),
      ...common,
      atMost(
        "one-step Fréchet distance, annealed / direct reflow (parity)",
        ratio(figures, "frechetAnnealed", "frechetDirect"),
        1.1,
      ),
      atMost(
        "straightness, small second flow / small first flow",
        ratio(figures, "straightnessDirect", "straightnessFirst"),
        0.6,
      ),
      atLeast(
        "straightness of the second flow, width 64 / width 256",
        ratio(figures, "straightnessDirect", "straightnessWide"),
        1,
      ),
      atLeast(
        "straightness of the second flow, width 16 / width 64",
        ratio(figures, "straightnessNarrow", "straightnessDirect"),
        1,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atMost(
        "one-step Fréchet distance, annealed / direct reflow (the paper's gain)",
        ratio(figures, "frechetAnnealed", "frechetDirect"),
        0.9,
      ),
      atMost(
        "256 pairs: one-step pixel distance, guided in the paper's form / naive distillation",
        ratio(figures, "pixelsPaper256", "pixelsNaive256"),
        0.85,
      ),
      atMost(
        "1000 pairs: one-step pixel distance, guided / naive distillation",
        ratio(figures, "pixelsGuided1000", "pixelsNaive1000"),
        0.85,
      ),
    ];
  },
};
