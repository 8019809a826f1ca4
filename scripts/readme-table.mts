// Writes what is generated of the READMEs, between markers: the table of papers in README.md, from the registry, and the
// table of checks in papers/<id>/README.md, from the record of the last full run; and the table of flows in
// docs/choosing-a-flow.md, from bench/results/flows.json.
//   npx tsx --conditions fluxion-source scripts/readme-table.mts
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Check } from "fluxion/claims";
import type { ClaimResult } from "fluxion/claims/node";
import { fields, papers, type Paper } from "fluxion/papers";
import { flowMarkdown } from "../bench/flows/report.js";
import type { FlowResults } from "../bench/flows/results.js";

const root = new URL("../", import.meta.url);
/** The record of a paper's last full run, if there is one. */
function resultOf(id: string): ClaimResult | undefined {
  const file = new URL(`papers/${id}/result.json`, root);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ClaimResult) : undefined;
}

/** What the last full run said, in a few words. */
function verdict({ id, state }: Paper): string {
  if (state === "planned") return "planned";
  const result = resultOf(id);
  if (!result) return "not measured";
  const passed = result.checks.filter((c) => c.passed).length;
  return `${result.passed ? "reproduced" : "not reproduced"} (${passed} of ${result.checks.length} checks)`;
}

/** `text` with `lines` between the markers of `name`. @throws {Error} if a marker is missing */
function between(text: string, name: string, lines: readonly string[]): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the README lacks the markers ${start} and ${end}`);
  return `${text.slice(0, from + start.length)}\n\n${lines.join("\n")}\n\n${text.slice(to)}`;
}

const nameOf = ({ id, name, state }: Paper): string =>
  state === "done" ? `[${name}](papers/${id}/README.md)` : name;

/** README.md with its table of papers brought up to date. */
export function withTable(readme: string): string {
  const lines = ["| paper | what it does | state |", "| --- | --- | --- |"];
  for (const [field, title] of Object.entries(fields)) {
    lines.push(`| **${title}** | | |`);
    for (const paper of papers.filter((p) => p.field === field)) {
      const source = `[${paper.arxiv}](https://arxiv.org/abs/${paper.arxiv})`;
      lines.push(`| ${nameOf(paper)} (${source}) | ${paper.summary} | ${verdict(paper)} |`);
    }
  }
  return between(readme, "papers", lines);
}

/** A paper's README with its table of checks brought up to date. */
export function withResult(readme: string, result: ClaimResult): string {
  const { checks, reported, seeds, seconds, date, commit, versions } = result;
  const short = (value: number): number => Number(value.toPrecision(3));
  const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const rule = (columns: number): string => row(new Array<string>(columns).fill("---"));
  const table = (list: readonly Check[], yes: string, no: string): string[] => [
    ...[row(["check", "value", "bar", "verdict"]), rule(4)],
    ...list.map(({ name, value, sense, bar, passed }) =>
      row([name.replaceAll("|", "\\|"), short(value), `${sense} ${bar}`, passed ? yes : no]),
    ),
  ];
  const names = Object.keys(result.figures[0] ?? {});
  return between(readme, "result", [
    `Seeds ${seeds.join(", ")}; ${Math.round(seconds)} seconds; ${date}, commit ${commit}, ONNX Runtime ${versions.onnxruntime}. A value is that of the worst seed, or of the mean over the seeds where the text below says so.`,
    "",
    ...table(checks, "passed", "**failed**"),
    "",
    ...(reported.length === 0
      ? []
      : [
          "Reported only: what the paper says, too, but a run of this size is not expected to show.",
          "",
          ...table(reported, "holds", "does not hold"),
          "",
        ]),
    "<details><summary>Figures of every seed</summary>",
    "",
    ...[row(["figure", ...seeds.map((seed) => `seed ${seed}`)]), rule(seeds.length + 1)],
    ...names.map((name) => row([name, ...result.figures.map((f) => short(f[name]!))])),
    "",
    "</details>",
  ]);
}

/** docs/choosing-a-flow.md with its table brought up to date. */
export function withFlows(page: string): string {
  const { rows } = JSON.parse(readFileSync(new URL("bench/results/flows.json", root), "utf8")) as FlowResults;
  return between(page, "flows", flowMarkdown(rows));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const update = (name: string, change: (text: string) => string): void => {
    const file = new URL(name, root);
    writeFileSync(file, change(readFileSync(file, "utf8")));
  };
  update("README.md", withTable);
  update("docs/choosing-a-flow.md", withFlows);
  for (const { id, state } of papers) {
    const result = resultOf(id);
    if (state === "done" && result) update(`papers/${id}/README.md`, (text) => withResult(text, result));
  }
}
