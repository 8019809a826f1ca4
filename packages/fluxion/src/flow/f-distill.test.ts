import { describe, expect, it } from "vitest";
import { OptionError, tensor, treeLeaves, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import type { Snapshot } from "../train/snapshot.js";
import { fDistill, oneStep, type FDistillState } from "./f-distill.js";
import { fDivergences } from "./f-divergence.js";
import { flowDiscriminator, type FlowDiscriminatorParams } from "./flow-discriminator.js";
import { flowMlp, type FlowMlpParams } from "./flow-mlp.js";
import { trainFlow } from "./fit.js";
import { sampleOde } from "./sample.js";
import { velocityOf } from "./velocity.js";
import { train } from "../train/train.js";
import { softplus } from "../ops/activation.js";
import { adam } from "../optim/adam.js";

const net = flowMlp({ shape: [2], width: 24, depth: 1, timeFeatures: 8 });
const discriminator = flowDiscriminator({ shape: [2], width: 16 });
/** Two clusters on the first axis. */
const rows = 400;
const z = (await normal(key(1), [rows, 2]).data()) as Float32Array;
const points = Float32Array.from(z, (v, i) => 0.2 * v + (i % 2 === 0 ? ((i >> 1) % 2 === 0 ? 1 : -1) : 0));
const data = { x1: { data: points, shape: [rows, 2] } };
const numbers = async (tree: unknown): Promise<number[]> =>
  (await Promise.all(treeLeaves(tree as never).map(async (t) => Array.from(await t.data(), Number)))).flat();
const options = {
  model: net.apply,
  discriminator,
  data,
  batchSize: 64,
  criticSteps: 2,
  warmup: 2,
  threads: 1,
};

describe("fDistill", { timeout: 60_000 }, () => {
  const teacher = net.init(key(0));

  it("waits, then moves the student; fake score and discriminator move at once; nothing happens to the teacher", async () => {
    const two = await fDistill({ ...options, teacher, steps: 2 });
    expect(await numbers(two.params)).toEqual(await numbers(teacher));
    expect(await numbers(two.state.fake)).not.toEqual(await numbers(teacher));
    const three = await fDistill({ ...options, teacher, steps: 3 });
    expect(await numbers(three.params)).not.toEqual(await numbers(teacher));
    expect(await numbers(three.state.teacher)).toEqual(await numbers(teacher));
    expect(three.status).toBe("ok");
    expect(three.history.at(-1)).toMatchObject({ step: 3, fakeLoss: expect.any(Number) as number });
    // Nobody can tell yet: 2·log 2.
    expect(Math.abs(three.history[0]!.loss - 2 * Math.LN2)).toBeLessThan(0.2);
  });

  it("goes on bit for bit from a snapshot", async () => {
    type Kept = Snapshot<FlowMlpParams, FDistillState<FlowMlpParams, FlowDiscriminatorParams>>;
    let kept: Kept | undefined;
    const common = { ...options, teacher, steps: 6, ema: 0.9, divergence: fDivergences["forward-kl"] };
    const whole = await fDistill({
      ...common,
      checkpoint: { every: 3, save: (s: Kept) => void (kept ??= s) },
    });
    const rest = await fDistill({ ...common, resume: kept! });
    expect(await numbers(rest.params)).toEqual(await numbers(whole.params));
    expect(await numbers(rest.state)).toEqual(await numbers(whole.state));
  });

  it("makes one step of a trained flow land on the data", async () => {
    const wider = flowMlp({ shape: [2], width: 48, timeFeatures: 8 });
    const model = wider.apply;
    const fit = { ...{ model, params: wider.init(key(3)), data }, stepsPerCall: 20, batchSize: 128 };
    const flow = await trainFlow({ ...fit, steps: 1500 });
    const student = await fDistill({
      ...{ model, teacher: flow.params, discriminator, data, batchSize: 128, threads: 1 },
      ...{ steps: 250, warmup: 20, ganWeight: 0 },
      optimizer: adam({ learningRate: 5e-4, b1: 0, b2: 0.99 }),
      criticOptimizer: adam({ learningRate: 2e-3, b1: 0, b2: 0.99 }),
    });
    const noise = normal(key(8), [500, 2]);
    /** Mean distance from the nearer cluster, along the first axis. */
    const miss = async (x: Tensor): Promise<number> => {
      const list = await numbers(x.narrow(1, 0, 1));
      return list.reduce((sum, v) => sum + Math.abs(Math.abs(v) - 1), 0) / list.length;
    };
    const before = await miss(oneStep(model, flow.params, noise));
    const after = await miss(oneStep(model, student.params, noise));
    expect(after).toBeLessThan(0.6 * before);
  });

  it("one step is one Euler step on the straight path", async () => {
    const noise = normal(key(8), [5, 2]);
    const params = net.init(key(5));
    const euler = await numbers(sampleOde(velocityOf(net.apply, params), noise, { steps: 1 }));
    (await numbers(oneStep(net.apply, params, noise))).forEach((v, i) => expect(v).toBeCloseTo(euler[i]!, 6));
  });

  it("refuses what makes no sense", () => {
    const bad = [
      { criticSteps: 0 },
      { warmup: -1 },
      { ganWeight: -1 },
      { ratio: { bins: 0 } },
      { ratio: { rate: 1 } },
      { ratio: { clipped: 1 } },
      { lr: 1 },
    ];
    for (const wrong of bad)
      expect(
        () => fDistill({ ...options, teacher, steps: 1, ...(wrong as object) }),
        JSON.stringify(wrong),
      ).toThrow(OptionError);
  });
});

it("the best logistic discriminator of N(1, 1) and N(0, 1) has the logit x − ½", async () => {
  const line = await train<{ w: Tensor; b: Tensor }, { e: Tensor }>({
    params: { w: tensor(0), b: tensor(0) },
    optimizer: adam({ learningRate: 0.02 }),
    loss: ({ w, b }, _, k) => {
      const e = normal(k, [2, 2000]);
      const logit = (x: Tensor): Tensor => x.mul(w).add(b);
      return softplus(logit(e.slice(0)))
        .mean()
        .add(softplus(logit(e.slice(1).add(1)).neg()).mean());
    },
    batches: () => ({ e: tensor(0) }),
    ...{ steps: 600, stepsPerCall: 50 },
  });
  expect(Math.abs((await line.params.w.item()) - 1)).toBeLessThan(0.1);
  expect(Math.abs((await line.params.b.item()) + 0.5)).toBeLessThan(0.1);
});
