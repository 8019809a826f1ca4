import { expect, it } from "vitest";
import { report } from "./suite.js";
import { steps, updates } from "./updates.js";

it("measures updates and steps of the optimizers that are chosen", async () => {
  const chosen = ["adamw", "sgd"] as const;
  const alone = await updates(chosen, { reps: 1, torch: undefined });
  const inStep = await steps(chosen, 1);
  expect(alone.parameters).toBeGreaterThan(1e6);
  // Two moments and a counter against nothing.
  expect(inStep.state["adamw"]).toBeCloseTo(2, 1);
  expect(inStep.state["sgd"]).toBe(0);
  const text = report(chosen, alone, inStep);
  expect(text).toMatch(/adamw +[\d.]+ +1\.00x +–/);
  expect(text).toMatch(/sgd +[\d.]+ +0?\.\d+x/);
}, 60_000);
