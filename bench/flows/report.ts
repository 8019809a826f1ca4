// The table of flows, for the terminal and for docs/choosing-a-flow.md.
import { table } from "../table.js";
import { flowMethods } from "./methods.js";
import { solverSteps, type FlowRow } from "./results.js";

const mean = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0) / list.length;
const three = (value: number): string => String(Number(value.toPrecision(3)));

/** What is said of a method: means over its seeds. */
function cells(rows: readonly FlowRow[], name: string, unit: number): string[] {
  const own = rows.filter((r) => r.method === name);
  if (own.length === 0) return ["not measured", ...new Array<string>(head.length - 1).fill("")];
  const of = (pick: (r: FlowRow) => number): number => mean(own.map(pick));
  const thousands = (value: number): string => `${Math.round(value / 1000)} k`;
  return [
    ...solverSteps.map((_, i) => three(of((r) => r.frechet[i]!))),
    ...[three(of((r) => r.parameters) / 1000) + " k", String(of((r) => r.steps))],
    ...[thousands(of((r) => r.gradients)), thousands(of((r) => r.evaluations))],
    ...[`${(of((r) => r.work) / unit).toFixed(2)}x`, of((r) => r.seconds).toFixed(0)],
  ];
}

const head = [
  ...solverSteps.map((n) => (n === 1 ? "1 step" : `${n} steps`)),
  ...["parameters", "updates", "forth and back", "forth only", "work", "seconds"],
];
/** Work of the first method, which the others' is given in. */
const unitOf = (rows: readonly FlowRow[]): number =>
  rows.find((r) => r.method === flowMethods[0]!.name)?.work ?? NaN;

/** Text of all methods, or of those that are chosen. */
export function flowReport(
  rows: readonly FlowRow[],
  chosen: readonly string[] = flowMethods.map((m) => m.name),
): string {
  const methods = flowMethods.filter((m) => chosen.includes(m.name));
  const body = methods.map((m) => [m.title, ...cells(rows, m.name, unitOf(rows))]);
  return table(["Fréchet distance", ...head], body).join("\n");
}

/** Lines of the table in Markdown, without seconds, which depend on what else the machine did. */
export function flowMarkdown(rows: readonly FlowRow[]): string[] {
  const line = (list: readonly string[]): string => `| ${list.join(" | ")} |`;
  const columns = head.slice(0, -1);
  const lines = [line(["Fréchet distance", ...columns]), line(["---", ...columns.map(() => "---:")])];
  for (const [i, method] of flowMethods.entries()) {
    if (method.group !== flowMethods[i - 1]?.group)
      lines.push(line([`**${method.group}**`, ...columns.map(() => "")]));
    lines.push(line([method.title, ...cells(rows, method.name, unitOf(rows)).slice(0, -1)]));
  }
  return [...lines, "", seedsOf(rows)];
}

/** Whose means the table shows, and how far seeds lie apart. */
function seedsOf(rows: readonly FlowRow[]): string {
  const seeds = [...new Set(rows.map((r) => r.seed))].sort((a, b) => a - b);
  if (seeds.length === 1) return `One seed (${seeds[0]}).`;
  // Half the range over the mean: how far a seed lies from what the table says.
  const apart = flowMethods.flatMap(({ name }) => {
    const own = rows.filter((r) => r.method === name);
    if (own.length < 2) return [];
    return solverSteps.map((_, i) => {
      const values = own.map((r) => r.frechet[i]!);
      return (Math.max(...values) - Math.min(...values)) / 2 / mean(values);
    });
  });
  const alone = flowMethods.filter((m) => rows.filter((r) => r.method === m.name).length === 1);
  const but = alone.length === 0 ? "" : ` One seed only: ${alone.map((m) => m.title).join("; ")}.`;
  const [middle, most] = [
    [...apart].sort((a, b) => a - b)[Math.floor(apart.length / 2)]!,
    Math.max(...apart),
  ];
  const percent = (v: number): string => `${(100 * v).toFixed(0)} %`;
  return `Means of seeds ${seeds.join(", ")}. Half their range is ${percent(middle)} of the mean in the middle of all cells and ${percent(most)} at most.${but}`;
}
