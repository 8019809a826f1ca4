import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { OptionError, ShapeError, tensor, type Tensor } from "../index.js";
import { adam } from "../optim/index.js";
import { flatten, unflatten } from "./flat.js";
import { codedWorker } from "./coded-worker.js";
import { gradientCode, type Scheme } from "./gradient-code.js";
import { threadPool } from "./node/index.js";
import { trainCoded } from "./train-coded.js";
import { virtualPool } from "./virtual-pool.js";
import { weightedGradient } from "./weighted-gradient.js";

/** A small regression: 40 examples, y = x·(1, −2) + 0.5. */
const rows = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(2 * i)] as const);
const target = rows.map(([a, b]) => a - 2 * b + 0.5);
type Params = { w: Tensor; b: Tensor };
const params: Params = { w: tensor([0.1, 0.1]), b: tensor([0]) };
const batch = (examples: Int32Array) => ({
  x: tensor(Array.from(examples, (e) => [...rows[e]!])),
  y: tensor(Array.from(examples, (e) => target[e]!)),
});
const gradient = weightedGradient({
  params,
  losses: (p: Params, { x, y }: { x: Tensor; y: Tensor }) => x.matmul(p.w).add(p.b).sub(y).square(),
  batch,
  multiple: 8,
});
afterAll(() => gradient.release());

const jobs = 10;
const examples = (job: number) => Int32Array.from({ length: 23 }, (_, i) => (7 * job + i) % 40);
/** Worker r straggles in round r, as far as there are workers. */
const delay = (worker: number, round: number): number => (worker === round % 7 && round % 2 === 0 ? 9 : 1);

async function train(scheme: Scheme, models = 4) {
  const code = gradientCode(6, scheme);
  const pool = virtualPool({ size: 6, handler: () => codedWorker(gradient), delay });
  const gradients: Float32Array[] = [];
  const result = await trainCoded({
    ...{ code, pool, examples, jobs },
    models: Array.from({ length: models }, () => ({ params, optimizer: adam({ learningRate: 0.1 }) })),
    onRound: (_, step) => void (step && (gradients[step.job] = step.gradient)),
  });
  return { ...result, gradients };
}

const closeTo = (a: Float32Array, b: Float32Array): void =>
  a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(2e-5 * Math.max(1, Math.abs(b[i]!))));

describe("weightedGradient", () => {
  it("is the weighted sum of the gradients of single examples", async () => {
    const at = await flatten(params);
    const one = async (e: number) => gradient(at, Int32Array.of(e), Float32Array.of(1));
    const [a, b] = [await one(3), await one(17)];
    const both = await gradient(at, Int32Array.of(3, 17), Float32Array.of(2, -0.5));
    closeTo(
      both,
      a.map((v, i) => 2 * v - 0.5 * b[i]!),
    );
    // By hand: 2·(x·w + b − y)·(1, x).
    const residual = 0.1 * rows[3]![0] + 0.1 * rows[3]![1] - target[3]!;
    closeTo(
      a,
      Float32Array.from([1, ...rows[3]!], (x) => 2 * residual * x),
    );
    expect([...(await gradient(at, new Int32Array(), new Float32Array()))]).toEqual([0, 0, 0]);
    await expect(gradient(at, Int32Array.of(1), new Float32Array())).rejects.toThrow(OptionError);
    const whole = weightedGradient({ params, losses: (p: Params) => p.b.sum(), batch });
    await expect(whole(at, Int32Array.of(1), Float32Array.of(1))).rejects.toThrow(ShapeError);
  });

  it("travels as one vector and comes back", async () => {
    const vector = await flatten(params);
    const again = unflatten(tensor(vector), params);
    expect([...(await again.w.data())]).toEqual([...(await params.w.data())]);
    await expect(flatten({ a: tensor([1], { dtype: "int32" }) })).rejects.toThrow(OptionError);
  });
});

describe("trainCoded", () => {
  const schemes: Scheme[] = [
    { kind: "gc", s: 1 },
    { kind: "gc", s: 3 },
    { kind: "sr-sgc", B: 1, W: 2, lambda: 2 },
    { kind: "m-sgc", B: 1, W: 2, lambda: 2 },
    { kind: "m-sgc", B: 2, W: 3, lambda: 3 },
    { kind: "m-sgc", B: 1, W: 3, lambda: 6 },
  ];

  it.each(schemes)("has the gradients of the uncoded training: %o", async (scheme) => {
    const plain = await train({ kind: "uncoded" });
    const coded = await train(scheme);
    expect(coded.gradients).toHaveLength(jobs);
    coded.gradients.forEach((g, job) => closeTo(g, plain.gradients[job]!));
    for (const [m, p] of coded.params.entries()) closeTo(await flatten(p), await flatten(plain.params[m]));
    expect(coded.seconds).toBeLessThan(plain.seconds);
  });

  it("equals plain training by Adam", async () => {
    const { gradients } = await train({ kind: "uncoded" }, 1);
    const at = await flatten(params);
    const first = examples(0);
    const sum = await gradient(at, first, new Float32Array(first.length).fill(1));
    closeTo(
      gradients[0]!,
      sum.map((v) => v / first.length),
    );
  });

  it("sends jobs again to a worker that lost its memory", async () => {
    const code = gradientCode(6, { kind: "m-sgc", B: 1, W: 2, lambda: 2 });
    let queries = 0;
    const pool = virtualPool({
      size: 6,
      handler: (worker) => {
        let handle = codedWorker(gradient);
        return (query: Parameters<typeof handle>[0]) => {
          // After its third query worker 2 is a new one.
          if (worker === 2 && queries++ === 3) handle = codedWorker(gradient);
          return handle(query);
        };
      },
    });
    const models = Array.from({ length: 2 }, () => ({ params, optimizer: adam({ learningRate: 0.1 }) }));
    const { rounds } = await trainCoded({ code, pool, examples, jobs, models });
    expect(rounds.map(({ stragglers }) => stragglers[2])).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(rounds.at(-1)!.decoded?.job).toBe(jobs - 1);
  });

  it("stops at the signal, and refuses what cannot go together", async () => {
    const stop = new AbortController();
    const code = gradientCode(6, { kind: "m-sgc", B: 1, W: 2, lambda: 2 });
    const pool = virtualPool({ size: 6, handler: () => codedWorker(gradient) });
    const model = { params, optimizer: adam({ learningRate: 0.1 }) };
    const { rounds } = await trainCoded({
      ...{ code, pool, examples, jobs, models: [model, model], signal: stop.signal },
      onRound: ({ round }) => void (round === 2 && stop.abort()),
    });
    expect(rounds).toHaveLength(3);
    await expect(trainCoded({ code, pool, examples, jobs, models: [model] })).rejects.toThrow(/2 models/);
    const small = virtualPool({ size: 5, handler: () => codedWorker(gradient) });
    await expect(trainCoded({ code, pool: small, examples, jobs, models: [model, model] })).rejects.toThrow(
      /6 workers/,
    );
  });
});

it("runs on threads, where a thread that dies is a straggler", async () => {
  const module = new URL("../testing/pool-worker.ts", import.meta.url);
  const code = gradientCode(3, { kind: "gc", s: 1 });
  const pool = threadPool<never, never>({ size: 3, module, data: { dies: 1, after: 2 } });
  const seen: number[] = [];
  try {
    const { rounds } = await trainCoded({
      ...{ code, pool, examples, jobs: 4, mu: 1000 },
      models: [{ params: { w: tensor([1, 2, 3]) }, optimizer: adam({ learningRate: 0.1 }) }],
      onRound: (_, step) => void seen.push(step!.gradient[0]!),
    });
    // The worker's gradient is the mean number of the examples in every place.
    examplesMeans(4).forEach((mean, job) => expect(seen[job]).toBeCloseTo(mean, 4));
    expect(rounds.map(({ stragglers }) => stragglers[1])).toEqual([0, 0, 1, 1]);
  } finally {
    await pool.release();
  }
  const broken = threadPool<number, number>({
    size: 1,
    module: fileURLToPath(new URL("./index.ts", import.meta.url)),
  });
  await expect(broken.begin([1]).next()).rejects.toThrow(/does not export worker/);
  await broken.release();
  expect(() => threadPool({ size: 0, module })).toThrow(OptionError);
}, 60_000);

const examplesMeans = (count: number): number[] =>
  Array.from({ length: count }, (_, job) => examples(job).reduce((a, b) => a + b, 0) / 23);
