import { expect, it } from "vitest";
import { engine } from "./engine.js";
import { race, summarize } from "../timing.js";
import { report } from "./report.js";

it("measures the MLP's training step, alone and several in a call", async () => {
  const results = await engine({ only: ["mlp", "mlp-16"], reps: 1, peers: [] });
  expect(results.steps.mlp).toMatchObject({
    parameters: 132866,
    ours: { median: expect.any(Number) as number },
    limit: { median: expect.any(Number) as number },
    // Four layers, each forward, by its weight and (but the first) by its input.
    products: 11,
  });
  expect(results.steps["mlp-16"]).toMatchObject({ ours: { median: expect.any(Number) as number } });
  expect(report(results)).toMatch(/^training step, ms.*\n.*\nMLP 3x256, batch 256 .*132866/);
}, 60_000);

it("takes turns, and keeps the times of whoever ran when another fails", async () => {
  const order: string[] = [];
  const runs = (name: string, fail = false) => ({
    name,
    run(steps: number) {
      order.push(name);
      if (fail && order.length > 4) return Promise.reject(new Error("gone"));
      return Promise.resolve(new Array<number>(steps).fill(name === "slow" ? 3000 : 200));
    },
  });
  const outcome = await race([runs("fast"), runs("slow"), runs("broken", true)], 3);
  expect(outcome["fast"]).toMatchObject({ median: 200, steps: 6 });
  expect(outcome["slow"]).toMatchObject({ median: 3000, steps: 3 });
  expect(outcome["broken"]).toEqual({ error: "gone" });
});

it("summarizes by median and quartiles", () => {
  expect(summarize([5, 1, 3, 2, 4])).toEqual({ median: 3, min: 1, q1: 2, q3: 4, steps: 5 });
});
