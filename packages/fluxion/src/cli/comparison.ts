import { join } from "node:path";
import type { ArrayData } from "../data/array-data.js";
import { generate, writeSamples } from "./generate.js";
import { linePlot } from "./plots.js";
import { stepsText, type Quality } from "./quality.js";
import { shortNumber, type Report } from "./report.js";
import type { LoadedRun } from "./run.js";

/** Runs of the quickstart, or what belongs to each. */
export interface Stages<T> {
  flow: T;
  straight: T;
  distilled: T;
}

/** Quality as the rows of a table, a column a run. */
export const comparisonRows = (
  stepCounts: readonly number[],
  { flow, straight, distilled }: Stages<readonly Quality[]>,
): Record<string, string | number>[] =>
  stepCounts.map((steps, i) => ({
    steps,
    "before (flow)": qualityText(flow[i]),
    straightened: qualityText(straight[i]),
    distilled: qualityText(distilled[i]),
  }));

function qualityText(quality: Quality | undefined): string {
  if (!quality) return "";
  const distance = quality.slicedWasserstein.toFixed(3);
  return quality.frechet === undefined ? distance : `${shortNumber(quality.frechet)} (${distance})`;
}

/**
 * One picture a run, a row for every number of steps, the same noise in a column.
 * @returns their paths
 */
export async function drawComparison(
  runs: Stages<LoadedRun>,
  out: string,
  options: { stepCounts: readonly number[]; columns: number; seed: number; report: Report },
): Promise<string[]> {
  const { stepCounts, columns, seed, report } = options;
  const files: string[] = [];
  for (const [name, run] of Object.entries(runs) as [string, LoadedRun][]) {
    const rows: ArrayData<Float32Array>[] = [];
    for (const steps of run === runs.distilled ? [1] : stepCounts) {
      const title = `${name}, ${stepsText(steps)}`;
      rows.push((await generate(run, { n: columns, steps, seed, report, title })).x1);
    }
    files.push(await writeSamples(join(out, name), stacked(rows), { columns, title: name }));
  }
  return files;
}

function stacked(rows: readonly ArrayData<Float32Array>[]): ArrayData<Float32Array> {
  const data = new Float32Array(rows.reduce((n, r) => n + r.data.length, 0));
  let at = 0;
  for (const r of rows) {
    data.set(r.data, at);
    at += r.data.length;
  }
  return { data, shape: [rows.reduce((n, r) => n + r.shape[0]!, 0), ...rows[0]!.shape.slice(1)] };
}

/** Quality against the number of steps, a curve a run. */
export function qualityPlot(quality: Stages<readonly Quality[]>): Promise<string> {
  const curves = (Object.entries(quality) as [string, readonly Quality[]][]).map(([name, list]) => ({
    name,
    points: list.map((q) => [q.steps, q.frechet ?? q.slicedWasserstein] as const),
  }));
  const fine = quality.flow[0]?.frechet === undefined;
  return linePlot(curves, {
    title: "Quality against steps",
    x: "Euler steps",
    y: fine ? "sliced Wasserstein distance" : "Fréchet distance",
    logX: true,
    logY: true,
  });
}
