// What is measured for "Outliers with Opposing Signals Have an Outsized Effect on Neural Network Optimization" (arXiv
// 2311.04163) and the bars it has to pass; README.md says why these.
import { opposingModel, type OpposingModelState } from "fluxion/analyse";
import { atLeast, atMost, type Check, type Claim } from "fluxion/claims";
import { sgd } from "fluxion/optim";
import { examples, follow, optimizersFor, type Run } from "./network.js";

const alpha = 50;
const start: OpposingModelState = { b: new Array<number>(10).fill(0.01), outlier: 0.05, c: 0.3 };
const betaOf = (norm: number): number[] => new Array<number>(10).fill(norm / Math.sqrt(10));

/** The linear model beyond the threshold: how it becomes unstable, and how it cures itself. */
export function instability(): Record<string, number> {
  const model = opposingModel({ beta: betaOf(1), alpha });
  const eta = 0.045;
  let state = start;
  let [largest, crossing, spike] = [0, NaN, 0];
  let [beyond, turned] = [0, 0];
  for (let t = 0; t < 2000; t++) {
    const { sharpness, loss } = model.at(state);
    const excess = loss - alpha / 2;
    if (sharpness > 2 / eta && Number.isNaN(crossing)) crossing = excess;
    if (sharpness > largest) largest = sharpness;
    if (!Number.isNaN(crossing)) spike = Math.max(spike, excess);
    const next = model.step(state, eta);
    if (eta * sharpness > 1) {
      beyond++;
      if (Math.sign(next.outlier) === -Math.sign(state.outlier)) turned++;
    }
    state = next;
  }
  return {
    "model: largest sharpness": largest,
    "model: final sharpness": model.at(state).sharpness,
    "model: 2/eta": 2 / eta,
    "model: spike": spike / crossing,
    "model: share of turns beyond 1": turned / beyond,
  };
}

/** The limit of gradient flow against its prediction, for three signals: largest relative error. */
function flowError(): number {
  return Math.max(
    ...[1, 2, 4].map((norm) => {
      const model = opposingModel({ beta: betaOf(norm), alpha });
      const want = model.limitSharpness(start);
      let state = start;
      for (let t = 0; t < 40_000; t++) state = model.step(state, 1e-3);
      return Math.abs(model.at(state).sharpness / want - 1);
    }),
  );
}

const checkpoints = { quick: [50, 100], full: [50, 100, 150, 200, 250, 300, 350, 400] } as const;

/** The claim of opposing signals at small scale. */
export const claim: Claim = {
  id: "opposing-signals",
  statement:
    "At the edge of stability the examples whose losses move most form two groups with opposite gradients, far larger than the mean gradient; their imbalance makes the loss oscillate, and the oscillation lowers the curvature again.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run({ tier, seed, signal, progress }) {
    progress(0, "linear model");
    const figures: Record<string, number> = { ...instability(), "model: error of the limit": flowError() };
    const { data } = await examples(seed);
    const points = checkpoints[tier];
    const describe = (name: string, { reports, losses }: Run, eta?: number): void => {
      reports.forEach((r, i) => {
        const at = `${name}, step ${points[i] ?? 0}`;
        figures[`${at}: cosine`] = r.cosine;
        figures[`${at}: random cosine`] = r.randomCosine;
        figures[`${at}: opposite along v1`] = r.along.up * r.along.down < 0 ? 1 : 0;
        if (eta !== undefined) figures[`${at}: sharpness · eta / 2`] = (r.sharpness * eta) / 2;
        figures[`${at}: norm over the mean's`] = (r.ratios.up + r.ratios.down) / 2;
      });
      const late = losses.slice(-101);
      const rises = late.slice(1).filter((value, i) => value > late[i]!).length;
      figures[`${name}: share of rising steps, last 100`] = rises / (late.length - 1);
      figures[`${name}: last loss`] = losses.at(-1)!;
    };
    progress(0.1, "eta 0.2");
    const large = await follow(data, {
      seed,
      optimizer: sgd({ learningRate: 0.2 }),
      checkpoints: points,
      signal,
    });
    describe("eta 0.2", large, 0.2);
    if (tier === "quick") return figures;
    progress(0.4, "eta 0.02");
    const early = await follow(data, {
      seed,
      optimizer: sgd({ learningRate: 0.02 }),
      checkpoints: [5],
      signal,
    });
    const small = await follow(data, {
      seed,
      optimizer: sgd({ learningRate: 0.02 }),
      checkpoints: points,
      signal,
    });
    describe("eta 0.02", small, 0.02);
    figures["eta 0.02: growth of sharpness"] = small.reports.at(-1)!.sharpness / early.reports[0]!.sharpness;
    const { Adam, SplitSGD } = await optimizersFor(data, seed);
    for (const [i, [name, optimizer]] of Object.entries({ Adam, SplitSGD }).entries()) {
      progress(0.7 + 0.15 * i, name);
      const run = await follow(data, { seed, optimizer, checkpoints: points, signal });
      describe(name, run);
    }
    return figures;
  },

  checks(figures, tier) {
    const each = (name: string, what: string): number[] =>
      figures.flatMap((f) => checkpoints[tier].map((step) => f[`${name}, step ${step}: ${what}`]!));
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    const common: Check[] = [
      atLeast(
        "model: largest sharpness / (2/eta)",
        of("model: largest sharpness").map((v, i) => v / figures[i]!["model: 2/eta"]!),
        1,
      ),
      atMost(
        "model: final sharpness / (2/eta)",
        of("model: final sharpness").map((v, i) => v / figures[i]!["model: 2/eta"]!),
        1,
      ),
      atLeast("model: loss at the spike / at the crossing", of("model: spike"), 10),
      atLeast("model: share of steps beyond 1 at which b_o turns", of("model: share of turns beyond 1"), 1),
      atMost("model: relative error of the limit of gradient flow", of("model: error of the limit"), 1e-3),
      atMost(
        "images, eta 0.2: cosine of both groups' gradients, mean",
        mean(each("eta 0.2", "cosine")),
        -0.4,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost(
        "images, eta 0.2: |mean cosine of random groups|",
        Math.abs(mean(each("eta 0.2", "random cosine"))),
        0.25,
      ),
      atLeast(
        "images: mean cosine, eta 0.02 − eta 0.2",
        mean(each("eta 0.02", "cosine")) - mean(each("eta 0.2", "cosine")),
        0.1,
      ),
      atLeast(
        "images, eta 0.2: share with opposite signs along v1",
        mean(each("eta 0.2", "opposite along v1")),
        0.65,
      ),
      atLeast(
        "images, eta 0.02: growth of the sharpness from step 5 to 400",
        of("eta 0.02: growth of sharpness"),
        1.7,
      ),
      atLeast("images, eta 0.2: sharpness · eta / 2, least", each("eta 0.2", "sharpness · eta / 2"), 0.5),
      atMost("images, eta 0.2: sharpness · eta / 2, largest", each("eta 0.2", "sharpness · eta / 2"), 2),
      atLeast(
        "images, eta 0.2: share of rising steps among the last 100, mean",
        mean(of("eta 0.2: share of rising steps, last 100")),
        0.1,
      ),
      atMost(
        "images, eta 0.02: share of rising steps among the last 100",
        of("eta 0.02: share of rising steps, last 100"),
        0,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const ratio = (name: string): number[] =>
      figures.map((f) => f[`${name}: last loss`]! / f["eta 0.2: last loss"]!);
    return [
      atMost("last training loss, SplitSGD / plain descent", ratio("SplitSGD"), 1),
      atMost("last training loss, Adam / plain descent", ratio("Adam"), 1),
    ];
  },
};
