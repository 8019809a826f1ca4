import { describe, expect, it } from "vitest";
import { OptionError, random, tensor, type Tensor } from "../index.js";
import { adam, cosineSchedule, sgd } from "../optim/index.js";
import { chooseLearningRates, compareOptimizers, type CompareOptions } from "./index.js";

type Params = { w: Tensor };

/** Linear regression whose batches depend on seed and step; every call is remembered. */
function regression(): CompareOptions<Params, { x: Tensor; y: Tensor }, "sgd" | "adam"> & {
  asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    init: (seed) => ({ w: random.normal(random.key(seed), [3, 1]) }),
    loss: ({ w }, { x, y }) => {
      const loss = x.matmul(w).sub(y).square().mean();
      return { loss, metrics: { size: w.square().sum() } };
    },
    batches: (seed, step) => {
      asked.push(`${seed}:${step}`);
      const x = random.normal(random.foldIn(random.key(seed), step), [16, 3]);
      return { x, y: x.matmul(tensor([[1], [-2], [0.5]])) };
    },
    steps: 50,
    stepsPerCall: 8,
    optimizers: {
      sgd: (learningRate) => sgd({ learningRate }),
      adam: (learningRate) => adam({ learningRate }),
    },
    learningRates: { sgd: [1e-3, 0.2, 1e6], adam: [0.3] },
    seeds: [0, 1],
    measure: ({ w }, state) => ({
      distance: w
        .sub(tensor([[1], [-2], [0.5]]))
        .square()
        .sum(),
      states: tensor((state as unknown[]).length),
    }),
  };
}

describe("compareOptimizers", () => {
  it("chooses learning rates with seeds of their own and pairs what is compared", async () => {
    const { asked, ...options } = regression();
    const seen: number[] = [];
    const result = await compareOptimizers({ ...options, onProgress: (fraction) => seen.push(fraction) });
    expect(result.sgd.learningRate).toBe(0.2);
    expect(result.sgd.atEdge).toBe(false);
    expect(result.sgd.tuning.map((t) => t.learningRate)).toEqual([1e-3, 0.2, 1e6]);
    expect(result.sgd.tuning[2]!.score).toBe(Infinity);
    expect(result.adam).toMatchObject({ learningRate: 0.3, atEdge: false, tuning: [] });
    for (const { runs } of Object.values(result)) {
      expect(runs.map((r) => [r.seed, r.status, r.losses.length])).toEqual([
        [0, "ok", 50],
        [1, "ok", 50],
      ]);
      expect(runs[0]!.metrics["size"]).toHaveLength(50);
    }
    // The same start and the same first batch: the same first loss.
    expect(result.sgd.runs[0]!.losses[0]).toBe(result.adam.runs[0]!.losses[0]);
    expect(result.sgd.runs[0]!.losses[0]).not.toBe(result.sgd.runs[1]!.losses[0]);
    expect(result.sgd.runs[0]!.figures["distance"]).toBeLessThan(1e-4);
    expect(result.adam.runs[0]!.figures["states"]).toBe(2);
    expect(asked.filter((a) => a === "0:7")).toHaveLength(2);
    expect(asked.filter((a) => a === "1000:7")).toHaveLength(3);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
  });

  it("chooses the same learning rates without the runs that count", async () => {
    const { asked, seeds: _, measure: __, ...options } = regression();
    const tuned = await chooseLearningRates(options);
    expect(tuned.sgd).toMatchObject({ learningRate: 0.2, atEdge: false });
    expect(tuned.adam).toEqual({ learningRate: 0.3, atEdge: false, tuning: [] });
    expect(asked.every((a) => a.startsWith("1000:"))).toBe(true);
  });

  it("says that a run diverged, and where", async () => {
    const { asked: _, ...options } = regression();
    const { sgd: diverged } = await compareOptimizers({
      ...options,
      ...{ optimizers: { sgd: options.optimizers.sgd }, learningRates: [1e6], seeds: [0] },
    });
    expect(diverged!.runs[0]).toMatchObject({ status: "non-finite", figures: {} });
    expect(diverged!.runs[0]!.losses.length).toBeLessThan(50);
    expect(diverged!.runs[0]!.losses.every(Number.isFinite)).toBe(true);
  });

  it("multiplies by the schedule, and scores by what it is told to", async () => {
    const { asked: _, ...options } = regression();
    const common = { ...options, optimizers: { sgd: options.optimizers.sgd }, seeds: [0] };
    const still = await compareOptimizers({
      ...common,
      ...{ learningRates: [0.1], schedule: cosineSchedule({ init: 0, steps: 1 }) },
    });
    const size = still.sgd!.runs[0]!.metrics["size"]!;
    expect(new Set(size).size).toBe(1);
    // The largest weights win if that is the score.
    const { sgd: slow } = await compareOptimizers({
      ...common,
      ...{
        learningRates: [1e-9, 0.1],
        score: ({ w }: Params) =>
          w
            .sub(tensor([[1], [-2], [0.5]]))
            .square()
            .sum()
            .neg(),
      },
    });
    expect(slow).toMatchObject({ learningRate: 1e-9, atEdge: true });
  });

  it("refuses what cannot be compared, and stops at a signal", async () => {
    const { asked: _, ...options } = regression();
    const bad: object[] = [
      { steps: 0 },
      { tuningSeeds: [] },
      { optimizers: {} },
      { learningRates: [] },
      { learningRates: [0] },
      { learningRates: { sgd: [1] } },
      { stepPerCall: 3 },
    ];
    for (const change of bad)
      await expect(compareOptimizers({ ...options, ...change })).rejects.toThrow(OptionError);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(compareOptimizers({ ...options, signal })).rejects.toThrow("enough");
  });
});
