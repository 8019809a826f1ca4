// What is measured for arXiv 2410.02416 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Tier } from "fluxion/claims";
import { evenClasses, fashion14Quality, loadFashion14, look, seenAs, trainFashion14 } from "../fashion14.js";
import { drawGuided, rules } from "./sampling.js";

interface Budget {
  readonly training: number;
  readonly pictures: number;
  readonly scales: readonly number[];
}

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: { training: 300, pictures: 200, scales: [8] },
  full: { training: 2500, pictures: 1000, scales: [4, 8, 12] },
};
/** The scale of the checks; at the others only the first two rules are measured. */
const judged = 8;

async function measure({ seed, tier, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  const { training, pictures, scales } = budgets[tier];
  const stop = signal ? { signal } : {};
  const data = await loadFashion14();
  progress(0, "training");
  const params = await trainFashion14({ data, steps: training, seed, ...stop });
  progress(0.6, "measuring");
  const quality = await fashion14Quality(data.images);
  const cond = evenClasses(pictures);
  const figures: Record<string, number> = { contrastReal: look(data.images).contrast };
  const add = async (name: string, rule: string, scale: number): Promise<void> => {
    signal?.throwIfAborted();
    const x = await drawGuided({
      params,
      rule: rules[rule]!(scale),
      cond,
      seed: 2 * seed + 900_001,
      ...stop,
    });
    const { outOfRange, contrast } = look(x);
    figures[`outOfRange_${name}`] = outOfRange;
    figures[`contrast_${name}`] = contrast;
    figures[`frechet_${name}`] = quality(x);
    figures[`asTold_${name}`] = await seenAs(x, cond);
  };
  await add("none", "cfg", 1);
  for (const rule of Object.keys(rules)) await add(rule, rule, judged);
  for (const scale of scales.filter((w) => w !== judged))
    for (const rule of ["cfg", "apg"]) await add(`${rule}${scale}`, rule, scale);
  return figures;
}

/** The claim of APG at small scale. */
export const claim: Claim = {
  id: "apg",
  statement:
    "At a high guidance scale, projected guidance gives pictures that are far less glaring and far closer to real ones than classifier-free guidance, and show their class as often; most of it comes from dropping the parallel part, on the predicted data.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: measure,

  checks(figures, tier) {
    const ratio = (what: string, a: string, b: string): number[] =>
      figures.map((f) => f[`${what}_${a}`]! / f[`${what}_${b}`]!);
    const off = (name: string): number[] =>
      figures.map((f) => Math.abs(f[`contrast_${name}`]! - f["contrastReal"]!));
    const cfgOff = off("cfg");
    const common: Check[] = [
      atMost("out-of-range brightness at scale 8, APG / CFG", ratio("outOfRange", "apg", "cfg"), 0.35),
      atMost("Fréchet distance at scale 8, APG / CFG", ratio("frechet", "apg", "cfg"), 0.35),
      atMost(
        "error of the contrast at scale 8, APG / CFG",
        off("apg").map((v, i) => v / cfgOff[i]!),
        0.5,
      ),
      atLeast(
        "pictures that show their class at scale 8: APG − CFG",
        figures.map((f) => f["asTold_apg"]! - f["asTold_cfg"]!),
        -0.01,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atLeast(
        "part of the gain in brightness that the projection alone has",
        figures.map((f) => {
          const [none, all, part] = ["cfg", "apg", "eta"].map((name) => f[`outOfRange_${name}`]!);
          return (none! - part!) / (none! - all!);
        }),
        0.6,
      ),
      atMost(
        "out-of-range brightness, APG on data / on velocity",
        ratio("outOfRange", "apg", "apgVelocity"),
        0.6,
      ),
    ];
  },
};
