// What is measured for arXiv 2403.03206 and the bars it has to pass; README.md says why these.
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
import {
  cosinePath,
  cosMapTime,
  ddim,
  discretePath,
  euler,
  generatePairs,
  logitNormalTime,
  modeTime,
  trainFlow,
  uniformTime,
  type FlowObjective,
  type Solver,
} from "fluxion/flow";
import { textMmDit } from "fluxion/nn";
import { adam } from "fluxion/optim";
import { loadCaptioned, promptTokens, shape as shape14, tokens } from "../captions14.js";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";

interface Budget {
  readonly steps: number;
  readonly samples: number;
  readonly learningRate: number;
  /** Numbers of sampler steps. */
  readonly sweep: readonly number[];
  /** Steps of the transformer. */
  readonly transformer: number;
  readonly formulations: readonly Formulation[];
}

/** One training formulation of the study: what is trained, and the first-order sampler that goes with it. */
type Formulation = keyof typeof formulations;

const diffusion = discretePath();
const cosine = cosinePath();
const formulations = {
  rf: { objective: { time: uniformTime() }, solver: euler, to: 1 },
  lognorm: { objective: { time: logitNormalTime() }, solver: euler, to: 1 },
  mode: { objective: { time: modeTime({ scale: 1.29 }) }, solver: euler, to: 1 },
  cosmap: { objective: { time: cosMapTime() }, solver: euler, to: 1 },
  vCos: { objective: { path: cosine, prediction: "v" }, solver: ddim(cosine), to: 1 },
  epsLinear: { objective: { path: diffusion, prediction: "noise" }, solver: ddim(diffusion), to: 1 },
} as const satisfies Record<string, { objective: FlowObjective; solver: Solver; to: number }>;

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: {
    ...{ steps: 500, samples: 1000, learningRate: 2e-3, sweep: [5], transformer: 0 },
    formulations: ["rf", "lognorm"],
  },
  full: {
    ...{ steps: 1500, samples: 5000, learningRate: 1e-3, sweep: [5, 25, 50], transformer: 150 },
    formulations: ["rf", "lognorm", "mode", "cosmap", "vCos", "epsLinear"],
  },
};

/** Trains every formulation from the same start on the same batches, and measures its samples. */
async function measure({ seed, tier, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  const { steps, samples, learningRate, sweep, transformer, formulations: chosen } = budgets[tier];
  const stop = signal ? { signal } : {};
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const figures: Record<string, number> = {};
  try {
    for (const [i, name] of chosen.entries()) {
      progress((0.9 * i) / chosen.length, name);
      const { objective, solver, to } = formulations[name];
      const result = await trainFlow({
        ...{ ...benchTraining, ...stop, model: network.apply, params: network.init(random.key(seed)) },
        ...{ data: { x1: data }, objective, seed, steps, optimizer: benchOptimizer(steps, learningRate) },
      });
      for (const n of sweep) {
        const { x1 } = await generatePairs({
          ...{ model: network.apply, params: result.ema!, shape, n: samples, steps: n, solver, to },
          ...("path" in objective ? { path: objective.path, prediction: objective.prediction } : {}),
          ...{ seed: 2 * seed + 700_001, threads: 1, ...stop },
        });
        figures[`frechet_${name}_${n}`] = await quality(x1);
      }
    }
    if (transformer === 0) return figures;
    progress(0.9, "transformer");
    return { ...figures, ...(await transformerFigures()) };
  } finally {
    await quality.release();
  }

  /** Loss of the first steps and of the last, of image and text with weights of their own and with shared ones. */
  async function transformerFigures(): Promise<Record<string, number>> {
    const { images, captions } = await loadCaptioned();
    const losses: Record<string, number> = {};
    for (const streams of ["separate", "shared"] as const) {
      const net = textMmDit({
        ...{ image: shape14, width: 64, depth: 2, heads: 2, streams, timeFeatures: 64 },
        ...{ vocabulary: tokens.words.length, length: tokens.length },
      });
      const { history } = await trainFlow({
        ...{ model: net.apply, params: net.init(random.key(seed)), seed, batchSize: 64, ...stop },
        ...{ data: { x1: images, cond: promptTokens(captions, seed) }, steps: transformer },
        ...{ optimizer: adam({ learningRate: 1e-3 }), recordEvery: 1, stepsPerCall: 10 },
        objective: { time: logitNormalTime() },
      });
      const mean = (list: typeof history): number => list.reduce((sum, r) => sum + r.loss, 0) / list.length;
      losses[`${streams}First`] = mean(history.slice(0, 5));
      losses[`${streams}Last`] = mean(history.slice(-20));
    }
    return losses;
  }
}

const meanRatio = (figures: readonly Figures[], a: string, b: string): number => {
  const mean = (name: string): number => figures.reduce((sum, f) => sum + f[name]!, 0) / figures.length;
  return mean(a) / mean(b);
};

/** The claim of the study at small scale. */
export const claim: Claim = {
  id: "sd3-rectified-flow-transformers",
  statement:
    "On an equal budget a rectified flow is better when its training times are drawn more often from the middle: logit-normal times, and less so mode sampling, beat uniform times at few steps and at many.",
  seeds: { quick: [0], full: [0, 1, 2] },
  run: measure,

  checks(figures, tier) {
    const common: Check[] = [
      atMost(
        "Fréchet distance at 5 steps, logit-normal / uniform",
        meanRatio(figures, "frechet_lognorm_5", "frechet_rf_5"),
        tier === "quick" ? 0.9 : 0.75,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost(
        "Fréchet distance at 5 steps, mode(1.29) / uniform",
        meanRatio(figures, "frechet_mode_5", "frechet_rf_5"),
        0.9,
      ),
      atMost(
        "Fréchet distance at 25 steps, logit-normal / uniform",
        meanRatio(figures, "frechet_lognorm_25", "frechet_rf_25"),
        0.85,
      ),
      atLeast(
        "fall of the loss of the two-stream transformer in 150 steps",
        figures.map((f) => 1 - f["separateLast"]! / f["separateFirst"]!),
        0.25,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    return [
      atMost(
        "Fréchet distance at 5 steps, cosmap / uniform",
        meanRatio(figures, "frechet_cosmap_5", "frechet_rf_5"),
        1,
      ),
      atMost(
        "Fréchet distance at 5 steps, logit-normal / v on the cosine path",
        meanRatio(figures, "frechet_lognorm_5", "frechet_vCos_5"),
        1,
      ),
      atMost(
        "Fréchet distance at 5 steps, logit-normal / noise on the path of latent diffusion",
        meanRatio(figures, "frechet_lognorm_5", "frechet_epsLinear_5"),
        1,
      ),
      atMost(
        "Fréchet distance at 50 steps, logit-normal / noise on the path of latent diffusion",
        meanRatio(figures, "frechet_lognorm_50", "frechet_epsLinear_50"),
        1,
      ),
      atMost(
        "loss of the transformer, two streams / shared weights",
        meanRatio(figures, "separateLast", "sharedLast"),
        1,
      ),
    ];
  },
};
