// The claim on a language model: Sophia and AdamW on a small GPT, at equal steps.
import type { Tensor } from "fluxion";
import type { ClaimContext, Tier } from "fluxion/claims";
import {
  adamw,
  chain,
  clipByGlobalNorm,
  gaussNewton,
  hutchinson,
  sophia,
  sophiaWinRate,
  warmupCosineSchedule,
  type Schedule,
  type SophiaOptions,
  type Transform,
} from "fluxion/optim";
import { chooseLearningRates, compareOptimizers } from "fluxion/train";
import { characterTask, initial, taskOf, type CharacterTask, type Sequences } from "../character-lm.js";
import { chosenRates, once } from "../fashion-classifier.js";
import { transformer, type TransformerParams } from "./transformer.js";

const batchSize = 16;
const budgets = { quick: 30, full: 400 } as const satisfies Record<Tier, number>;
const text = once(() => taskOf(transformer));

/** AdamW and Sophia as language models are trained with them, gradients clipped to norm 1 before. */
export const makers = <P>(task: CharacterTask<P>) => {
  const clipped = (optimizer: Transform): Transform => chain(clipByGlobalNorm(1), optimizer);
  const ofSophia = (options: SophiaOptions) => (learningRate: Schedule) =>
    clipped(sophia({ ...options, learningRate, weightDecay: 0.2 }));
  // Half of the batch is enough for an estimate, as in the paper.
  const logits = (p: P, { x }: Sequences): Tensor => task.model.apply(p, x.slice([0, batchSize / 2]));
  return {
    AdamW: (learningRate: Schedule) => clipped(adamw({ learningRate, b1: 0.9, b2: 0.95, weightDecay: 0.1 })),
    "Sophia-G": ofSophia({ b1: 0.965, gamma: 0.05, estimator: gaussNewton(logits) }),
    "Sophia-G, gamma 0.5": ofSophia({ b1: 0.965, gamma: 0.5, estimator: gaussNewton(logits) }),
    "Sophia-H": ofSophia({ gamma: 0.01, estimator: hutchinson() }),
  };
};

const bench = {
  quick: once(() => common("quick")),
  full: once(() => common("full")),
};
async function common(tier: Tier) {
  const task = await text();
  const steps = budgets[tier];
  const warmupSteps = Math.ceil(0.05 * steps);
  return {
    task,
    options: {
      ...{ loss: task.loss, steps, batches: task.batches(batchSize), stepsPerCall: 10 },
      init: (seed: number) => initial(task, seed),
      schedule: warmupCosineSchedule({ peak: 1, end: 0.05, warmupSteps, steps }),
    },
  };
}

/** AdamW and Sophia-G at rate 1e-3 on `nn.gpt`, whose one table starts at a fiftieth of the size. */
const tied = once(async () => {
  const { options } = await bench.full();
  const task = await characterTask();
  const test = task.heldOut("test", 64);
  const { AdamW, "Sophia-G": sophiaG } = makers(task);
  return {
    ...options,
    ...{ loss: task.loss, learningRates: [1e-3], optimizers: { AdamW, "Sophia-G": sophiaG } },
    init: (seed: number) => initial(task, seed),
    measure: (p: ReturnType<typeof task.model.init>) => ({ loss: task.loss(p, test) }),
  };
});

const tuned = once(async () => {
  const { task, options } = await bench.full();
  const tune = task.heldOut("tune", 64);
  const { AdamW, "Sophia-G": sophiaG } = makers(task);
  return chosenRates(
    await chooseLearningRates({
      ...options,
      score: (p: TransformerParams) => task.loss(p, tune),
      optimizers: { AdamW, "Sophia-G": sophiaG },
      learningRates: { AdamW: [3e-3, 1e-2, 3e-2], "Sophia-G": [1e-3, 3e-3, 1e-2] },
    }),
  );
});

/** Test losses of all at rate 1e-3, and of AdamW and Sophia-G at their tuned rates. */
export async function losses({
  tier,
  seed,
  signal,
  progress,
}: ClaimContext): Promise<Record<string, number>> {
  const { task, options } = await bench[tier]();
  const test = task.heldOut("test", 64);
  // The chain is [clip, the optimizer's own chain].
  const measure = (p: TransformerParams, state: unknown) => {
    const own = (state as unknown[])[1] as readonly object[];
    const isSophia = own.some((part) => "winRate" in part);
    return { loss: task.loss(p, test), ...(isSophia ? { winRate: sophiaWinRate(own) } : {}) };
  };
  const shared = { ...options, seeds: [seed], measure, ...(signal ? { signal } : {}) };
  const equal = await compareOptimizers({
    ...{ ...shared, optimizers: makers(task), learningRates: [1e-3] },
    onProgress: (part, what) => progress(0.5 * part, what),
  });
  const figures: Record<string, number> = {};
  for (const [name, { runs }] of Object.entries(equal)) {
    const { loss, winRate } = runs[0]!.figures;
    figures[`test loss, ${name}`] = loss ?? NaN;
    if (winRate !== undefined) figures[`win rate, ${name}`] = winRate;
  }
  if (tier === "quick") return figures;
  progress(0.5, "a network with one small table");
  const other = await compareOptimizers({ ...(await tied()), seeds: [seed], ...(signal ? { signal } : {}) });
  for (const [name, { runs }] of Object.entries(other))
    figures[`tied table: test loss, ${name}`] = runs[0]!.figures["loss"] ?? NaN;
  const half = options.steps / 2;
  progress(0.6, "learning rates tuned");
  const { AdamW, "Sophia-G": sophiaG } = makers(task);
  const best = await compareOptimizers({
    ...{ ...shared, optimizers: { AdamW, "Sophia-G": sophiaG }, learningRates: await tuned() },
  });
  for (const [name, { learningRate, runs }] of Object.entries(best)) {
    figures[`rate, ${name}`] = learningRate;
    figures[`tuned test loss, ${name}`] = runs[0]!.figures["loss"] ?? NaN;
    // Where Sophia at the middle of training stands against AdamW at the end.
    figures[`tuned training loss at half time, ${name}`] = mean(runs[0]!.losses.slice(half - 20, half));
    figures[`tuned training loss at the end, ${name}`] = mean(runs[0]!.losses.slice(-20));
  }
  return figures;
}

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
