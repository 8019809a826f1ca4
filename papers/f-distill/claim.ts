// What is measured for arXiv 2502.15681 and the bars it has to pass; README.md says why these.
import { random } from "fluxion";
import { atLeast, atMost, type Check, type Claim, type ClaimContext, type Tier } from "fluxion/claims";
import { gatherRows, loadDataset } from "fluxion/data";
import {
  fDistill,
  fDivergences,
  flowDiscriminator,
  generatePairs,
  logitNormalTime,
  trainFlow,
  type FDivergenceName,
  type FlowMlpParams,
} from "fluxion/flow";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";
import { componentOf, gaussianMatching, principalPlane, shareOfFirst, type Component } from "./mixture.js";

interface Budget {
  /** Steps of the Gaussian student, and its divergences. */
  readonly gaussian: number;
  readonly exact: readonly FDivergenceName[];
  readonly teacher: number;
  /** Rounds of four updates of fake score and discriminator and one of the student. */
  readonly rounds: number;
  readonly learned: readonly FDivergenceName[];
  readonly samples: number;
}

const seeking = ["reverse-kl", "softened-reverse-kl"] as const;
const covering = ["jensen-shannon", "squared-hellinger", "jeffreys", "forward-kl"] as const;
const learned = ["reverse-kl", "jensen-shannon", "forward-kl"] as const;
const budgets: Readonly<Record<Tier, Budget>> = {
  quick: {
    ...{ gaussian: 1500, exact: ["reverse-kl", "forward-kl"] },
    ...{ teacher: 0, rounds: 0, learned: [], samples: 0 },
  },
  full: {
    ...{ gaussian: 4000, exact: [...seeking, ...covering] },
    ...{ teacher: 2500, rounds: 500, learned, samples: 5000 },
  },
};

/** Two kinds of clothes in their principal plane, as one Gaussian each. */
export async function twoKinds(): Promise<readonly [Component, Component]> {
  const images = await loadFashion7();
  const { labels } = await loadDataset("fashion-mnist");
  const kept = [...labels.data.keys()].filter((i) => labels.data[i] === 0 || labels.data[i] === 9);
  const points = await principalPlane(gatherRows(images, kept));
  const of = (kind: number): Component =>
    componentOf(
      points.filter((_, i) => labels.data[kept[i]!] === kind),
      points.length,
    );
  return [of(0), of(9)];
}

/** Where a student of `twoKinds` starts: nearer to the first. */
export const startBetween = ([a, b]: readonly [Component, Component]): [number, number] => [
  0.6 * a.mean[0] + 0.4 * b.mean[0],
  0.6 * a.mean[1] + 0.4 * b.mean[1],
];

/** Share of the first kind in what a Gaussian student makes, by divergence. */
async function exactFigures({ seed, tier, progress }: ClaimContext): Promise<Record<string, number>> {
  const teacher = await twoKinds();
  const figures: Record<string, number> = {};
  for (const [i, name] of budgets[tier].exact.entries()) {
    progress((0.2 * i) / budgets[tier].exact.length, `exact: ${name}`);
    const run = gaussianMatching({
      ...{ teacher, divergence: fDivergences[name], start: startBetween(teacher) },
      ...{ samples: 512, learningRate: 0.01, seed },
    });
    const student = await run.advance(budgets[tier].gaussian);
    const share = await shareOfFirst(student, teacher, seed + 99);
    figures[`minor_${name}`] = Math.min(share, 1 - share);
    await run.release();
  }
  return figures;
}

/** Quality of one-step students of a flow of images, by divergence, with all that has to be learnt. */
async function learnedFigures({
  seed,
  tier,
  signal,
  progress,
}: ClaimContext): Promise<Record<string, number>> {
  const { teacher: steps, rounds, learned: names, samples } = budgets[tier];
  const stop = signal ? { signal } : {};
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const model = network.apply;
  const frechet = async (params: FlowMlpParams, n: number): Promise<number> =>
    quality(
      (
        await generatePairs({
          model,
          params,
          shape,
          n: samples,
          steps: n,
          seed: 2 * seed + 800_001,
          threads: 1,
          ...stop,
        })
      ).x1,
    );
  try {
    progress(0.2, "teacher");
    const teacher = await trainFlow({
      ...{ ...benchTraining, ...stop, model, params: network.init(random.key(seed)), seed, steps },
      ...{
        data: { x1: data },
        objective: { time: logitNormalTime() },
        optimizer: benchOptimizer(steps, 1e-3),
      },
    });
    const figures: Record<string, number> = {
      teacher1: await frechet(teacher.ema!, 1),
      teacher2: await frechet(teacher.ema!, 2),
      teacher4: await frechet(teacher.ema!, 4),
      teacher50: await frechet(teacher.ema!, 50),
    };
    for (const [i, name] of names.entries()) {
      progress(0.35 + (0.65 * i) / names.length, name);
      const student = await fDistill({
        ...{
          model,
          teacher: teacher.ema!,
          discriminator: flowDiscriminator({ shape }),
          data: { x1: data },
          seed,
        },
        ...{
          divergence: fDivergences[name],
          steps: rounds,
          ganWeight: 0.05,
          ema: { decay: 0.99, warmup: true },
        },
        ...{ batchSize: 256, threads: 1, recordEvery: 1, ...stop },
      });
      const last = student.history.slice(-50);
      figures[`frechet_${name}`] = await frechet(student.ema!, 1);
      figures[`discriminator_${name}`] = last.reduce((sum, r) => sum + r.loss, 0) / last.length;
    }
    return figures;
  } finally {
    await quality.release();
  }
}

/** The claim of f-distill at small scale. */
export const claim: Claim = {
  id: "f-distill",
  statement:
    "A student too simple to be its teacher drops a kind of image under the reverse KL divergence and keeps it under divergences that seek modes less; with learned scores and ratios every divergence gives a one-step student near the quality of fifty steps.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const exact = await exactFigures(context);
    return budgets[context.tier].rounds === 0 ? exact : { ...exact, ...(await learnedFigures(context)) };
  },

  checks(figures, tier) {
    const of = (name: string): number[] => figures.map((f) => f[name]!);
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    if (tier === "quick") {
      return [
        atMost("share of the minor kind, reverse KL", of("minor_reverse-kl"), 0.05),
        atLeast("share of the minor kind, forward KL", of("minor_forward-kl"), 0.25),
      ];
    }
    return [
      ...seeking.map((name): Check => atMost(`share of the minor kind, ${name}`, of(`minor_${name}`), 0.05)),
      ...covering.map((name): Check =>
        atLeast(`share of the minor kind, ${name}`, of(`minor_${name}`), 0.25),
      ),
      atLeast(
        "share of the minor kind, forward KL − Jensen-Shannon",
        figures.map((f) => f["minor_forward-kl"]! - f["minor_jensen-shannon"]!),
        0,
      ),
      ...learned.flatMap((name): Check[] => [
        atMost(
          `Fréchet distance, ${name} student / teacher in 1 step`,
          ratio(`frechet_${name}`, "teacher1"),
          0.05,
        ),
        atMost(
          `Fréchet distance, ${name} student / teacher in 50 steps`,
          ratio(`frechet_${name}`, "teacher50"),
          1.6,
        ),
        atMost(
          `discriminator of ${name}: distance of its loss from 2·log 2`,
          figures.map((f) => Math.abs(f[`discriminator_${name}`]! - 2 * Math.LN2)),
          0.05,
        ),
      ]),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const ratio = (a: string, b: string): number[] => figures.map((f) => f[a]! / f[b]!);
    return [
      atMost(
        "Fréchet distance, forward-kl / reverse-kl",
        ratio("frechet_forward-kl", "frechet_reverse-kl"),
        1,
      ),
      atMost(
        "Fréchet distance, jensen-shannon / reverse-kl",
        ratio("frechet_jensen-shannon", "frechet_reverse-kl"),
        1,
      ),
    ];
  },
};
