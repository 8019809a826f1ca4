// What is measured for arXiv 2309.06380 and the bars it has to pass; README.md says why these.
import { random } from "fluxion";
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Tier } from "fluxion/claims";
import { averagePool, type ArrayData } from "fluxion/data";
import {
  classifierFreeGuidance,
  distil,
  droppedCondition,
  generatePairs,
  independentCoupling,
  instaflow,
  trainFlow,
  type FlowMlpParams,
  type FlowPairs,
} from "fluxion/flow";
import { drawCaptions, loadCaptioned, network, obedience, promptTokens, shape } from "../captions14.js";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7 } from "../fashion7.js";

interface Budget {
  readonly teacher: number;
  /** Steps of the reflow, of its distillation and of the shorter direct distillation. */
  readonly stage: number;
  readonly pairs: number;
  readonly pairSteps: number;
  readonly held: number;
  /** Numbers of steps at which teacher and second flow are measured. */
  readonly sweep: readonly number[];
}

const budgets: Readonly<Record<Tier, Budget>> = {
  quick: { teacher: 250, stage: 100, pairs: 1500, pairSteps: 8, held: 400, sweep: [1] },
  full: { teacher: 2000, stage: 600, pairs: 12_000, pairSteps: 25, held: 3000, sweep: [1, 2, 4, 25] },
};
/**
 * Guidance of the pairs of the teacher, of the second flow, which has learnt the teacher's.
 * Without guidance the second flow needs no examples without a prompt.
 */
const guidance = { teacher: 2, second: 1 } as const;
const nullCond = 0;

/** How far the work is when a stage begins. */
const begins = { pairs: 0.3, reflow: 0.45, "new pairs": 0.5, distil: 0.6 } as const;

/** Mean squared difference per pixel. */
function residual(a: ArrayData<Float32Array>, b: ArrayData<Float32Array>): number {
  return a.data.reduce((sum, v, i) => sum + (v - b.data[i]!) ** 2, 0) / a.data.length;
}

async function measure({ seed, tier, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  const { teacher: steps, stage, pairs, pairSteps, held, sweep } = budgets[tier];
  const { images, captions, medians } = await loadCaptioned();
  const stop = signal ? { signal } : {};
  const common = { ...benchTraining, model: network.apply, seed, ...stop };

  progress(0, "teacher");
  const teacher = await trainFlow({
    ...{ ...common, params: network.init(random.key(seed)), steps, optimizer: benchOptimizer(steps, 1e-3) },
    data: { x1: images, cond: promptTokens(captions, seed) },
    objective: { coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond }) },
  });
  const rates = { reflow: 1e-3, distil: 5e-4 };
  const flow = await instaflow({
    ...{ ...common, teacher, nullCond, shape, pairs, pairSteps },
    conditions: (n, from) => promptTokens(drawCaptions(n, from), from),
    reflow: { steps: stage, dropRate: 0, guidance: guidance.teacher },
    distil: { steps: stage, guidance: guidance.second },
    optimizer: (name, length) => benchOptimizer(length, rates[name]),
    onStage: (name) => progress(begins[name], name),
  });
  progress(0.65, "direct distillation");
  const direct = async (length: number): Promise<FlowMlpParams> =>
    (
      await distil({
        ...{ ...common, params: teacher.params, data: flow.teacherPairs, steps: length },
        optimizer: benchOptimizer(length, rates.distil),
      })
    ).ema!;
  const [short, long] = [await direct(stage), await direct(2 * stage)];

  progress(0.85, "measuring");
  const wanted = drawCaptions(held, seed + 5000);
  const cond = promptTokens(wanted, seed + 5000);
  const draw = (params: FlowMlpParams, n: number, scale: number): Promise<FlowPairs> =>
    generatePairs({
      model: classifierFreeGuidance(network.apply, { scale, nullCond }),
      ...{ params, cond, shape, n: held, steps: n, seed: 2 * seed + 900_001, threads: 1, ...stop },
    });
  const second = flow.second.ema!;
  const ends = {
    teacher: await draw(teacher.ema!, pairSteps, guidance.teacher),
    second: await draw(second, pairSteps, guidance.second),
    student: await draw(flow.student.ema!, 1, 1),
    short: await draw(short, 1, 1),
    long: await draw(long, 1, 1),
  };
  const quality = await fashion7Quality(await loadFashion7());
  const frechet = (p: FlowPairs): Promise<number> => quality(averagePool(p.x1, 2));
  const figures: Record<string, number> = {
    residualStudent: residual(ends.student.x1, ends.second.x1),
    residualDirect: residual(ends.short.x1, ends.teacher.x1),
    residualDirectLong: residual(ends.long.x1, ends.teacher.x1),
    residualSecondOneStep: residual((await draw(second, 1, guidance.second)).x1, ends.second.x1),
    costTeacher: residual(flow.teacherPairs.x0, flow.teacherPairs.x1),
    costSecond: residual(flow.pairs.x0, flow.pairs.x1),
  };
  for (const [name, p] of Object.entries(ends)) {
    const judged: Record<string, number> = { ...(await obedience(p.x1, wanted, medians)) };
    figures[`frechet_${name}`] = await frechet(p);
    for (const [what, value] of Object.entries(judged)) figures[`${what}_${name}`] = value;
  }
  for (const n of sweep) {
    figures[`frechetTeacher${n}`] = await frechet(await draw(teacher.ema!, n, guidance.teacher));
    figures[`frechetSecond${n}`] = await frechet(await draw(second, n, guidance.second));
  }
  await quality.release();
  return figures;
}

/** The claim of InstaFlow at small scale. */
export const claim: Claim = {
  id: "instaflow",
  statement:
    "With text-conditioned reflow before distillation, one step follows its teacher much more closely than after distilling the guided teacher directly, at no loss of quality or of obedience to the prompt.",
  seeds: { quick: [0], full: [3, 4, 5] },
  run: measure,

  checks(figures, tier) {
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    const common: Check[] = [
      atMost(
        "held-out residual, reflow + distilled / direct",
        ratio("residualStudent", "residualDirect"),
        0.7,
      ),
      atMost(
        "transport cost, pairs of the second flow / of the teacher",
        ratio("costSecond", "costTeacher"),
        1,
      ),
      atLeast(
        "residual of the second flow's own single step / distilled",
        ratio("residualSecondOneStep", "residualStudent"),
        2,
      ),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost(
        "held-out residual, reflow + distilled / direct with the budget of both",
        ratio("residualStudent", "residualDirectLong"),
        0.9,
      ),
      atMost(
        "one-step Fréchet distance, reflow + distilled / better direct",
        figures.map((f) => f["frechet_student"]! / Math.min(f["frechet_short"]!, f["frechet_long"]!)),
        1.05,
      ),
      atLeast(
        "kind of garment as in the prompt: student − teacher",
        figures.map((f) => f["kind_student"]! - f["kind_teacher"]!),
        -0.02,
      ),
    ];
  },
};
