import { beforeAll, describe, expect, it } from "vitest";
import { OptionError, ShapeError, tensor, TreeError, treeLeaves, type Tensor } from "../index.js";
import { foldIn, key as randomKey, uniform } from "../core/random/index.js";
import { adam, sgd } from "../optim/index.js";
import { seededUniform } from "../data/seeded.js";
import { train, type Progress, type Snapshot, type TrainOptions, type TrainRecord } from "./index.js";

type Params = { w: Tensor; b: Tensor };
type Batch = { x: Tensor; y: Tensor };

const start: Params = { w: tensor([[0.1], [-0.2]]), b: tensor([0]) };

/** y = 2·x₀ − x₁ + 0.5, eight points a step. */
function batches(step: number): Batch {
  const draw = seededUniform(7, step);
  const x = Float32Array.from({ length: 16 }, () => 2 * draw() - 1);
  const y = Float32Array.from({ length: 8 }, (_, i) => 2 * x[2 * i]! - x[2 * i + 1]! + 0.5);
  return { x: tensor(x, { shape: [8, 2] }), y: tensor(y, { shape: [8, 1] }) };
}

const loss = ({ w, b }: Params, { x, y }: Batch, key: Tensor): Tensor =>
  x
    .matmul(w)
    .add(b)
    .add(uniform(key, [8, 1], { min: -0.01, max: 0.01 }))
    .sub(y)
    .square()
    .mean();

const base = {
  params: start,
  loss,
  optimizer: adam({ learningRate: 0.05 }),
  batches,
  key: randomKey(3),
  steps: 25,
};

const bits = async (tree: unknown): Promise<string> =>
  (await Promise.all(treeLeaves(tree).map(async (t) => String(await t.data())))).join("|");

describe("a run", () => {
  it("learns, records every tenth step and the last, and reports progress", async () => {
    const seen: TrainRecord[] = [];
    const progress: Progress[] = [];
    const { status, step, params, history, ema } = await train({
      ...base,
      ...{ steps: 305, gradientNorm: true, ema: 0.9 },
      onRecord: (record) => void seen.push(record),
      onProgress: (p) => void progress.push(p),
    });
    expect([status, step]).toEqual(["ok", 305]);
    expect(history).toEqual(seen);
    expect(history.map((r) => r.step).slice(-2)).toEqual([300, 305]);
    expect(history.at(-1)!.loss).toBeLessThan(1e-3);
    expect(history.at(-1)!.gradientNorm).toBeGreaterThan(0);
    expect(await params.w.data()).toSatisfy((w: Float32Array) => Math.hypot(w[0]! - 2, w[1]! + 1) < 0.05);
    expect(await ema!.b.item()).toBeCloseTo(0.5, 1);
    expect(progress).toHaveLength(305);
    expect(progress.at(-1)).toMatchObject({ step: 305, steps: 305, secondsLeft: 0 });
    expect(progress[5]!.stepsPerSecond).toBeGreaterThan(0);
  });

  it("gives every step its own key, and several steps in one call the same keys", async () => {
    const drawn = async (stepsPerCall: number): Promise<number[]> => {
      const { history } = await train({
        ...base,
        ...{ steps: 7, stepsPerCall, recordEvery: 1 },
        loss: (p, batch, key) => ({ loss: loss(p, batch, key), metrics: { draw: uniform(key) } }),
      });
      return history.map((r) => r.draw!);
    };
    const want = await Promise.all(
      Array.from({ length: 7 }, (_, i) => uniform(foldIn(randomKey(3), i)).item()),
    );
    expect(await drawn(1)).toEqual(want);
    expect(await drawn(3)).toEqual(want);
  });

  it("with several steps in a call takes the same path", async () => {
    const one = await train({ ...base, recordEvery: 1, ema: { decay: 0.9, warmup: true } });
    const four = await train({ ...base, recordEvery: 1, ema: { decay: 0.9, warmup: true }, stepsPerCall: 4 });
    expect(four.history.map((r) => r.step)).toEqual(one.history.map((r) => r.step));
    four.history.forEach((r, i) => expect(r.loss).toBeCloseTo(one.history[i]!.loss, 5));
    const [a, b] = [treeLeaves(one.ema), treeLeaves(four.ema)];
    for (const [i, t] of a.entries()) {
      const [x, y] = await Promise.all([t.data(), b[i]!.data()]);
      x.forEach((v, k) => expect(Number(y[k])).toBeCloseTo(Number(v), 5));
    }
  });

  it("takes a custom step with a state of its own", async () => {
    const { params, state } = await train({
      params: { w: tensor([4]) },
      step: ({ params: { w }, state: { seen }, batch, step }) => ({
        params: { w: w.sub(batch) },
        state: { seen: seen.add(step) },
        loss: w.sum(),
      }),
      state: { seen: tensor(0, { dtype: "int32" }) },
      batches: () => tensor([0.5]),
      steps: 4,
    });
    expect(await params.w.item()).toBe(2);
    expect(await state.seen.item()).toBe(0 + 1 + 2 + 3);
  });

  it("of no steps changes nothing", async () => {
    const { status, params } = await train({ ...base, steps: 0 });
    expect(status).toBe("ok");
    expect(await bits(params)).toBe(await bits(start));
  });
});

describe("stopping and going on", () => {
  let whole: Snapshot<Params>;
  beforeAll(async () => {
    whole = (await train({ ...base, ema: 0.9 })).snapshot;
  });

  it("is deterministic", async () => {
    expect(await bits((await train({ ...base, ema: 0.9 })).snapshot.params)).toBe(await bits(whole.params));
  });

  it("goes on bit for bit from any checkpoint", async () => {
    const kept: Snapshot<Params>[] = [];
    await train({ ...base, ema: 0.9, checkpoint: { every: 9, save: (s) => void kept.push(s) } });
    expect(kept.map((s) => s.step)).toEqual([9, 18, 25]);
    for (const resume of kept.slice(0, 2)) {
      const { snapshot, history } = await train({ ...base, ema: 0.9, resume });
      for (const part of ["params", "state", "ema"] as const)
        expect(await bits(snapshot[part])).toBe(await bits(whole[part]));
      expect(history.map((r) => r.step)).toEqual([10, 20, 25].filter((s) => s > resume.step));
    }
    const again = await train({ ...base, ema: 0.9, resume: () => kept[2]! });
    expect([again.status, again.step, again.history.length]).toEqual(["ok", 25, 0]);
  });

  it("stops at a signal, keeps a checkpoint, and goes on", async () => {
    const stop = new AbortController();
    const kept: Snapshot<Params>[] = [];
    const cut = await train({
      ...base,
      ...{ ema: 0.9, stepsPerCall: 5, signal: stop.signal },
      onProgress: ({ step }) => void (step === 15 && stop.abort()),
      checkpoint: { every: 1000, save: (s) => void kept.push(s) },
    });
    expect([cut.status, cut.step, kept.map((s) => s.step)]).toEqual(["aborted", 15, [15]]);
    const straight = await train({ ...base, ema: 0.9, stepsPerCall: 5 });
    const { params } = await train({ ...base, ema: 0.9, stepsPerCall: 5, resume: kept[0]! });
    expect(await bits(params)).toBe(await bits(straight.params));
    const never = await train({ ...base, signal: AbortSignal.abort() });
    expect([never.status, never.step]).toEqual(["aborted", 0]);
  });

  it("refuses to go on with another key, other parameters or another optimizer", async () => {
    const resume = whole;
    await expect(train({ ...base, ema: 0.9, key: randomKey(4), resume })).rejects.toThrow(/the key/);
    await expect(train({ ...base, resume })).rejects.toThrow(TreeError);
    await expect(train({ ...base, ema: 0.9, optimizer: sgd(), resume })).rejects.toThrow(TreeError);
    const params = { w: tensor([[1, 2]]), b: tensor([0]) };
    await expect(train({ ...base, params, ema: 0.9, resume })).rejects.toThrow(/resume\.ema\.average\.w/);
  });
});

describe("numbers that are not finite", () => {
  const poisoned =
    (at: number) =>
    (step: number): Batch => {
      const batch = batches(step);
      return step === at ? { ...batch, y: tensor(new Float32Array(8).fill(NaN), { shape: [8, 1] }) } : batch;
    };

  it.each([1, 4])(
    "stop the run with the step, the last checkpoint and advice (%i steps a call)",
    async (k) => {
      const result = await train({
        ...base,
        ...{ batches: poisoned(14), stepsPerCall: k },
        checkpoint: { every: 4, save: ({ step }) => `run/step-${step}` },
      });
      expect(result.status).toBe("non-finite");
      expect(result.failure).toMatchObject({ step: 14, loss: NaN, checkpoint: "run/step-12" });
      expect(result.failure!.message).toMatch(/NaN at step 14.*learning rate.*run\/step-12, is good/);
      expect(result.step).toBe(k === 1 ? 14 : 12);
      const clean = await train({ ...base, steps: result.step, stepsPerCall: k });
      expect(await bits(result.params)).toBe(await bits(clean.params));
    },
  );

  it("in the parameters are found before the loss shows them, and never reach a checkpoint", async () => {
    const kept: number[] = [];
    const result = await train({
      params: tensor([1]),
      step: ({ params, step }) => ({
        params: params.div(step.sub(5)),
        state: {},
        loss: tensor(1),
      }),
      batches: () => ({}),
      steps: 6,
      checkpoint: { every: 2, save: (s) => void kept.push(s.step) },
    });
    expect(kept).toEqual([2, 4]);
    expect([result.status, result.step, result.failure!.step]).toEqual(["non-finite", 4, 5]);
    expect(await result.params.item()).toBeCloseTo(1 / 120, 9);
  });
});

describe("bad input", () => {
  const refused: readonly (readonly [string, Partial<TrainOptions<Params, Batch>>, unknown])[] = [
    ["an unknown option", { epochs: 3 } as object, OptionError],
    ["no loss", { loss: undefined } as never, OptionError],
    ["a loss and a step", { step: (() => undefined) as never }, OptionError],
    ["steps below 0", { steps: -1 }, OptionError],
    ["no steps in a call", { stepsPerCall: 0 }, OptionError],
    ["a memory out of range", { ema: 1 }, OptionError],
    ["no checkpoint interval", { checkpoint: { every: 0, save: () => undefined } }, OptionError],
    ["batches that are a list", { batches: [] as never }, OptionError],
    ["a batch with a number", { batches: () => ({ x: 1 }) as never }, TreeError],
    ["a loss that is no scalar", { loss: ({ w }) => w }, ShapeError],
    [
      "a metric that is no scalar",
      { loss: (p, b, k) => ({ loss: loss(p, b, k), metrics: { w: p.w } }) },
      ShapeError,
    ],
    [
      "a metric called step",
      { loss: (p, b, k) => ({ loss: loss(p, b, k), metrics: { step: k } }) },
      OptionError,
    ],
    [
      "batches of different shapes",
      { stepsPerCall: 2, batches: (s) => (s ? { ...batches(s), y: tensor([1]) } : batches(s)) },
      ShapeError,
    ],
  ];

  it.each(refused)("%s", async (_, change, error) => {
    await expect(train({ ...base, ...change })).rejects.toThrow(error);
  });

  it("errors of callbacks and batches reach the caller", async () => {
    const fails = (): never => {
      throw new Error("the disk is full");
    };
    await expect(train({ ...base, onRecord: fails })).rejects.toThrow("the disk is full");
    await expect(train({ ...base, checkpoint: { every: 5, save: fails } })).rejects.toThrow(
      "the disk is full",
    );
    await expect(train({ ...base, batches: (s) => (s === 3 ? fails() : batches(s)) })).rejects.toThrow(
      "disk",
    );
  });

  it("a step that changes the shape of a parameter", async () => {
    const run = train({
      params: { w: tensor([1]) },
      step: ({ params: { w }, state }) => ({ params: { w: w.reshape([1, 1]) }, state, loss: w.sum() }),
      batches: () => ({}),
      steps: 1,
    });
    await expect(run).rejects.toThrow(/params after the step\.w/);
  });
});

it("runs with flat memory", { timeout: 60_000 }, async () => {
  let before = 0;
  let after = 0;
  await train({
    params: tensor(new Float32Array(100_000)),
    loss: (p: Tensor, x: Tensor) => p.sub(x).square().sum(),
    optimizer: adam(),
    batches: () => tensor([1]),
    steps: 500,
    onProgress({ step }) {
      if (step === 100) before = process.memoryUsage.rss();
      if (step === 500) after = process.memoryUsage.rss();
    },
  });
  // Parameters and moments are 1.2 MB; 400 steps that kept theirs would add 480 MB.
  expect(after - before).toBeLessThan(150e6);
});
