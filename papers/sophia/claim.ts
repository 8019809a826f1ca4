// What is measured for "Sophia" (arXiv 2305.14342) and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Check, type Claim } from "fluxion/claims";
import { losses } from "./language.js";
import { newtonWalk, stepsToArrive, walk, walkers, type WalkerName } from "./landscape.js";

/** Steps that each needs on the landscape, at its best rate; Newton's method never arrives. */
async function arrivals(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const name of Object.keys(walkers) as WalkerName[]) {
    const { rates, make } = walkers[name];
    let best = Infinity;
    for (const rate of rates) best = Math.min(best, stepsToArrive(await walk(make(rate), 500)));
    figures[`steps, ${name}`] = best;
  }
  const newton = await newtonWalk(20);
  figures["a where Newton ends"] = newton.at(-2)!;
  return figures;
}

/** The claim of Sophia at small scale. */
export const claim: Claim = {
  id: "sophia",
  statement:
    "Where curvatures differ and change, Sophia arrives in a handful of steps; on a small language model it is as good as AdamW at the same learning rate, and its parameter gamma rules how many coordinates are clipped.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    context.progress(0, "landscape");
    return { ...(await arrivals()), ...(await losses(context)) };
  },

  checks(figures, tier) {
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const mean = (name: string): number => of(name).reduce((a, b) => a + b, 0) / figures.length;
    const others = figures.map((f) => f["steps, Sophia"]! / f["steps, Adam"]!);
    const landscape: Check[] = [
      atMost("landscape: steps of Sophia", of("steps, Sophia"), 6),
      atMost("landscape: steps, Sophia / Adam at its best rate", others, 0.2),
      atMost(
        "landscape: |a| where Newton's method ends, at the maximum",
        of("a where Newton ends").map(Math.abs),
        0.05,
      ),
    ];
    if (tier === "quick") return landscape;
    const gap = (name: string): number => mean(`test loss, ${name}`) - mean("test loss, AdamW");
    return [
      ...landscape,
      atMost("at rate 1e-3: test loss, Sophia-G − AdamW, mean", gap("Sophia-G"), 0.03),
      atMost("at rate 1e-3: test loss, Sophia-H − AdamW, mean", gap("Sophia-H"), 0.03),
      atLeast("win rate at the end, Sophia-G", of("win rate, Sophia-G"), 0.03),
      atMost("win rate at the end, Sophia-G, gamma 0.5", of("win rate, Sophia-G, gamma 0.5"), 0.6),
      atLeast(
        "win rate, gamma 0.5 − gamma 0.05",
        figures.map((f) => f["win rate, Sophia-G, gamma 0.5"]! - f["win rate, Sophia-G"]!),
        0,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atMost(
        "rates tuned: training loss, Sophia-G at half time − AdamW at the end (the 2x)",
        figures.map(
          (f) =>
            f["tuned training loss at half time, Sophia-G"]! - f["tuned training loss at the end, AdamW"]!,
        ),
        0,
      ),
      atMost(
        "with one small table for tokens and output: test loss at 1e-3, Sophia-G − AdamW",
        figures.map((f) => f["tied table: test loss, Sophia-G"]! - f["tied table: test loss, AdamW"]!),
        0.03,
      ),
      atMost(
        "rates tuned: test loss, Sophia-G − AdamW",
        figures.map((f) => f["tuned test loss, Sophia-G"]! - f["tuned test loss, AdamW"]!),
        0,
      ),
    ];
  },
};
