// What is measured for "Transformers as Support Vector Machines" (arXiv 2308.16898) and the bars it has to pass; README.md
// says why these.
import { atLeast, atMost, type Check, type Claim, type Tier } from "fluxion/claims";
import { directions, overparametrized } from "./problems.js";
import { severalTokens } from "./several.js";

const budgets = {
  quick: { problems: 5, large: 4, draws: 0, steps: 1000 },
  full: { problems: 20, large: 20, draws: 200, steps: 1000 },
} as const satisfies Record<Tier, object>;

/** The claim of Transformers as SVMs at the paper's own scale. */
export const claim: Claim = {
  id: "transformers-as-svm",
  statement:
    "Attention turns to a maximum-margin separator of the tokens it selects: to that of least Frobenius norm if the product W of key and query weights is trained, to that of least nuclear norm if K and Q are.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const { problems, large, draws, steps } = budgets[context.tier];
    const part = (from: number, to: number) => ({
      ...context,
      progress: (fraction: number, what: string) => context.progress(from + fraction * (to - from), what),
    });
    return {
      ...(await directions(part(0, 0.6), problems, steps)),
      ...(await overparametrized(part(0.6, 0.8), large, steps)),
      ...(draws > 0 ? await severalTokens(part(0.8, 1), draws, 2 * steps) : {}),
    };
  },

  checks(figures, tier) {
    const all = (name: string): number[] => figures.map((f) => f[name]!);
    const common: Check[] = [
      atLeast("mean correlation of W with the Frobenius separator", all("corrWFrobenius"), 0.98),
      atLeast("mean correlation of K Qᵀ with the nuclear separator", all("corrKQNuclear"), 0.97),
      atLeast("share of problems where each is ahead of the other norm by 0.02", all("aheadShare"), 0.95),
      atLeast("mean probability of selected tokens", all("certainty"), 0.999),
      atLeast("d = 24: share of problems with the best tokens selected", all("largeGlobalShare"), 0.9),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("d = 10: share of problems with the best tokens selected", all("globalShare"), 0.8),
      atMost(
        "several tokens: 1 − correlation of W with W_fin + R·W_dir / with the one-token separator",
        figures.map((f) => f["severalDistance"]! / f["severalDistanceOneToken"]!),
        0.5,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const all = (name: string): number[] => figures.map((f) => f[name]!);
    return [
      atLeast("share of runs in W that end at locally optimal tokens", all("localShareW"), 1),
      atLeast("share of runs in K, Q that end at locally optimal tokens", all("localShareKQ"), 1),
      atMost("rank of the nuclear separator / of the Frobenius separator", all("rankRatio"), 1),
    ];
  },
};
