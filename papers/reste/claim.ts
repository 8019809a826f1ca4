// What is measured for "ReSTE" (arXiv 2308.06689) and the bars it has to pass; README.md says why these.
import { compile } from "fluxion";
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Tier } from "fluxion/claims";
import { fashionTask, once } from "../fashion-classifier.js";
import { course, testAccuracy, variants, type Params, type VariantName } from "./network.js";

const budgets = {
  quick: { train: 2000, test: 1000, epochs: 3, runs: ["clipped", "o = 1", "o to 3", "o = 10"] },
  full: { train: 6000, test: 3000, epochs: 6, runs: Object.keys(variants) as VariantName[] },
} as const satisfies Record<Tier, { runs: readonly VariantName[]; [size: string]: unknown }>;
const tasks = { quick: once(() => fashionTask(budgets.quick)), full: once(() => fashionTask(budgets.full)) };

/** Accuracy, mean error and mean instability of every run of one seed. */
async function run({ seed, tier, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  const task = await tasks[tier]();
  const { train: size, epochs, runs } = budgets[tier];
  const figures: Record<string, number> = {};
  for (const [i, name] of runs.entries()) {
    progress(i / runs.length, name);
    const variant = variants[name];
    const { params, history } = await course({ ...variant, task, size, epochs, seed, signal });
    const judge = compile((p: Params) => testAccuracy(p, task, variant.estimator));
    figures[`accuracy, ${name}`] = await (await judge(params)).item();
    await judge.release();
    for (const what of ["error", "instability"])
      figures[`${what}, ${name}`] = history.reduce((sum, r) => sum + r[what]!, 0) / history.length;
  }
  return figures;
}

/** The claim of ReSTE at small scale. */
export const claim: Claim = {
  id: "reste",
  statement:
    "The nearer the stand-in for the sign is to the sign, the smaller its error and the wilder its gradients; binary networks are best between the two ends, where ReSTE's power rises to 3.",
  seeds: { quick: [0], full: [0, 1, 2, 3, 4, 5, 6, 7] },
  run,

  checks(figures, tier) {
    const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    const ratio = (what: string, a: string, b: string): number =>
      mean(`${what}, ${a}`) / mean(`${what}, ${b}`);
    const gain = (a: string, b: string): number => mean(`accuracy, ${a}`) - mean(`accuracy, ${b}`);
    const common: Check[] = [
      atMost("estimating error, o = 10 / o = 1", ratio("error", "o = 10", "o = 1"), 0.4),
      atLeast("instability of the gradients, o = 10 / o = 1", ratio("instability", "o = 10", "o = 1"), 9),
      atMost("test accuracy, o = 10 − o to 3", gain("o = 10", "o to 3"), -0.01),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("estimating error, o = 3 / o = 1", ratio("error", "o = 3", "o = 1"), 0.8),
      atMost("estimating error, o = 10 / o = 3", ratio("error", "o = 10", "o = 3"), 0.5),
      atLeast("instability of the gradients, o = 3 / o = 1", ratio("instability", "o = 3", "o = 1"), 3),
      atLeast("instability of the gradients, o = 10 / o = 3", ratio("instability", "o = 10", "o = 3"), 3),
      atLeast("test accuracy, o to 3 − o = 1", gain("o to 3", "o = 1"), 0.004),
      atLeast("test accuracy, o to 3 − plain STE", gain("o to 3", "plain"), 0.015),
      atLeast("test accuracy, o to 3 − clipped STE", gain("o to 3", "clipped"), -0.002),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
    return [
      atLeast(
        "test accuracy, o to 3 − clipped STE: better, not only as good",
        mean("accuracy, o to 3") - mean("accuracy, clipped"),
        0,
      ),
      atLeast(
        "test accuracy, o to 3 − o = 3: the schedule's part",
        mean("accuracy, o to 3") - mean("accuracy, o = 3"),
        0,
      ),
    ];
  },
};
