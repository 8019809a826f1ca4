import { OptionError } from "../core/errors.js";
import type { View } from "./demo.js";

/** The one quantity that a demo is watched by: the point of its paper as a number that moves while it runs. */
export interface Watch {
  /** What it is, as it stands beside the number: "Distance of one-step samples". */
  readonly label: string;
  /** Unit, or what it is measured against. */
  readonly note?: string;
  readonly better: "lower" | "higher";
  /** Where it is among the views: the name of a figure, or a curve, whose last point counts. */
  readonly of: string | { readonly title: string; readonly curve: string };
  /**
   * Steps of the first preset between which it gets better, such as the last one before a reflow and the last one after
   * it. Default [1, 20].
   */
  readonly between?: readonly [number, number];
}

/**
 * The watched quantity in a run's views.
 * @returns undefined while it is not there yet: no such figure, no such curve, a curve without points, a value that is not
 * finite
 * @throws OptionError if no view could ever hold it: no figures, or no curves of that title
 */
export function watched(watch: Watch, views: readonly View[]): number | undefined {
  const value = typeof watch.of === "string" ? figure(watch.of, views) : lastPoint(watch.of, views);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function figure(name: string, views: readonly View[]): number | undefined {
  const lists = views.flatMap((view) => (view.kind === "figures" ? [view.figures] : []));
  if (lists.length === 0) {
    throw new OptionError({ where: "watch", want: `a figure "${name}"`, got: "views without figures" });
  }
  return lists.flat().find((f) => f.name === name)?.value;
}

function lastPoint(of: { title: string; curve: string }, views: readonly View[]): number | undefined {
  const charts = views.flatMap((view) => (view.kind === "curves" ? [view] : []));
  const chart = charts.find(({ title }) => title === of.title);
  if (!chart) {
    const titles = charts.map(({ title }) => `"${title}"`).join(", ") || "none";
    throw new OptionError({ where: "watch", want: `curves titled "${of.title}"`, got: titles });
  }
  return chart.curves.find(({ name }) => name === of.curve)?.points.at(-1)?.[1];
}

/**
 * The steps between which the first preset shows its effect.
 * @returns [from, to], 1 ≤ from < to
 * @throws OptionError if the watch's own are no such numbers
 */
export function watchedSteps({ between = [1, 20] }: Watch): readonly [number, number] {
  const [from, to] = between;
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 1 && from < to) return between;
  throw new OptionError({
    where: "watch.between",
    want: "two whole numbers, 1 ≤ from < to",
    got: `[${between.join(", ")}]`,
  });
}

/** Whether `value` is better than `than`; never if one of them is not known. */
export const isBetter = (
  { better }: Pick<Watch, "better">,
  value: number | undefined,
  than: number | undefined,
): boolean => value !== undefined && than !== undefined && (better === "lower" ? value < than : value > than);
