// Writes the table of papers between the markers of README.md, from the registry and the recorded results.
//   npx tsx --conditions fluxion-source scripts/readme-table.mts
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { ClaimResult } from "fluxion/claims/node";
import { fields, papers, type Paper } from "fluxion/papers";

const root = new URL("../", import.meta.url);
const [start, end] = ["<!-- papers:start -->", "<!-- papers:end -->"];

/** What the last full run said, in a few words. */
function verdict({ id, state }: Paper): string {
  if (state === "planned") return "planned";
  const file = new URL(`papers/${id}/result.json`, root);
  if (!existsSync(file)) return "not measured";
  const { checks } = JSON.parse(readFileSync(file, "utf8")) as ClaimResult;
  const passed = checks.filter((c) => c.passed).length;
  return `${passed === checks.length ? "reproduced" : "not reproduced"} (${passed} of ${checks.length} checks)`;
}

const nameOf = ({ id, name, state }: Paper): string =>
  state === "done" ? `[${name}](papers/${id}/README.md)` : name;

/** The README with its table brought up to date. @throws {Error} if a marker is missing */
export function withTable(readme: string): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md lacks ${start} and ${end}`);
  const lines = ["| paper | what it does | state |", "| --- | --- | --- |"];
  for (const [field, title] of Object.entries(fields)) {
    lines.push(`| **${title}** | | |`);
    for (const paper of papers.filter((p) => p.field === field)) {
      const source = `[${paper.arxiv}](https://arxiv.org/abs/${paper.arxiv})`;
      lines.push(`| ${nameOf(paper)} (${source}) | ${paper.summary} | ${verdict(paper)} |`);
    }
  }
  return `${readme.slice(0, from + start.length)}\n\n${lines.join("\n")}\n\n${readme.slice(to)}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = new URL("README.md", root);
  writeFileSync(file, withTable(readFileSync(file, "utf8")));
}
