import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { loadFashion7 } from "../../papers/fashion7.js";
import { flowMethods } from "./methods.js";
import { flowMarkdown, flowReport } from "./report.js";
import { measureFlows, rowsOf, solverSteps, type FlowRow } from "./results.js";
import { withStage, type FlowBudget } from "./workshop.js";

const budget: FlowBudget = { first: 3, second: 2, distilled: 2, pairs: 256, pairSteps: 2, samples: 16 };

it("trains every method, counts its cost, and goes on where it stopped", async () => {
  const data = await loadFashion7();
  const seen: string[] = [];
  const common = {
    ...{ methods: flowMethods, seeds: [0], budget, data, onRow: (r: FlowRow) => void seen.push(r.method) },
    quality: (samples: { data: Float32Array }) => Promise.resolve(Math.hypot(...samples.data)),
  };
  const rows = await measureFlows({ ...common, done: [] });
  expect(seen).toEqual(flowMethods.map((m) => m.name));
  expect(rows.every((r) => r.frechet.length === solverSteps.length && r.frechet.every(Number.isFinite))).toBe(
    true,
  );
  const of = (name: string): FlowRow => rows.find((r) => r.method === name)!;
  expect(of("uniform")).toMatchObject({ parameters: 165_425, steps: 3, gradients: 768, evaluations: 0 });
  // Two flows and two sets of pairs before the distillation.
  expect(of("2-rf-distil")).toMatchObject({ steps: 7, gradients: 7 * 256, evaluations: 2 * 512 });
  expect(of("slimflow")).toMatchObject({ parameters: 16_817, steps: 7 });
  expect(of("longer").steps).toBe(of("2-rf-distil").steps);
  // The student of f-distill waits for its critics in so few rounds.
  expect(new Set(rows.map((r) => r.frechet[0])).size).toBe(rows.length - 1);

  // Without its last three rows it measures these, to the same figures.
  const again = await measureFlows({ ...common, done: rows.slice(0, -3) });
  expect(seen.slice(flowMethods.length)).toEqual(flowMethods.slice(-3).map((m) => m.name));
  expect(again.map((r) => r.frechet)).toEqual(rows.map((r) => r.frechet));

  expect(flowReport(rows)).toMatch(/straight path, uniform times +.* 1\.00x/);
  const lines = flowMarkdown(rows.filter((r) => r.method !== "mode"));
  expect(lines.filter((l) => l.startsWith("| **"))).toHaveLength(3);
  expect(lines.find((l) => l.includes("mode times"))).toMatch(/not measured/);
}, 120_000);

it("counts work by parameters", () => {
  const none = { steps: 0, gradients: 0, evaluations: 0, work: 0, seconds: 0 };
  const first = withStage(none, 5, 1, [{ parameters: 10, gradients: 4 }]);
  expect(first).toEqual({ steps: 5, gradients: 4, evaluations: 0, work: 120, seconds: 1 });
  const both = withStage(first, 1, 2, [
    { parameters: 10, evaluations: 3 },
    { parameters: 1, gradients: 2 },
  ]);
  expect(both).toEqual({ steps: 6, gradients: 6, evaluations: 3, work: 156, seconds: 3 });
});

it("takes up a file of the same budget only", () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "flows-")), "flows.json");
  expect(rowsOf(file, budget)).toEqual([]);
  const row = { method: "uniform", seed: 0 };
  writeFileSync(file, JSON.stringify({ budget, solverSteps, rows: [row] }));
  expect(rowsOf(file, budget)).toEqual([row]);
  expect(() => rowsOf(file, { ...budget, pairs: 1 })).toThrow(/another budget/);
  expect(rowsOf(file, { ...budget, pairs: 1 }, true)).toEqual([]);
});
