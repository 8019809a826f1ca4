import { describe, expect, it } from "vitest";
import { random, tensor, type Tensor } from "../../index.js";
import {
  attentionMargin,
  attentionProbabilities,
  initAttention,
  randomAttention,
  tokenSelection,
} from "../index.js";

const data = randomAttention(random.key(2), { sequences: 4, tokens: 5, size: 8 });
const asTensor = ({ data: list, shape }: { data: Float64Array; shape: number[] }): Tensor =>
  tensor(list, { shape });

describe("tokenSelection", () => {
  it("reports what attention does", async () => {
    const weights = initAttention(random.key(1), 8, { parametrization: "KQ", scale: 3 });
    const { sequences } = await tokenSelection(data, weights);
    const s = (await attentionProbabilities(weights, data).data()) as Float64Array;
    sequences.forEach(({ selected, probability, runnerUp, lead, entropy }, i) => {
      const row = [...s.subarray(i * 5, (i + 1) * 5)];
      const sorted = [...row].sort((a, b) => b - a);
      expect(row[selected]).toBe(sorted[0]);
      expect(row[runnerUp!]).toBe(sorted[1]);
      expect(probability).toBeCloseTo(sorted[0]!, 12);
      expect(lead).toBeCloseTo(Math.log(sorted[0]! / sorted[1]!), 9);
      expect(entropy).toBeCloseTo(row.reduce((sum, v) => sum - v * Math.log(v), 0) / Math.log(5), 9);
    });
  });

  it.each(["frobenius", "nuclear"] as const)("recognises the separator of least %s norm", async (norm) => {
    const { x } = await attentionMargin(data, [1, 0, 3, 2], { norm });
    const report = await tokenSelection(data, { w: asTensor(x).mul(40) });
    expect(report.sequences.map((s) => s.selected)).toEqual([1, 0, 3, 2]);
    expect(report.closer).toBe(norm);
    expect(report[norm].correlation).toBeCloseTo(1, 6);
    expect(report[norm].attained).toBeCloseTo(1, 5);
    const other = report[norm === "nuclear" ? "frobenius" : "nuclear"];
    expect(other.attained).toBeGreaterThan(0);
    expect(other.attained).toBeLessThan(0.99);
    expect(report.seen).toBeCloseTo(1, 9);
    expect(report.spectrum).toHaveLength(4);
    expect(report.effectiveRank).toBeLessThanOrEqual(4 + 1e-9);
  });

  it("judges by the part of the weights that the data see", async () => {
    const { x } = await attentionMargin(data, [1, 0, 3, 2]);
    // Four queries leave four directions of eight unseen.
    const unseen = asTensor(x).add(random.normal(random.key(3), [8, 8], { dtype: "float64" }).mul(2));
    const report = await tokenSelection(data, { w: unseen });
    expect(report.seen).toBeLessThan(0.95);
    expect(report.seen).toBeGreaterThan(0.1);
    const inside = await tokenSelection(data, { w: unseen.mul(5) });
    expect(inside.frobenius.correlation).toBeCloseTo(report.frobenius.correlation, 9);
    expect(inside.frobenius.attained).toBeCloseTo(report.frobenius.attained, 9);
  });

  it("takes masks, also one that leaves a single token", async () => {
    const mask = tensor([
      [true, false, false, false, false],
      [true, true, false, false, false],
      [true, true, true, false, false],
      [true, true, true, true, true],
    ]);
    const { sequences, frobenius } = await tokenSelection({ ...data, mask }, initAttention(random.key(1), 8));
    expect(sequences[0]).toEqual({ selected: 0, probability: 1, lead: Infinity, entropy: 0 });
    expect(sequences[1]!.selected).toBeLessThan(2);
    expect(frobenius.margin.status).toBe("converged");
    expect(frobenius.attained).toBeGreaterThan(0);
    const closed = {
      ...data,
      mask: tensor(Array.from({ length: 4 }, () => new Array<boolean>(5).fill(false))),
    };
    await expect(tokenSelection(closed, initAttention(random.key(1), 8))).rejects.toThrow("none in 0");
  });

  it("says where there is no separator", async () => {
    const twins = {
      tokens: tensor([
        [
          [1, 0],
          [1, 0],
        ],
      ]),
      queries: tensor([[1, 1]]),
    };
    const report = await tokenSelection(twins, {
      w: tensor([
        [1, 2],
        [3, 4],
      ]),
    });
    expect(report.sequences[0]).toMatchObject({ selected: 0, probability: 0.5, lead: 0, entropy: 1 });
    for (const { margin, correlation, attained } of [report.frobenius, report.nuclear])
      expect([margin.status, correlation, attained]).toEqual(["infeasible", NaN, NaN]);
    expect([report.closer, report.seen]).toEqual([undefined, 0]);
  });

  it("refuses what does not fit", async () => {
    await expect(tokenSelection(data, { w: tensor([[1]]) })).rejects.toThrow("w [8, 8]");
    await expect(
      tokenSelection(data, { w: tensor(new Float64Array(64).fill(NaN), { shape: [8, 8] }) }),
    ).rejects.toThrow("finite numbers");
    await expect(tokenSelection(data, initAttention(random.key(0), 8), { tol: 1 } as never)).rejects.toThrow(
      "tol",
    );
  });
});
