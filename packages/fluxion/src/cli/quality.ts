import type { ArrayData } from "../data/array-data.js";
import { frechetDistance, moments, slicedWasserstein } from "../train/metrics/index.js";
import { loadFeatures } from "../train/features.js";
import { generate } from "./generate.js";
import type { Report } from "./report.js";
import type { LoadedRun } from "./run.js";
import { loadSource } from "./source.js";

/** Quality of a sampler with a number of steps; smaller is better. */
export type Quality = {
  steps: number;
  /** Fréchet distance over features of a classifier; undefined for data without one. */
  frechet?: number;
  /** Sliced Wasserstein distance of the raw data. */
  slicedWasserstein: number;
};

/** Measures a sampler of one run against real data. */
export type Judge = (samples: ArrayData<Float32Array>) => Promise<Omit<Quality, "steps">>;

/** Rows of real data that samples are compared with. */
const referenceRows = 5000;

/** A judge against the data that a run was trained on. */
export async function judgeOf(run: LoadedRun): Promise<Judge> {
  const { x1 } = await loadSource(run.config.source);
  const n = Math.min(referenceRows, x1.shape[0]!);
  const size = x1.data.length / x1.shape[0]!;
  const real = { data: x1.data.subarray(0, n * size), shape: [n, ...x1.shape.slice(1)] };
  const features =
    run.config.source.data === "fashion-mnist" ? await loadFeatures("fashion-mnist") : undefined;
  const target = features && moments(await features.features(x1));
  return async (samples) => {
    const quality = { slicedWasserstein: slicedWasserstein(samples, real) };
    if (!features || !target) return quality;
    return { frechet: frechetDistance(moments(await features.features(samples)), target), ...quality };
  };
}

/** "1 step", "2 steps". */
export const stepsText = (steps: number): string => `${steps} step${steps === 1 ? "" : "s"}`;

/** Quality at every number of steps, all from the same sources. */
export async function qualityOf(
  run: LoadedRun,
  judge: Judge,
  options: {
    stepCounts: readonly number[];
    n: number;
    seed: number;
    solver?: string;
    guidance?: number | undefined;
    report: Report;
    signal?: AbortSignal | undefined;
  },
): Promise<Quality[]> {
  const { stepCounts, n, seed, solver, guidance, report, signal } = options;
  const rows: Quality[] = [];
  for (const steps of stepCounts) {
    const title = `samples, ${stepsText(steps)}`;
    const pairs = await generate(run, {
      n,
      steps,
      seed,
      report,
      title,
      signal,
      guidance,
      ...(solver ? { solver } : {}),
    });
    rows.push({ steps, ...(await judge(pairs.x1)) });
  }
  return rows;
}
