import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grad, hvp, OptionError, ShapeError, tensor, type Tensor } from "../../index.js";
import { sgd } from "../../optim/index.js";
import { train } from "../../train/index.js";
import { opposingModel, opposingSignals, type OpposingModelState } from "../index.js";
import { writeOpposingReport } from "../node/index.js";

const close = (got: number, want: number, tolerance = 1e-12): void =>
  expect(Math.abs(got - want)).toBeLessThan(tolerance * Math.max(1, Math.abs(want)));

describe("the linear model", () => {
  const small = opposingModel({ beta: [1, 0], alpha: 4 });
  const start: OpposingModelState = { b: [0.1, 0], outlier: 0.2, c: 0.3 };

  it("follows the rows computed by hand", () => {
    const want = [
      [2.47765, 2.23765, 2.71765, 0.36, 0.2, 0.3],
      [2.468323403356711, 2.233184523356711, 2.703462283356711, 0.37185604, 0.1928, 0.3049],
      [
        2.458429528613311, 2.226192002267201, 2.690667054959421, 0.3912961664415526, 0.1856306155488,
        0.3127683513567,
      ],
    ];
    let state = start;
    for (const row of want) {
      const at = small.at(state);
      [at.loss, ...at.groups, at.sharpness, state.outlier, state.c].forEach((v, i) => close(v, row[i]!));
      close(at.loss, (at.groups[0] + at.groups[1]) / 2);
      close(at.groups[0] - at.groups[1], -2 * 4 * state.c * state.outlier);
      const next = small.step(state, 0.1);
      close(next.outlier / state.outlier, 1 - 0.1 * at.sharpness);
      const g = small.gradient(state);
      const drift = small.at(next).invariant - at.invariant;
      close(drift, 0.01 * (g.c ** 2 - g.b.reduce((s, x) => s + x * x, 0) - g.outlier ** 2), 1e-10);
      state = next;
    }
  });

  it("is the gradient of its loss, with alpha·c² an exact eigenvalue at b_o = 0", async () => {
    const loss = (p: Tensor): Tensor => {
      const [b, outlier, c] = [p.slice([0, 2]), p.slice(2), p.slice(3)];
      const e = b.mul(c).sub(tensor([1, 0], { dtype: "float64" }));
      return e.square().sum().mul(0.5).add(c.square().mul(outlier.square()).add(1).mul(2));
    };
    const p = tensor([0.1, 0, 0.2, 0.3], { dtype: "float64" });
    const g = small.gradient(start);
    const numbers = [...((await grad(loss)(p).data()) as Float64Array)];
    [...g.b, g.outlier, g.c].forEach((v, i) => close(v, numbers[i]!));
    const flat = tensor([0.1, 0, 0, 0.3], { dtype: "float64" });
    const product = await hvp(loss, [flat], tensor([0, 0, 1, 0], { dtype: "float64" })).data();
    [0, 0, 0.36, 0].forEach((v, i) => close(Number(product[i]), v));
    const balanced = small.at({ ...start, outlier: 0 });
    close(balanced.groups[0], balanced.groups[1]);
  });

  it("refuses what is no model", () => {
    expect(() => opposingModel({ beta: [], alpha: 1 })).toThrow(OptionError);
    expect(() => opposingModel({ beta: [1], alpha: 0 })).toThrow(OptionError);
    expect(() => small.at({ b: [1], outlier: 0, c: 1 })).toThrow(OptionError);
    expect(() => small.step(start, 0)).toThrow(OptionError);
  });
});

/** Half of the examples pull the second weight up, half down; the first weight is the signal. */
const n = 40;
const x = tensor(
  Array.from({ length: n }, (_, i) => [Math.sin(i), i % 2 === 0 ? 4 : -4]),
  { dtype: "float32" },
);
const y = tensor(Array.from({ length: n }, (_, i) => Math.sin(i) + 4));
const lossPerExample = (w: Tensor, data: { x: Tensor; y: Tensor }): Tensor =>
  data.x
    .matmul(w.reshape([2, 1]))
    .reshape([data.y.size])
    .sub(data.y)
    .square()
    .mul(0.5);

describe("opposingSignals", () => {
  it("finds the groups in a run, through train's own callback", async () => {
    const watch = opposingSignals({ data: { x, y }, lossPerExample, groupSize: 5 });
    expect(watch.losses()).toHaveLength(0);
    const { params } = await train({
      params: tensor([0, 0.3]),
      loss: (w: Tensor, batch: { x: Tensor; y: Tensor }) => lossPerExample(w, batch).mean(),
      optimizer: sgd({ learningRate: 0.12 }),
      batches: () => ({ x, y }),
      ...{ steps: 12, checkpoint: { every: 1, save: watch.save } },
    });
    const report = await watch.report(params);
    expect(report.observation).toBe(11);
    // The outlier weight oscillates: one parity rises, the other falls.
    const parity = (group: Int32Array): Set<number> => new Set([...group].map((i) => i % 2));
    expect(parity(report.up).size).toBe(1);
    expect(parity(report.down).size).toBe(1);
    expect([...parity(report.up)]).not.toEqual([...parity(report.down)]);
    expect(report.cosine).toBeLessThan(-0.9);
    expect(report.along.up * report.along.down).toBeLessThan(0);
    // The Hessian is the mean of xxᵀ.
    close(report.sharpness, 16, 1e-3);
    expect(report.ratios.up).toBeGreaterThan(1);
    expect(report.changes.up[0]).toBeGreaterThan(0);
    expect(report.changes.down[0]).toBeLessThan(0);
    expect(watch.losses()).toHaveLength(n);

    const folder = await mkdtemp(join(os.tmpdir(), "opposing-"));
    const images = { data: new Uint8Array(n * 16).fill(7), shape: [n, 4, 4, 1] };
    const labels = Array.from({ length: n }, (_, i) => i % 2);
    await writeOpposingReport(folder, [report], { images, labels, classes: ["even", "odd"] });
    expect((await readdir(folder)).sort()).toEqual(["down.png", "opposing.json", "up.png"]);
    const [written] = JSON.parse(await readFile(join(folder, "opposing.json"), "utf8")) as { up: object[] }[];
    expect(written!.up[0]).toEqual({ index: report.up[0], label: report.up[0]! % 2 === 0 ? "even" : "odd" });
    expect(await writeOpposingReport(folder, [report])).toEqual([join(folder, "opposing.json")]);
    await rm(folder, { recursive: true });
    await watch.release();
  });

  it("gives random groups a cosine near that of the whole", async () => {
    const watch = opposingSignals({ data: { x, y }, lossPerExample, groupSize: 20 });
    const w = tensor([0, 0.5]);
    await watch.observe(w);
    await watch.observe(w.add(0.1));
    expect((await watch.report(w)).randomCosine).toBeGreaterThan(-0.95);
    await watch.release();
  });

  it("refuses what it cannot watch", async () => {
    expect(() => opposingSignals({ data: { x, y }, lossPerExample, groupSize: 21 })).toThrow(OptionError);
    expect(() => opposingSignals({ data: { x, y }, lossPerExample, iterations: 1 })).toThrow(OptionError);
    const watch = opposingSignals({ data: { x, y }, lossPerExample });
    await watch.observe(tensor([0, 0]));
    await expect(watch.report(tensor([0, 0]))).rejects.toThrow(/two observations/);
    await watch.release();
    const wrong = opposingSignals({ data: { x, y }, lossPerExample: (w: Tensor) => w });
    await expect(wrong.observe(tensor([0, 0]))).rejects.toThrow(ShapeError);
  });
});
