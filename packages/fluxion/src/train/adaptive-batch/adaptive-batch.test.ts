import { describe, expect, it } from "vitest";
import { OptionError, random, ShapeError, tensor, type NestedArray, type Tensor } from "../../index.js";
import { adagrad, adagradNorm, cosineSchedule, sgd, type Transform } from "../../optim/index.js";
import {
  batchSizeController,
  batchStatistics,
  requiredBatch,
  trainAdaptive,
  type AdaptiveTrainOptions,
  type ObservedBatch,
} from "../index.js";

const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const key = random.key(0);

/** A loss whose gradient by w is the example itself. */
const linear = (w: Tensor, batch: Tensor): Tensor => batch.mul(w).sum(-1).mean();
const gradients = double([
  [1, 0],
  [0, 1],
  [2, -1],
  [1, 2],
]);
const start = double([0, 0]);

async function observed(
  statistics: ReturnType<typeof batchStatistics<Tensor, Tensor>>,
  b: number,
): Promise<ObservedBatch> {
  const { sumSquares, squaredNorm, innerSquares } = statistics;
  return {
    ...{ b, sumSquares: await sumSquares.item(), squaredNorm: await squaredNorm.item() },
    ...(innerSquares ? { innerSquares: await innerSquares.item() } : {}),
  };
}

describe("statistics of single gradients", () => {
  it("sums what the tests need, the same under any splitting", async () => {
    for (const microBatch of [1, 2, 4]) {
      const found = batchStatistics(linear, start, gradients, key, { microBatch, inner: true });
      expect(await found.gradient.toArray()).toEqual([1, 0.5]);
      const seen = await observed(found, 4);
      expect(seen).toEqual({ b: 4, sumSquares: 12, squaredNorm: 1.25, innerSquares: 5 / 4 + 4 * 1.25 ** 2 });
      expect(requiredBatch({ kind: "norm", eta: 0.5 }, seen)).toBe(8);
      expect(requiredBatch({ kind: "norm", eta: 0.1 }, seen)).toBe(187);
      expect(requiredBatch({ kind: "norm", eta: 2 }, seen)).toBe(4);
      expect(requiredBatch({ kind: "inner", theta: 0.5 }, seen)).toBe(4);
      expect(requiredBatch({ kind: "augmented", theta: 0.5, nu: 0.5 }, seen)).toBe(7);
    }
  });

  it("splits parameters into a tree without a difference, and gives every example its own key", async () => {
    const tree = { a: double([0]), b: double([0]) };
    const loss = ({ a, b }: typeof tree, batch: Tensor): Tensor =>
      batch
        .slice(null, [0, 1])
        .mul(a)
        .add(batch.slice(null, [1, 2]).mul(b))
        .sum(-1)
        .mean();
    const found = batchStatistics(loss, tree, gradients, key);
    expect(await found.sumSquares.item()).toBe(12);
    expect(await found.squaredNorm.item()).toBe(1.25);
    const noisy = (w: Tensor, batch: Tensor, k: Tensor): Tensor =>
      batch
        .add(random.normal(k, [1, 2]))
        .mul(w)
        .sum(-1)
        .mean();
    const x = tensor([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    const whole = batchStatistics(noisy, tensor([1, 1]), x, key);
    const split = batchStatistics(noisy, tensor([1, 1]), x, key, { microBatch: 2 });
    expect(await whole.sumSquares.item()).toBeGreaterThan(4 * (await whole.squaredNorm.item()));
    expect(await split.sumSquares.item()).toBeCloseTo(await whole.sumSquares.item(), 4);
  });

  it("refuses what has no examples or does not divide", () => {
    expect(() => batchStatistics(linear, start, gradients, key, { microBatch: 3 })).toThrow(OptionError);
    expect(() => batchStatistics(linear, start, double([[]]).slice([0, 0]), key)).toThrow(ShapeError);
  });
});

describe("the controller", () => {
  const noise = (b: number, factor: number): ObservedBatch => ({
    b,
    squaredNorm: 1,
    // ‖Var‖₁ = factor.
    sumSquares: factor * (b - 1) + b,
  });

  it("grows to what the test asks for, rounded up, and never shrinks", () => {
    const c = batchSizeController({ initial: 4, max: 100, test: { kind: "norm", eta: 1 } });
    expect(c.current()).toBe(4);
    expect(c.observe(noise(4, 9))).toBe(16);
    expect(c.observe(noise(16, 1))).toBe(16);
    expect(c.observe(noise(16, 70))).toBe(100);
    expect(c.observe(noise(100, 1e9))).toBe(100);
    const exact = batchSizeController({
      initial: 4,
      max: 100,
      round: (n) => n,
      test: { kind: "norm", eta: 1 },
    });
    expect(exact.observe(noise(4, 9))).toBe(9);
    expect(exact.observe({ b: 9, squaredNorm: 0, sumSquares: 1 })).toBe(100);
    const quiet = batchSizeController({ initial: 4, max: 100 });
    expect(quiet.observe({ b: 4, squaredNorm: 0, sumSquares: 0 })).toBe(4);
  });

  it("tests every interval steps, and goes on from its state", () => {
    const c = batchSizeController({ initial: 4, max: 64, interval: 2 });
    expect(c.observe(noise(4, 100))).toBe(4);
    const other = batchSizeController({ initial: 4, max: 64, interval: 2 });
    other.restore(c.state());
    expect(other.observe(noise(4, 2))).toBe(c.observe(noise(4, 2)));
    expect(c.current()).toBe(8);
  });

  it("refuses wrong options", () => {
    for (const options of [
      { max: 4, initial: 1 },
      { max: 4, initial: 8 },
      { max: 8, test: { kind: "norm", eta: 0 } as const },
      { max: 8, test: { kind: "size" } as never },
      { max: 8, interval: 0 },
    ])
      expect(() => batchSizeController(options)).toThrow(OptionError);
    expect(() => requiredBatch({ kind: "inner", theta: 1 }, noise(4, 1))).toThrow(/innerSquares/);
  });
});

/** Least squares on eight rows, taken in their order: the dossier's trajectory. */
const rowsOfA = [
  [1, 0],
  [0, 1],
  [1, 1],
  [1, -1],
  [2, 0],
  [0, 2],
  [1, 2],
  [2, 1],
];
const targets = [1, 2, 2, 0, 1, 3, 4, 5];
type Batch = { x: Tensor; y: Tensor };
const squares = (w: Tensor, { x, y }: Batch): Tensor =>
  x
    .matmul(w.reshape([2, 1]))
    .reshape([y.size])
    .sub(y)
    .square()
    .mul(0.5)
    .mean();

async function trajectory(optimizer: Transform): Promise<{ w: number[][]; sizes: number[]; next: number }> {
  const controller = batchSizeController({
    initial: 2,
    max: 8,
    round: (n) => n,
    test: { kind: "norm", eta: 0.8 },
  });
  let w = double([0, 0]);
  let state = optimizer.init(w);
  const [points, sizes]: [number[][], number[]] = [[], []];
  for (let i = 0; i < 4; i++) {
    const b = controller.current();
    sizes.push(b);
    const batch = { x: double(rowsOfA.slice(0, b)), y: double(targets.slice(0, b)) };
    const found = batchStatistics(squares, w, batch, key);
    const { updates, state: next } = optimizer.update(found.gradient, state, w);
    w = double([...((await w.add(updates).data()) as Float64Array)]);
    state = next;
    controller.observe({
      b,
      sumSquares: await found.sumSquares.item(),
      squaredNorm: await found.squaredNorm.item(),
    });
    points.push([...((await w.data()) as Float64Array)]);
  }
  return { w: points, sizes, next: controller.current() };
}

describe("AdAdaGrad", () => {
  it("follows the dossier's trajectories, by coordinates and by norm", async () => {
    const cases = [
      [
        adagrad({ learningRate: 0.5 }),
        5,
        [
          [0.4999999999, 0.49999999995],
          [0.7999999998903999, 0.7649994699405518],
          [0.9166864761624255, 0.9349666641426509],
          [0.9650662059547374, 1.050858679702203],
        ],
      ],
      [
        adagradNorm({ learningRate: 0.5 }),
        4,
        [
          [0.222717701593687, 0.445435403187374],
          [0.4266303412237539, 0.6783670047809718],
          [0.5634534284704522, 0.8346614890521407],
          [0.662776243677633, 0.9481190092086413],
        ],
      ],
    ] as const;
    for (const [optimizer, next, want] of cases) {
      const got = await trajectory(optimizer);
      expect(got.sizes).toEqual([2, 4, 4, 4]);
      expect(got.next).toBe(next);
      want.flat().forEach((v, i) => expect(Math.abs(v - got.w.flat()[i]!)).toBeLessThan(1e-12));
    }
  });

  const n = 512;
  const features = random.normal(random.key(1), [n, 3]);
  const labels = features
    .matmul(tensor([[1], [-2], [0.5]]))
    .reshape([n])
    .add(random.normal(random.key(2), [n]).mul(0.3));
  async function options(): Promise<AdaptiveTrainOptions<Tensor, Batch>> {
    const [x, y] = [(await features.data()) as Float32Array, (await labels.data()) as Float32Array];
    const loss = (w: Tensor, batch: Batch): Tensor =>
      batch.x.matmul(w).reshape([batch.y.size]).sub(batch.y).square().mean();
    return {
      ...{
        params: tensor([[0], [0], [0]]),
        loss,
        n,
        samples: 6000,
        optimizer: adagradNorm({ learningRate: 1 }),
      },
      rows: (indices) => ({
        x: tensor(Float32Array.from([...indices].flatMap((i) => [...x.subarray(3 * i, 3 * i + 3)])), {
          shape: [indices.length, 3],
        }),
        y: tensor(Float32Array.from(indices, (i) => y[i]!)),
      }),
      ...{ batch: { initial: 4, max: 256, test: { kind: "norm", eta: 0.7 } }, microBatch: 32 },
    };
  }

  it("trains while the batch grows, and resumes bit for bit", async () => {
    const common = await options();
    const seen: number[] = [];
    const whole = await trainAdaptive({ ...common, onRecord: ({ batchSize }) => void seen.push(batchSize) });
    expect(whole.status).toBe("ok");
    expect(whole.snapshot.samples).toBeGreaterThanOrEqual(6000);
    expect(seen[0]).toBe(4);
    expect(seen.at(-1)).toBeGreaterThan(32);
    seen.forEach((b, i) => expect(b).toBeGreaterThanOrEqual(seen[i - 1] ?? 0));
    // Powers of two up to a micro-batch, then whole micro-batches: few shapes are compiled.
    expect(new Set(seen).size).toBeLessThanOrEqual(8);
    expect(whole.history.at(-1)!.loss).toBeLessThan(0.2);
    const half = await trainAdaptive({ ...common, maxSteps: 20 });
    const rest = await trainAdaptive({ ...common, resume: half.snapshot });
    expect(await rest.params.toArray()).toEqual(await whole.params.toArray());
    expect([...half.history, ...rest.history]).toEqual(whole.history);
  });

  it("works with any optimizer, scheduled by examples, and with the other tests", async () => {
    const common = await options();
    const run = await trainAdaptive({
      ...common,
      ...{
        optimizer: sgd({ learningRate: 0.1 }),
        schedule: cosineSchedule({ init: 1, steps: 6000 }),
        samples: 3000,
      },
      batch: { initial: 4, max: 128, test: { kind: "augmented", theta: 0.9, nu: 5 } },
    });
    expect(run.status).toBe("ok");
    expect(run.history.at(-1)!.loss).toBeLessThan(0.4);
    const still = await trainAdaptive({ ...common, schedule: () => tensor(0), maxSteps: 3 });
    expect(await still.params.toArray()).toEqual([[0], [0], [0]]);
  });

  it("stops at a signal and at a loss that is no number", async () => {
    const common = await options();
    expect((await trainAdaptive({ ...common, signal: AbortSignal.abort() })).status).toBe("aborted");
    const diverged = await trainAdaptive({ ...common, optimizer: sgd({ learningRate: 1e20 }) });
    expect(diverged.status).toBe("non-finite");
    await expect(trainAdaptive({ ...common, samples: 0 })).rejects.toThrow(OptionError);
    await expect(trainAdaptive({ ...common, bach: {} } as never)).rejects.toThrow(OptionError);
  });
});
