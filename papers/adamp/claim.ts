// What is measured for "AdamP" (arXiv 2006.08217) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures } from "fluxion/claims";
import { firing, growths, ratesOf } from "./network.js";

/** The claim of AdamP at small scale. */
export const claim: Claim = {
  id: "adamp",
  statement:
    "Momentum makes weights in front of a normalisation grow many times faster than plain gradient descent does; without the outward part of the update they hardly grow, at no cost in accuracy.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    context.progress(0, "projection");
    const acted = await firing(context);
    return { acted, ...(await growths(context)) };
  },

  checks(figures, tier) {
    /** Ratios of growths at every rate and seed. */
    const ratio = (a: string, b: string, family: "sgd" | "adam"): number[] =>
      figures.flatMap((f) =>
        ratesOf(family, tier).map((rate) => f[`growth${a}@${rate}`]! / f[`growth${b}@${rate}`]!),
      );
    const common: Check[] = [
      atMost("growth of ‖W‖², SGDP / SGDM, every rate", ratio("SGDP", "SGDM", "sgd"), 1 / 8),
      atMost("growth of ‖W‖², AdamP / AdamW, every rate", ratio("AdamP", "AdamW", "adam"), 1 / 8),
      atLeast("growth of ‖W‖², SGDM / SGD, every rate", ratio("SGDM", "SGD", "sgd"), 8),
      atLeast(
        "part of the steps in which the projection acts on both layers",
        figures.map((f) => f["acted"]!),
        0.99,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atLeast("test accuracy, SGDP − SGDM, mean", gain(figures, "SGDP", "SGDM"), -0.005),
      atLeast("test accuracy, AdamP − AdamW, mean", gain(figures, "AdamP", "AdamW"), -0.005),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atLeast("gain in test accuracy, SGDP − SGDM, mean", gain(figures, "SGDP", "SGDM"), 0.002),
      atLeast("gain in test accuracy, AdamP − AdamW, mean", gain(figures, "AdamP", "AdamW"), 0.002),
    ];
  },
};

const gain = (figures: readonly Figures[], a: string, b: string): number =>
  figures.reduce((sum, f) => sum + f[`accuracy${a}`]! - f[`accuracy${b}`]!, 0) / figures.length;
