// What is measured for "AdAdaGrad" (arXiv 2402.11215) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim } from "fluxion/claims";
import type { AdaptiveRecord } from "fluxion/train";
import { adaptive, constant, type Quality } from "./regression.js";

const budgets = { quick: 8000, full: 200_000 } as const;

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

/** The claim of AdAdaGrad at small scale. */
export const claim: Claim = {
  id: "adadagrad",
  statement:
    "With a batch that grows whenever its gradient is too noisy, AdaGrad ends with a lower loss than with a constant batch of 8 after as many steps, and on average with a smaller full gradient after as many examples; a constant batch of the same mean size does better still.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run({ tier, seed, signal, progress }) {
    const samples = budgets[tier];
    const figures: Record<string, number> = {};
    const add = (name: string, { steps, loss, gradient, accuracy }: { steps: number } & Quality): void => {
      Object.assign(figures, {
        ...{ [`steps, ${name}`]: steps, [`loss, ${name}`]: loss },
        ...{ [`gradient, ${name}`]: gradient, [`accuracy, ${name}`]: accuracy },
      });
    };
    const batch = (name: string, history: readonly AdaptiveRecord[], eta: number): void => {
      const sizes = history.map((r) => r.batchSize);
      figures[`final batch, ${name}`] = sizes.at(-1)!;
      figures[`shrinking steps, ${name}`] = sizes.filter((b, i) => b < (sizes[i - 1] ?? 0)).length;
      figures[`median test ratio, ${name}`] = median(history.map((r) => r.noise / eta ** 2));
    };
    const etas = tier === "full" ? [0.5, 1, 2] : [1];
    for (const [i, eta] of etas.entries()) {
      progress(0.1 * i, `batch grows, eta ${eta}`);
      const run = await adaptive(eta, { seed, samples, signal });
      add(`eta ${eta}`, run);
      batch(`eta ${eta}`, run.history, eta);
    }
    progress(0.4, "constant batch, as many steps");
    add(
      "batch 8, as many steps",
      await constant(8, { samples, steps: figures["steps, eta 1"]!, seed, signal }),
    );
    progress(0.5, "constant batch, as many examples");
    add("batch 8", await constant(8, { samples, seed, signal }));
    if (tier === "quick") return figures;
    const mean = Math.round(samples / figures["steps, eta 1"]!);
    figures["mean batch, eta 1"] = mean;
    add("mean batch", await constant(mean, { samples, seed, signal }));
    progress(0.9, "AdaGrad-Norm");
    const norm = await adaptive(1, { seed, samples, norm: true, signal });
    add("AdaGrad-Norm, eta 1", norm);
    batch("AdaGrad-Norm, eta 1", norm.history, 1);
    add("AdaGrad-Norm, batch 8", await constant(8, { samples, seed, norm: true, signal }));
    return figures;
  },

  checks(figures, tier) {
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const mean = (name: string): number => of(name).reduce((a, b) => a + b, 0) / figures.length;
    const common: Check[] = [
      atMost(
        "steps, eta 1 / batch 8, at equal examples",
        mean("steps, eta 1") / mean("steps, batch 8"),
        tier === "full" ? 0.02 : 0.1,
      ),
      atLeast(
        "loss, batch 8 stopped after as many steps − eta 1",
        mean("loss, batch 8, as many steps") - mean("loss, eta 1"),
        0.05,
      ),
      atMost("steps at which the batch shrinks", of("shrinking steps, eta 1"), 0),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("‖∇F‖, eta 1 / batch 8", mean("gradient, eta 1") / mean("gradient, batch 8"), 0.6),
      atLeast(
        "final batch / first",
        of("final batch, eta 1").map((b) => b / 8),
        100,
      ),
      atLeast("steps, eta 2 / eta 1", mean("steps, eta 2") / mean("steps, eta 1"), 1),
      atLeast("steps, eta 1 / eta 0.5", mean("steps, eta 1") / mean("steps, eta 0.5"), 1),
      atLeast("median of the test ratio, eta 1", of("median test ratio, eta 1"), 0.4),
      atMost("median of the test ratio, eta 1", of("median test ratio, eta 1"), 1.2),
      atMost(
        "‖∇F‖ of AdaGrad-Norm, eta 1 / batch 8",
        mean("gradient, AdaGrad-Norm, eta 1") / mean("gradient, AdaGrad-Norm, batch 8"),
        0.6,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const gap = (a: string, b: string): number[] =>
      figures.map((f) => f[`accuracy, ${a}`]! - f[`accuracy, ${b}`]!);
    return [
      atLeast("test accuracy at equal examples, eta 1 − batch 8", gap("eta 1", "batch 8"), -0.005),
      atLeast(
        "test accuracy at equal examples and steps, eta 1 − its mean batch",
        gap("eta 1", "mean batch"),
        -0.005,
      ),
    ];
  },
};
