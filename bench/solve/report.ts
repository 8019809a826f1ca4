// Log-log plots in the terminal, and the tables beneath them.
import { ms, table } from "../table.js";
import type { ScalingSection, SeriesResult } from "./scaling.js";

const [WIDTH, HEIGHT] = [64, 18];
const marks = "ox+*#@%&";

/** Milliseconds over size on log-log axes; a straight line is a power law, its slope the exponent. */
export function logLogPlot(results: readonly SeriesResult[], xLabel: string): string[] {
  const points = results.flatMap((r, k) =>
    r.points.map((p) => ({ x: Math.log10(p.size), y: Math.log10(p.ms), k })),
  );
  if (points.length === 0) return [];
  const range = (values: readonly number[]): [number, number] => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high > low ? [low, high] : [low - 0.5, high + 0.5];
  };
  const [x0, x1] = range(points.map((p) => p.x));
  const [y0, y1] = range(points.map((p) => p.y));
  const grid = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(" "));
  for (const { x, y, k } of points) {
    const column = Math.round(((x - x0) / (x1 - x0)) * (WIDTH - 1));
    const row = Math.round(((y1 - y) / (y1 - y0)) * (HEIGHT - 1));
    grid[row]![column] = marks[k % marks.length]!;
  }
  const labels = grid.map((_, i) =>
    i === 0 ? `${ms(10 ** y1)} ms` : i === HEIGHT - 1 ? `${ms(10 ** y0)} ms` : "",
  );
  const width = Math.max(...labels.map((l) => l.length));
  const [left, right] = [String(Math.round(10 ** x0)), String(Math.round(10 ** x1))];
  const gap = Math.max(1, WIDTH - left.length - right.length - xLabel.length);
  const half = Math.floor(gap / 2);
  return [
    ...grid.map((row, i) => `${labels[i]!.padStart(width)} |${row.join("").trimEnd()}`),
    `${" ".repeat(width)} +${"-".repeat(WIDTH)}`,
    `${" ".repeat(width + 2)}${left}${" ".repeat(half)}${xLabel}${" ".repeat(gap - half)}${right}`,
    ...results.map((r, k) => `${" ".repeat(width + 2)}${marks[k % marks.length]!} ${r.name}`),
  ];
}

/** A section as text. */
export function sectionReport(section: ScalingSection, results: readonly SeriesResult[]): string {
  const exponent = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(2));
  const sizes = [...new Set(results.flatMap((r) => r.points.map((p) => p.size)))].sort((a, b) => a - b);
  const at = (r: SeriesResult, size: number): string => {
    const point = r.points.find((p) => p.size === size);
    return point ? ms(point.ms) : "–";
  };
  return [
    section.title,
    "",
    ...logLogPlot(results, section.size),
    "",
    ...table(
      ["exponent of the cost", "time", section.unit ?? "work", "paper", ""],
      results.map((r) => [
        ...[r.name, exponent(r.timeExponent), exponent(r.workExponent)],
        ...[exponent(r.paper?.exponent), r.paper?.says ?? ""],
      ]),
    ),
    "",
    ...table(
      [`ms at ${section.size}`, ...sizes.map(String)],
      results.map((r) => [r.name, ...sizes.map((s) => at(r, s))]),
    ),
  ].join("\n");
}
