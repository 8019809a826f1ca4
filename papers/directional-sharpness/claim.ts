// What is measured for "Toward Understanding Why Adam Converges Faster Than SGD for Transformers" (arXiv 2306.00204) and
// the bars it has to pass; README.md says why these.
import { random } from "fluxion";
import {
  atLeast,
  atMost,
  type Check,
  type Claim,
  type ClaimContext,
  type Figures,
  type Tier,
} from "fluxion/claims";
import type { GptParams } from "fluxion/nn";
import { adam, cosineSchedule, momentum, sgdClip, type Schedule, type Transform } from "fluxion/optim";
import { chooseLearningRates, compareOptimizers } from "fluxion/train";
import { characterTask, initial } from "../character-lm.js";
import { chosenRates, crossEntropy, fashionTask, once, smallConvNet } from "../fashion-classifier.js";
import { pathOf, shadowNames, type ShadowName, type Task } from "./shadows.js";

const paths = {
  SGD: momentum({ learningRate: 0.03 }),
  Adam: adam({ learningRate: 1e-3 }),
} as const satisfies Record<string, Transform>;
type PathName = keyof typeof paths;
const pathsOf = (tier: Tier): readonly PathName[] => (tier === "full" ? ["SGD", "Adam"] : ["SGD"]);

const checkpoints = { quick: [15], full: [10, 50, 150, 300] } as const;
const batchSize = 16;
const text = once(characterTask);
const pictures = once(() => fashionTask({ train: 6000 }));

/** Ratios of every optimizer's directional sharpness to that of SGD at every checkpoint of a path. */
async function ratios<P, B>(
  prefix: string,
  task: Task<P, B>,
  path: PathName,
  { tier, signal, progress }: ClaimContext,
): Promise<Record<string, number>> {
  const run = pathOf(task, paths[path]);
  const figures: Record<string, number> = {};
  for (const step of checkpoints[tier]) {
    progress(0.1, `${prefix} ${path} path, step ${step}`);
    await run.advance(step, signal);
    const { sharpness } = await run.measure();
    for (const name of shadowNames) {
      if (name === "SGD") continue;
      figures[`${prefix} ${path} path, ${step}: ${name}`] = sharpness[name] / Math.abs(sharpness.SGD);
    }
  }
  await run.release();
  return figures;
}

/** What the runs on convergence have in common. */
const bench = once(async () => {
  const task = await text();
  const steps = 300;
  return {
    ...{ loss: task.loss, steps, batches: task.batches(batchSize) },
    init: (seed: number) => initial(task, seed),
    schedule: cosineSchedule({ init: 1, end: 0.05, steps }),
    optimizers: {
      SGD: (learningRate: Schedule) => momentum({ learningRate }),
      "SGD, clipped": (learningRate: Schedule) => sgdClip({ learningRate }),
    },
  };
});

const rates = once(async () => {
  const task = await text();
  const tune = task.heldOut("tune", 64);
  const tuned = await chooseLearningRates({
    ...(await bench()),
    score: (p: GptParams) => task.loss(p, tune),
    learningRates: { SGD: [0.03, 0.1, 0.3], "SGD, clipped": [0.3, 1, 3] },
  });
  return chosenRates(tuned);
});

/** SGD with and without clipping, each at the learning rate that the tuning part chose: test losses. */
async function convergence({ seed, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  progress(0.6, "convergence");
  const task = await text();
  const test = task.heldOut("test", 64);
  const runs = await compareOptimizers({
    ...(await bench()),
    ...{ seeds: [seed], learningRates: await rates(), ...(signal ? { signal } : {}) },
    measure: (p: GptParams) => ({ loss: task.loss(p, test) }),
  });
  return Object.fromEntries(
    Object.entries(runs).flatMap(([name, { learningRate, runs: list }]) => [
      [`rate, ${name}`, learningRate],
      [`test loss, ${name}`, list[0]!.figures["loss"] ?? NaN],
    ]),
  );
}

/** The claim of directional sharpness at small scale. */
export const claim: Claim = {
  id: "directional-sharpness",
  statement:
    "On a small transformer the loss is far less curved along Adam's updates than along SGD's, at the same points; clipping the largest coordinates of a gradient lowers that curvature, and dividing it by its norm does so less.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const { seed, tier } = context;
    const language = await text();
    const draw = language.batches(batchSize);
    const words = {
      ...{
        start: initial(language, seed),
        loss: language.loss,
        fixed: language.sample(tier === "full" ? 64 : 16, seed),
      },
      batches: (step: number) => draw(seed, step),
    };
    const figures: Record<string, number> = {};
    for (const path of pathsOf(tier)) Object.assign(figures, await ratios("text", words, path, context));
    if (tier === "quick") return figures;
    const fashion = await pictures();
    const net = smallConvNet();
    const drawImages = fashion.batches(64);
    const images = {
      start: net.init(random.key(seed)),
      loss: (p: ReturnType<typeof net.init>, { x, y }: typeof fashion.tune) =>
        crossEntropy(net.apply(p, x), y),
      batches: (step: number) => drawImages(seed, step),
      fixed: fashion.tune,
    };
    Object.assign(figures, await ratios("images", images, "Adam", context));
    return { ...figures, ...(await convergence(context)) };
  },

  checks(figures, tier) {
    return pathsOf(tier).flatMap((path): Check[] => {
      const mean = (name: ShadowName): number => meanRatio(figures, `text ${path} path`, name, tier);
      const [clippedSgd, plain, clippedAdam] = [mean("SGD, clipped"), mean("Adam"), mean("Adam, clipped")];
      return [
        atMost(`${path} path: Adam / SGD`, plain, 0.5),
        atMost(`${path} path: clipped SGD / SGD`, clippedSgd, 0.8),
        atMost(`${path} path: clipped Adam / SGD`, clippedAdam, 0.2),
        atMost(`${path} path: clipped Adam / Adam`, clippedAdam / plain, 1),
        atMost(`${path} path: Adam / clipped SGD`, plain / clippedSgd, 1),
        atLeast(`${path} path: normalised SGD / Adam`, mean("SGD, normalised") / plain, 1),
      ];
    });
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const gains = figures.map((f) => f["test loss, SGD"]! - f["test loss, SGD, clipped"]!);
    return [
      atLeast("test loss saved by clipping SGD, rates tuned, 300 steps, worst seed", gains, 0),
      atMost("images, Adam path: Adam / SGD", meanRatio(figures, "images Adam path", "Adam", tier), 0.5),
    ];
  },
};

/** Geometric mean over checkpoints and seeds of the size of a ratio. */
function meanRatio(
  figures: readonly Figures[],
  prefix: string,
  name: ShadowName,
  tier: keyof typeof checkpoints,
): number {
  const logs = figures.flatMap((f) =>
    checkpoints[tier].map((step) => Math.log(Math.abs(f[`${prefix}, ${step}: ${name}`]!))),
  );
  return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
}
