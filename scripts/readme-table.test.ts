import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { withTable } from "./readme-table.mjs";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it("README.md's table of papers is current (else: npx tsx --conditions fluxion-source scripts/readme-table.mts)", () => {
  expect(withTable(readme)).toBe(readme);
});

it("lists every paper once and keeps the text around the markers", () => {
  const text = withTable("before\n<!-- papers:start -->old<!-- papers:end -->\nafter");
  expect(text.startsWith("before\n<!-- papers:start -->\n\n| paper |")).toBe(true);
  expect(text.endsWith("\n\n<!-- papers:end -->\nafter")).toBe(true);
  expect(text.match(/arxiv\.org\/abs/g)).toHaveLength(41);
  expect(withTable(text)).toBe(text);
  expect(() => withTable("no markers")).toThrow(/markers|lacks/);
});
