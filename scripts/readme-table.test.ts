import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { papers } from "fluxion/papers";
import { readResult } from "fluxion/claims/node";
import { withFlows, withResult, withTable } from "./readme-table.mjs";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("README.md's table of papers is current (else: npx tsx --conditions fluxion-source scripts/readme-table.mts)", () => {
  expect(withTable(readme)).toBe(readme);
});

it("docs/choosing-a-flow.md quotes bench/results/flows.json", () => {
  const page = readFileSync(new URL("../docs/choosing-a-flow.md", import.meta.url), "utf8");
  expect(withFlows(page)).toBe(page);
});

it("lists every paper once and keeps the text around the markers", () => {
  const text = withTable("before\n<!-- papers:start -->old<!-- papers:end -->\nafter");
  expect(text.startsWith("before\n<!-- papers:start -->\n\n| paper |")).toBe(true);
  expect(text.endsWith("\n\n<!-- papers:end -->\nafter")).toBe(true);
  expect(text.match(/arxiv\.org\/abs/g)).toHaveLength(41);
  expect(withTable(text)).toBe(text);
  expect(() => withTable("no markers")).toThrow(/markers|lacks/);
});

it.each(papers.filter((p) => p.state === "done").map((p) => p.id))(
  "papers/%s/README.md quotes the last full run",
  async (id) => {
    const text = readFileSync(new URL(`../papers/${id}/README.md`, import.meta.url), "utf8");
    expect(withResult(text, await readResult(id))).toBe(text);
  },
);
