import { describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../core/errors.js";
import {
  type Batch,
  batches,
  batchesPerEpoch,
  type BatchPlan,
  epochOrder,
  gatherRows,
  partition,
} from "./batches.js";

const take = (plan: BatchPlan, count: number, startStep?: number): Batch[] => {
  const source = batches(plan, startStep);
  return Array.from({ length: count }, () => source.next().value);
};

describe("batches", () => {
  const plan = { n: 10, batchSize: 3, seed: 4 };

  it("visits rows at most once an epoch, in an order that changes with the epoch and the seed", () => {
    const run = take(plan, 6);
    expect(run.map((batch) => [batch.step, batch.epoch])).toEqual([
      ...[0, 1, 2].map((step) => [step, 0]),
      ...[3, 4, 5].map((step) => [step, 1]),
    ]);
    for (const epoch of [run.slice(0, 3), run.slice(3)]) {
      const rows = epoch.flatMap((batch) => [...batch.indices]);
      expect(new Set(rows).size).toBe(9);
      expect(rows.every((row) => row >= 0 && row < 10)).toBe(true);
    }
    expect(run[0]!.indices).not.toEqual(run[3]!.indices);
    expect(take({ ...plan, seed: 5 }, 3)).not.toEqual(run.slice(0, 3));
  });

  it("goes on exactly from any step", () => {
    const run = take(plan, 20);
    for (const start of [1, 3, 8, 13]) expect(take(plan, 20 - start, start)).toEqual(run.slice(start));
  });

  it("covers every row when the batch size divides n", () => {
    const rows = take({ n: 12, batchSize: 4, seed: 0 }, 3).flatMap((batch) => [...batch.indices]);
    expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it("refuses a bad plan at the call", () => {
    expect(() => batches({ ...plan, batchSize: 11 })).toThrow("want batchSize at most the 10 rows, got 11");
    expect(() => batches({ ...plan, batchSize: 0 })).toThrow(OptionError);
    expect(() => batches({ ...plan, n: 0 })).toThrow(OptionError);
    expect(() => batches({ ...plan, seed: -1 })).toThrow(OptionError);
    expect(() => batches(plan, 0.5)).toThrow(OptionError);
    expect(() => batches({ ...plan, size: 1 } as BatchPlan)).toThrow(OptionError);
  });

  it("counts the whole batches", () => {
    expect(batchesPerEpoch(plan)).toBe(3);
    expect(batchesPerEpoch({ n: 5, batchSize: 5 })).toBe(1);
  });
});

it("epochOrder is a permutation, and pure", () => {
  const order = epochOrder(1, 2, 100);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(epochOrder(1, 2, 100)).toEqual(order);
  expect(epochOrder(1, 3, 100)).not.toEqual(order);
});

describe("gatherRows", () => {
  const array = { data: Int32Array.of(0, 1, 10, 11, 20, 21), shape: [3, 1, 2] };

  it("copies rows, repeats included, and keeps the type", () => {
    expect(gatherRows(array, [2, 0, 2])).toEqual({
      data: Int32Array.of(20, 21, 0, 1, 20, 21),
      shape: [3, 1, 2],
    });
    expect(gatherRows({ data: Uint8Array.of(5, 6), shape: [2] }, Int32Array.of(1))).toEqual({
      data: Uint8Array.of(6),
      shape: [1],
    });
    expect(gatherRows(array, []).shape).toEqual([0, 1, 2]);
  });

  it.each([[[3]], [[-1]], [[0.5]], [[NaN]]])("refuses the indices %j", (indices) => {
    expect(() => gatherRows(array, indices)).toThrow("want indices in [0, 3)");
  });

  it("refuses data that do not fill the shape", () => {
    expect(() => gatherRows({ data: new Uint8Array(3), shape: [2] }, [0])).toThrow(ShapeError);
  });
});

describe("partition", () => {
  it("parts all rows in two, the same for the same arguments", () => {
    const { train, holdout } = partition(50, { holdout: 0.3, seed: 1 });
    expect(holdout.length).toBe(15);
    expect([...train, ...holdout].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(partition(50, { holdout: 0.3, seed: 1 })).toEqual({ train, holdout });
    expect(partition(50, { holdout: 0.3, seed: 2 }).holdout).not.toEqual(holdout);
    expect([...holdout]).toEqual([...holdout].sort((a, b) => a - b));
  });

  it("parts every class alike", () => {
    const labels = Array.from({ length: 100 }, (_, i) => (i < 20 ? 0 : 1));
    const { holdout } = partition(100, { labels });
    expect([...holdout].filter((row) => row < 20).length).toBe(4);
    expect(holdout.length).toBe(20);
  });

  it("refuses bad parts and labels", () => {
    expect(() => partition(10, { holdout: 1 })).toThrow(OptionError);
    expect(() => partition(1)).toThrow(OptionError);
    expect(() => partition(10, { labels: [0] })).toThrow(ShapeError);
    expect(() => partition(10, { part: 0.5 } as object)).toThrow(OptionError);
  });
});
