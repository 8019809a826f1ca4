import { describe, expect, it } from "vitest";
import { random, tensor, type Tensor } from "../../index.js";
import { sgd } from "../../optim/index.js";
import { thinSvd } from "../../ops/linalg/decompose.js";
import {
  attentionLoss,
  attentionMargin,
  combinedWeights,
  correlation,
  correlationCurve,
  initAttention,
  randomAttention,
  tokenOptimality,
  tokenScores,
  trainAttention,
} from "../index.js";

const doubles = async (x: Tensor): Promise<Float64Array> => (await x.data()) as Float64Array;
const data = randomAttention(random.key(1), { sequences: 6, tokens: 8, size: 10 });
const start = (parametrization: "W" | "KQ") => initAttention(random.key(7), 10, { parametrization });

describe("trainAttention", () => {
  it("turns W to the separator of least Frobenius norm, K and Q to that of least nuclear norm", async () => {
    for (const [parametrization, bar] of [
      ["W", 0.99],
      ["KQ", 0.98],
    ] as const) {
      const run = await trainAttention({
        data,
        weights: start(parametrization),
        steps: 1000,
        recordEvery: 100,
      });
      expect([run.status, run.steps]).toEqual(["ok", 1000]);
      run.selected.forEach((t, i) => expect(run.probabilities.data[i * 8 + t]).toBeGreaterThan(0.9999));
      const last = run.records.at(-1)!.combined;
      const fro = await attentionMargin(data, run.selected);
      const nuc = await attentionMargin(data, run.selected, { norm: "nuclear" });
      const [own, other] = parametrization === "W" ? [fro, nuc] : [nuc, fro];
      expect(correlation(last, own.x)).toBeGreaterThan(bar);
      expect(correlation(last, own.x)).toBeGreaterThan(correlation(last, other.x) + 0.05);
      const curve = correlationCurve(run.records, own.x);
      expect(curve.map(([step]) => step)).toEqual(Array.from({ length: 11 }, (_, i) => 100 * i));
      expect(curve[0]![1]).toBeLessThan(0.5);
      const scores = { data: await doubles(tokenScores(data)), shape: [6, 8] };
      expect(tokenOptimality(scores, run.selected, own).kind).not.toBe("none");
    }
  });

  it("makes the steps of plain gradient descent, and records", async () => {
    const w0 = (start("W") as { w: Tensor }).w;
    const plain = { data, weights: { w: w0 }, optimizer: sgd({ learningRate: 0.5 }) };
    const loss = (w: Float64Array): Promise<number> =>
      attentionLoss({ w: tensor(w, { shape: [10, 10] }) }, data).item();
    const once = (await trainAttention({ ...plain, steps: 1 })).records.at(-1)!.combined.data;
    const w = await doubles(w0);
    for (let j = 0; j < 100; j += 33) {
      const moved = (by: number): Float64Array => w.with(j, w[j]! + by);
      const slope = ((await loss(moved(1e-5))) - (await loss(moved(-1e-5)))) / 2e-5;
      expect(once[j]).toBeCloseTo(w[j]! - 0.5 * slope, 8);
    }
    const { records } = await trainAttention({ ...plain, steps: 3, recordEvery: 2 });
    expect(records.map((r) => r.step)).toEqual([0, 2, 3]);
    expect(records[0]!.combined.data).toEqual(w);
    for (const record of records) expect(record.loss).toBeCloseTo(await loss(record.combined.data), 12);
    expect(records[2]!.loss).toBeLessThan(records[1]!.loss);
  });

  it("stays within the span of tokens and queries when it starts from 0", async () => {
    const small = randomAttention(random.key(5), { sequences: 2, tokens: 3, size: 9 });
    const w = tensor(new Float64Array(81), { shape: [9, 9] });
    const run = await trainAttention({ data: small, weights: { w }, steps: 200 });
    const { s } = thinSvd(run.records.at(-1)!.combined.data, 9, 9);
    expect(s[0]).toBeGreaterThan(1);
    expect(s[2]! / s[0]!).toBeLessThan(1e-12);
    expect(correlationCurve(run.records, run.records.at(-1)!.combined)[0]![0]).toBe(50);
  });

  it("goes on where gradients are below the smallest number", async () => {
    const weights = { w: (start("W") as { w: Tensor }).w.mul(1e5) };
    const run = await trainAttention({ data, weights, steps: 10, recordEvery: 10 });
    const [before, after] = run.records.map((r) => r.combined.data);
    const moved = Math.hypot(...after!.map((v, j) => v - before![j]!));
    expect(moved).toBeGreaterThan(0.5);
    expect(moved).toBeLessThanOrEqual(1 + 1e-9);
  });

  it("trains in float32", async () => {
    const single = {
      tokens: data.tokens.cast("float32"),
      queries: data.queries.cast("float32"),
      labels: data.labels.cast("float32"),
      head: data.head.cast("float32"),
    };
    const w = (start("W") as { w: Tensor }).w.cast("float32");
    const run = await trainAttention({ data: single, weights: { w }, steps: 1000, recordEvery: 1000 });
    const fro = await attentionMargin(single, run.selected);
    expect(correlation(run.records.at(-1)!.combined, fro.x)).toBeGreaterThan(0.99);
  });

  it("ends with a status on numbers that are not finite, and on a signal", async () => {
    const rootless = { ...data, head: (a: Tensor) => a.sum(-1).sqrt() };
    const bad = await trainAttention({ data: rootless, weights: start("W"), steps: 10, recordEvery: 5 });
    expect([bad.status, bad.steps]).toEqual(["non-finite", 0]);
    expect(await doubles(combinedWeights(bad.weights))).toEqual(await doubles(combinedWeights(start("W"))));
    const stop = new AbortController();
    const cut = await trainAttention({
      ...{ data, weights: start("W"), steps: 10, recordEvery: 2, signal: stop.signal },
      onRecord: ({ step }) => void (step === 4 && stop.abort()),
    });
    expect([cut.status, cut.steps, cut.records.length]).toEqual(["aborted", 4, 3]);
    expect((await trainAttention({ data, weights: start("W"), steps: 0 })).records).toHaveLength(1);
  });

  it("refuses what does not fit", async () => {
    const base = { data, weights: start("W"), steps: 1 };
    await expect(trainAttention({ ...base, weights: { w: tensor([[1]]) } })).rejects.toThrow("w [10, 10]");
    await expect(
      trainAttention({ ...base, data: { ...data, labels: data.labels.cast("float32") } }),
    ).rejects.toThrow("float64 as the tokens, got float32");
    await expect(trainAttention({ ...base, decay: 1 })).rejects.toThrow("decay for k and q only");
    await expect(trainAttention({ ...base, weights: start("KQ"), rescale: true })).rejects.toThrow("rescale");
    await expect(trainAttention({ ...base, steps: -1 })).rejects.toThrow("steps");
    await expect(trainAttention({ ...base, lr: 1 } as never)).rejects.toThrow('option "lr"');
    expect(() =>
      correlation({ data: new Float64Array(4), shape: [2, 2] }, { data: new Float64Array(4), shape: [4] }),
    ).toThrow("[2, 2]");
  });
});
