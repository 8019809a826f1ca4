import { describe, expect, it } from "vitest";
import { tensor } from "../../core/tensor.js";
import { loadDataset } from "../../data/load-dataset.js";
import { gatherRows, partition } from "../../data/batches.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { boostNetwork } from "./boost-network.js";
import { boostingLoss, sigmoid } from "./boosting-loss.js";
import { boostedMlp, type BoostedModel, fitBoosted, predictBoosted, scoreBoosted } from "./fit.js";
import { fitSigmoidNetwork } from "./sigmoid-network.js";
import { fitWeakLearner, weakOutputs, weakSize } from "./weak-learner.js";

const noise = (n: number, seed = 1): Float64Array =>
  Float64Array.from({ length: n }, normalFrom(seededUniform(seed)));
const tasks = [
  ["regression", Float64Array.of(0.3, -1, 2, 0.7), 0, 1],
  ["binary", Float64Array.of(1, -1, -1, 1), 0, 1],
  ["multiclass", Float64Array.of(2, 0, 1, 2), 3, 3],
] as const;

describe.each(tasks)("the %s loss", (task, y, classes, c) => {
  const loss = boostingLoss(task, y, classes);
  const f = noise(4 * c);

  it("has residuals that are minus its derivative, up to the factor that regression drops", () => {
    const r = new Float64Array(4 * c);
    loss.residuals(f, r);
    const h = 1e-5;
    for (let i = 0; i < f.length; i++) {
      const at = (v: number): number => loss.mean(f.map((w, k) => (k === i ? w + v : w)));
      const slope = (-4 * (at(h) - at(-h))) / (2 * h);
      expect(r[i]! * (task === "regression" ? 2 : 1)).toBeCloseTo(slope, 6);
      if (task === "multiclass") expect(Math.abs(r[i]!)).toBeLessThan(1);
    }
    if (task !== "multiclass") return;
    for (let i = 0; i < 4; i++) expect(r[3 * i]! + r[3 * i + 1]! + r[3 * i + 2]!).toBeCloseTo(0, 12);
  });

  it("takes Newton's step with the diagonal of its second derivative", () => {
    if (task === "regression") return expect(loss.step(f, f)).toBe(1);
    const [r, h] = [new Float64Array(4 * c), noise(4 * c, 2)];
    loss.residuals(f, r);
    let [top, bottom] = [0, 0];
    for (let i = 0; i < f.length; i++) {
      const step = 1e-4;
      const at = (v: number): number => 4 * loss.mean(f.map((w, k) => (k === i ? w + v : w)));
      top += r[i]! * h[i]!;
      bottom += (h[i]! ** 2 * (at(step) - 2 * at(0) + at(-step))) / step ** 2;
    }
    expect(loss.step(h, r)).toBeCloseTo(top / bottom, 4);
  });

  it("starts at its best constant", () => {
    const f0 = Float64Array.from({ length: 4 * c }, (_, i) => loss.start[i % c]!);
    const r = new Float64Array(4 * c);
    loss.residuals(f0, r);
    if (task !== "multiclass") expect(r.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
    else expect([...loss.start]).toEqual([0, 0, 0]);
  });
});

it("has the known start, stays finite far out, and bounds its steps", () => {
  const y = Float64Array.of(1, 1, 1, 1, -1);
  const loss = boostingLoss("binary", y);
  expect(loss.start[0]).toBeCloseTo(0.693147, 6);
  const r = new Float64Array(5);
  for (const far of [1e3, -1e3]) {
    loss.residuals(new Float64Array(5).fill(far), r);
    expect(r.every(Number.isFinite)).toBe(true);
    expect(loss.mean(new Float64Array(5).fill(far))).toBeLessThan(Infinity);
  }
  expect(
    Math.abs(loss.step(Float64Array.of(1, 0, 0, 0, 0), Float64Array.of(1e-200, 0, 0, 0, 0))),
  ).toBeLessThan(1e3);
  expect(loss.step(new Float64Array(5), new Float64Array(5))).toBe(0);
});

describe("the learner of a step", () => {
  const shape = { d: 2, units: 1, outputs: 1 };
  const x = noise(120, 3);

  it("finds the one sigmoid unit that made the data", async () => {
    const truth = Float64Array.of(1.5, -1, 0.3, 2, -0.5);
    const r = weakOutputs(truth, shape, x, 60);
    const total = r.reduce((sum, v) => sum + v * v, 0);
    const errors = [];
    for (let seed = 0; seed < 5; seed++) {
      const how = { l2: 0, maxIterations: 500, uniform: seededUniform(seed) };
      const { weights, work } = await fitWeakLearner(x, r, 60, shape, how);
      expect(weights).toHaveLength(weakSize(shape));
      expect(work).toBeGreaterThan(0);
      errors.push(weakOutputs(weights, shape, x, 60).reduce((sum, v, i) => sum + (v - r[i]!) ** 2, 0));
    }
    expect(Math.min(...errors)).toBeLessThan(1e-6 * total);
  });

  it("lowers the squared error of all rows at every step, where it is fitted to all rows", async () => {
    const y = noise(60, 5);
    const loss = boostingLoss("regression", y);
    const how = { units: 30, learningRate: 0.3, subsample: 1, l2: 0 };
    const { residuals } = await boostNetwork("test", x, 60, 2, loss, how);
    residuals.slice(1).forEach((v, i) => expect(v).toBeLessThan(residuals[i]! + 1e-12));
  });
});

describe("fitBoosted", () => {
  it("tells cultivars of wine apart, with half of its units, too, as one network and by ONNX's arithmetic", async () => {
    const { features, labels } = await loadDataset("wine");
    const { train, holdout } = partition(178, { seed: 0, holdout: 0.3, labels: labels.data });
    const [seen, kept] = [gatherRows(features, train), gatherRows(features, holdout)];
    const [y, want] = [train, holdout].map((rows) => Array.from(rows, (i) => labels.data[i]!));
    const options = {
      task: "classification",
      units: 40,
      unitsPerStep: 2,
      learningRate: 0.25,
      seed: 1,
    } as const;
    const { model, outcome, predict } = await fitBoosted(seen, y!, options);
    expect(outcome).toMatchObject({ status: "max-iterations", iterations: 20 });
    expect(model.hidden).toHaveLength(40);
    const right = (answers: Float64Array): number =>
      answers.filter((v, i) => v === want![i]).length / want!.length;
    expect(right(predict(kept))).toBeGreaterThan(0.92);
    expect(right(predict(kept, { units: 20 }))).toBeGreaterThan(0.9);
    expect(predictBoosted(JSON.parse(JSON.stringify(model)) as BoostedModel, kept)).toEqual(predict(kept));
    expect((await fitBoosted(seen, y!, options)).model).toEqual(model);

    for (const units of [40, 13]) {
      const { network, params } = boostedMlp(model, { units });
      const scores = scoreBoosted(model, kept, { units });
      const out = await network
        .apply(params, tensor(Float32Array.from(kept.data), { shape: kept.shape }))
        .data();
      scores.data.forEach((v, i) => expect(Number(out[i])).toBeCloseTo(v, 3));
    }
  });

  it("is the sum of its steps: a prefix of the units is the network before the others", async () => {
    const x = noise(120, 7);
    const targets = x.filter((_, i) => i % 3 === 0).map((v) => Math.sin(2 * v));
    const features = { data: x, shape: [40, 3] };
    const { model } = await fitBoosted(features, targets, { units: 6, learningRate: 0.5 });
    const short = await fitBoosted(features, targets, { units: 4, learningRate: 0.5 });
    expect(scoreBoosted(model, features, { units: 4 })).toEqual(scoreBoosted(short.model, features));
    const [three, four] = [3, 4].map((units) => scoreBoosted(model, features, { units }).data);
    const unit = model.hidden[3]!;
    for (let i = 0; i < 40; i++) {
      const z = [0, 1, 2].reduce(
        (sum, l) => sum + (unit[l]! * (x[3 * i + l]! - model.center[l]!)) / model.scale[l]!,
        unit[3]!,
      );
      expect(four![i]! - three![i]!).toBeCloseTo(sigmoid(z) * model.output[3]![0]! + model.bias[4]![0]!, 10);
    }
    const { network, params } = boostedMlp(model);
    const answers = predictBoosted(model, features);
    const out = await network.apply(params, tensor(Float32Array.from(x), { shape: [40, 3] })).data();
    answers.forEach((v, i) => expect(Number(out[i])).toBeCloseTo(v, 4));
    expect(
      [...predictBoosted(model, features, { units: 0 })].every(
        (v) => Math.abs(v - answers.reduce((a, b) => a + b) / 40) < 1,
      ),
    ).toBe(true);
  });

  it("stops at the signal and where nothing is left, and refuses what it cannot take", async () => {
    const features = { data: noise(40), shape: [20, 2] };
    const constant = await fitBoosted(features, new Float64Array(20).fill(3));
    expect(constant.outcome).toMatchObject({ status: "converged", iterations: 0 });
    expect([...constant.predict(features)]).toEqual(new Array(20).fill(3));
    const stop = new AbortController();
    const { outcome } = await fitBoosted(features, noise(20, 2), {
      signal: stop.signal,
      onIteration({ iteration }) {
        if (iteration === 2) stop.abort();
      },
    });
    expect(outcome).toMatchObject({ status: "aborted", iterations: 2 });
    await expect(fitBoosted(features, noise(19))).rejects.toThrow(/20 targets/);
    await expect(fitBoosted(features, noise(20).fill(NaN, 3, 4))).rejects.toThrow(/NaN in row 3/);
    await expect(fitBoosted(features, new Float64Array(20), { task: "classification" })).rejects.toThrow(
      /two classes/,
    );
    await expect(fitBoosted(features, noise(20), { learningRate: 2 })).rejects.toThrow(/learningRate/);
    await expect(fitBoosted(features, noise(20), { units: 3, unitsPerStep: 4 })).rejects.toThrow(/units/);
    await expect(fitBoosted(features, noise(20), { eta: 1 } as never)).rejects.toThrow(/option "eta"/);
    const { model } = await fitBoosted(features, noise(20), { units: 2 });
    expect(() => predictBoosted(model, features, { units: 3 })).toThrow(/0 … 2/);
    expect(() => predictBoosted(model, { data: noise(3), shape: [1, 3] })).toThrow(/\[N, 2\]/);
    expect(() => boostedMlp(model, { units: 0 })).toThrow(/at least one step/);
  });
});

describe("fitSigmoidNetwork", () => {
  it.each(["adam", "sgd", "lbfgs"] as const)("trains the same network as a whole by %s", async (method) => {
    const { features, labels } = await loadDataset("iris");
    const options = { task: "classification", units: 10, method, epochs: 150, learningRate: 0.02 } as const;
    const fit = await fitSigmoidNetwork(features, labels.data, options);
    const right = (answers: Float64Array): number =>
      answers.filter((v, i) => v === labels.data[i]).length / 150;
    expect(right(await fit.predict(features))).toBeGreaterThan(0.9);
    const all = Array.from({ length: 10 }, (_, j) => j);
    expect(right(await fit.predict(features, { off: all }))).toBeLessThan(0.7);
  });

  it("fits numbers and two classes, too", async () => {
    const features = { data: noise(200, 9), shape: [100, 2] };
    const targets = Array.from({ length: 100 }, (_, i) => 5 + 2 * features.data[2 * i]!);
    const fit = await fitSigmoidNetwork(features, targets, { method: "lbfgs", units: 5, epochs: 200 });
    const answers = await fit.predict(features);
    targets.forEach((v, i) => expect(Math.abs(answers[i]! - v)).toBeLessThan(0.7));
    const signs = targets.map((v) => (v > 5 ? 7 : -7));
    const two = await fitSigmoidNetwork(features, signs, {
      task: "classification",
      method: "lbfgs",
      units: 3,
      epochs: 100,
    });
    expect([...(await two.predict(features))].filter((v, i) => v === signs[i]).length).toBeGreaterThan(95);
    await expect(fitSigmoidNetwork(features, targets, { method: "newton" as never })).rejects.toThrow(
      /method/,
    );
  });
});
