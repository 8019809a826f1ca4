// How the cost of a method grows with the size of its problem.
import { median } from "../timing.js";

/** What one run of a method cost beside its time. */
export interface Work {
  /** Operations counted by the method itself, in the section's unit: it does not depend on the machine. */
  readonly work?: number;
}

/** One method of a section. */
export interface Series {
  readonly name: string;
  /** What the paper says: cost grows as size^exponent. */
  readonly paper?: { readonly exponent: number; readonly says: string };
  /** The largest size it is run at, for methods that become too slow. Default: all. */
  readonly upTo?: number;
  /** Makes a problem of this size, and the run that is timed; making it (data, compilation) is not. */
  readonly prepare: (size: number) => Promise<() => Promise<Work | void>>;
}

/** Methods on problems of growing size: `export const <name>: ScalingSection` in a file of its own, listed in sections.ts. */
export interface ScalingSection {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** What the size counts: the label of the axis. */
  readonly size: string;
  /** What `work` counts. */
  readonly unit?: string;
  /** Growing, a factor of 1.5 to 4 apart; all series together take a minute or two. */
  readonly sizes: readonly number[];
  readonly series: readonly Series[];
}

/** What was measured at one size. */
export interface Point {
  readonly size: number;
  /** Median milliseconds of a run. */
  readonly ms: number;
  readonly work?: number;
}

/** A method's points and the exponents fitted to them. */
export interface SeriesResult {
  readonly name: string;
  readonly paper?: Series["paper"];
  readonly points: readonly Point[];
  /** Slope of log time over log size, by least squares. */
  readonly timeExponent: number;
  /** The same of work; absent if none is counted. */
  readonly workExponent?: number;
}

/** The slope of log y over log x by least squares; NaN for fewer than two points. */
export function exponentOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (k: 0 | 1): number => logs.reduce((sum, p) => sum + p[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const top = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return top / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

/** Runs every series at every size, `reps` times after a warm-up. */
export async function measureScaling(
  section: ScalingSection,
  options: { reps: number; sizes?: readonly number[]; progress?: (what: string) => void },
): Promise<SeriesResult[]> {
  const results: SeriesResult[] = [];
  for (const { name, paper, upTo = Infinity, prepare } of section.series) {
    const points: Point[] = [];
    for (const size of (options.sizes ?? section.sizes).filter((s) => s <= upTo)) {
      options.progress?.(`${section.title}: ${name}, ${size}`);
      const run = await prepare(size);
      const cost = await run();
      const times: number[] = [];
      for (let i = 0; i < options.reps; i++) {
        const start = performance.now();
        await run();
        times.push(performance.now() - start);
      }
      points.push({ size, ms: median(times), ...(cost?.work === undefined ? {} : { work: cost.work }) });
    }
    const worked = points.filter((p) => p.work !== undefined);
    results.push({
      name,
      ...(paper ? { paper } : {}),
      points,
      timeExponent: exponentOf(points.map((p) => [p.size, p.ms])),
      ...(worked.length > 1 ? { workExponent: exponentOf(worked.map((p) => [p.size, p.work!])) } : {}),
    });
  }
  return results;
}
