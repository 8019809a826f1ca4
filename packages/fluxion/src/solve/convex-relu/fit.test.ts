import { expect, it } from "vitest";
import { loadDataset } from "../../data/load-dataset.js";
import { fitConvexRelu, predictRelu, scoreRelu, type ReluModel } from "./fit.js";
import { gaussian, wave } from "./testdata.js";

it("fits numbers in their own units, and the model survives JSON", async () => {
  const { x, y } = wave(40, 3);
  const line = { data: x.data.filter((_, i) => i % 2 === 0).map((v) => 1000 * v + 5), shape: [40, 1] };
  const targets = y.map((v) => 50 * v - 7);
  const fit = await fitConvexRelu(line, targets, { maxIterations: 300 });
  const error = fit.predict(line).map((v, k) => (v - targets[k]!) ** 2);
  expect(Math.sqrt(error.reduce((s, v) => s + v / 40, 0))).toBeLessThan(15);
  expect(fit.certificate().scope).toBe("all networks");
  const kept = JSON.parse(JSON.stringify(fit.model)) as ReluModel;
  expect(predictRelu(kept, line)).toEqual(fit.predict(line));
});

it("separates the two kinds of real tumours", async () => {
  const { features, labels } = await loadDataset("breast-cancer", { split: "train" });
  const rows = 200;
  const data = { data: features.data.slice(0, rows * 30), shape: [rows, 30] };
  const targets = Array.from(labels.data.slice(0, rows), (v) => (v === 0 ? 7 : 9));
  for (const loss of ["cross-entropy", "squared"] as const) {
    const options = { task: "classification", loss, patterns: 20, maxIterations: 40 } as const;
    const fit = await fitConvexRelu(data, targets, options);
    const answers = fit.predict(data);
    expect(answers.filter((v, k) => v === targets[k]).length / rows).toBeGreaterThan(0.95);
    const scores = scoreRelu(fit.model, data);
    answers.forEach((v, k) => expect(v).toBe(scores[k]! < 0 ? 7 : 9));
  }
});

it("refuses what it cannot fit", async () => {
  const { x, y } = gaussian(8, 2, 0);
  const classify = { task: "classification" } as const;
  await expect(fitConvexRelu(x, y, classify)).rejects.toThrow(/exactly two classes, got 8.*regression/);
  await expect(fitConvexRelu(x, new Float64Array(8), classify)).rejects.toThrow(/exactly two classes, got 1/);
  await expect(fitConvexRelu(x, [1, 2])).rejects.toThrow(/8 targets/);
  await expect(
    fitConvexRelu(
      x,
      y.map(() => Infinity),
    ),
  ).rejects.toThrow(/finite targets/);
  await expect(fitConvexRelu(x, y, { task: "ranking" as "regression" })).rejects.toThrow(/task/);
  await expect(fitConvexRelu(x, y, { beta: -1 })).rejects.toThrow(/beta/);
  const constant = await fitConvexRelu(x, new Float64Array(8).fill(3), { maxIterations: 10 });
  expect([...constant.predict(x)]).toEqual(new Array<number>(8).fill(3));
  expect(() => constant.predict({ data: new Float64Array(3), shape: [1, 3] })).toThrow(/features \[N, 2\]/);
});
