// What is measured for "diffGrad" (arXiv 1909.11015) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type Figures } from "fluxion/claims";
import { adam, diffGrad } from "fluxion/optim";
import { functions, iterates, valueAt, type FunctionName } from "./functions.js";
import { firstLayerFriction, names, tables, twins } from "./images.js";

/** Where Adam, diffGrad and Adam at half the rate end on the paper's functions, and the values there. */
async function onFunctions(): Promise<Record<string, number>> {
  const options = { b1: 0.95, b2: 0.999 };
  const optimizers = {
    Adam: adam({ ...options, learningRate: 0.1 }),
    DiffGrad: diffGrad({ ...options, learningRate: 0.1 }),
    Half: adam({ ...options, learningRate: 0.05 }),
  };
  const figures: Record<string, number> = {};
  for (const name of Object.keys(functions) as FunctionName[]) {
    for (const [who, optimizer] of Object.entries(optimizers)) {
      const path = await iterates(name, optimizer);
      figures[`end${name}${who}`] = path.at(-1)!;
      figures[`value${name}${who}`] = await valueAt(name, path.at(-1)!);
    }
  }
  return figures;
}

/** The claim of diffGrad at small scale. */
export const claim: Claim = {
  id: "diffgrad",
  statement:
    "On the paper's functions diffGrad settles in the better minimum where Adam overshoots; on a small network it equals Adam at half the learning rate, because its friction stays near one half.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    context.progress(0, "functions");
    const figures = await onFunctions();
    context.progress(0.05, "diffGrad and Adam at half the rate");
    const images = {
      ...(await twins(context)),
      friction: await firstLayerFriction(context),
    };
    return { ...figures, ...images, ...(context.tier === "full" ? await tables(context) : {}) };
  },

  checks(figures, tier) {
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const gap = figures.map((f) => f["accuracyTwin"]! - f["accuracyAdamHalf"]!);
    const mean = gap.reduce((a, b) => a + b, 0) / gap.length;
    const common: Check[] = [
      atMost(
        "F1: |x + 0.3| of diffGrad, at the better minimum",
        of("endF1DiffGrad").map(distance(-0.3)),
        0.01,
      ),
      atMost("F1: |x − 0.2| of Adam, at the worse one", of("endF1Adam").map(distance(0.2)), 0.01),
      atMost("F2 where diffGrad ends", of("valueF2DiffGrad"), 0.05),
      atLeast("F2 where Adam ends", of("valueF2Adam"), 0.8),
      atMost("F1: |x + 0.3| of Adam at half the rate (control)", of("endF1Half").map(distance(-0.3)), 0.01),
      atMost("F2 where Adam at half the rate ends (control)", of("valueF2Half"), 0.05),
      atLeast("images: mean friction of the first layer", of("friction"), 0.5),
      atMost("images: mean friction of the first layer", of("friction"), 0.52),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("images: |accuracy of diffGrad − of Adam at half the rate|, mean", Math.abs(mean), 0.01),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const lead = (others: readonly string[]) => (f: Figures) =>
      f["accuracydiffGrad"]! - Math.max(...others.map((n) => f[`accuracy${n}`]!));
    const others = names.filter((n) => n !== "diffGrad");
    return [
      atLeast("images: accuracy of diffGrad − of Adam, rates tuned", figures.map(lead(["Adam"])), 0.005),
      atLeast(
        "images: accuracy of diffGrad − of the best other, rates tuned",
        figures.map(lead(others)),
        0.005,
      ),
    ];
  },
};

const distance =
  (to: number) =>
  (x: number): number =>
    Math.abs(x - to);
