import { describe, expect, it } from "vitest";
import { compile, grad, random, tensor, zeros, type Tensor } from "../index.js";
import { initLora, mergeLora, type Lora } from "../nn/lora.js";
import { alignProp, rewardBackprop, type AlignPropObjective } from "./alignprop.js";
import { classifierFreeGuidance } from "./guidance.js";
import { flowMlp } from "./flow-mlp.js";
import type { Truncation } from "./gradient-truncation.js";
import type { FlowModel } from "./prediction.js";
import { ddpo, lateReward, policyGradient, refl } from "./reward-baselines.js";
import type { RewardBatch, RewardObjective } from "./reward.js";

const batch: RewardBatch = { step: tensor(0, { dtype: "int32" }) };
const key = random.key(3);
/** A flow of constant velocity: samples are noise plus θ. */
const shift: FlowModel<Tensor> = (p, x) => x.mul(0).add(p);
const height = (x: Tensor): Tensor => x.sum(1);
const toy: RewardObjective<Tensor> = { model: shift, reward: height, shape: [2], batchSize: 16, steps: 5 };
const slope = (loss: (p: Tensor) => Tensor, at: Tensor = tensor([0.5, -1])) =>
  grad(loss)(at).toArray() as Promise<number[]>;

describe("rewardBackprop", () => {
  it("has the gradient of the reward through the steps that keep it", async () => {
    const of = (objective: Partial<AlignPropObjective<Tensor>>) =>
      slope((p) => rewardBackprop({ ...toy, ...objective })(p, batch, key).loss);
    for (const eta of [0, 1]) {
      const full = await of({ truncation: { mode: "full" }, eta: 0 });
      full.forEach((v) => expect(v).toBeCloseTo(-0.01, 6));
      const some = await of({ truncation: { mode: "fixed", last: 2 }, eta: 0, coefficient: 1 });
      some.forEach((v) => expect(v).toBeCloseTo(-0.4, 5));
      // What an ancestral step predicts counts for all that comes: the last step decides alone.
      if (eta === 1)
        (await of({ truncation: { mode: "fixed", last: 1 }, eta })).forEach((v) => expect(v).toBeLessThan(0));
    }
  });

  it("comes to a target from either side, and reports the mean reward", async () => {
    const near = (target: number) => rewardBackprop({ ...toy, target, truncation: { mode: "full" } });
    const { loss, metrics } = near(100)(tensor([0.5, -1]), batch, key);
    const reward = Number(await metrics.reward.item());
    expect(Number(await loss.item())).toBeCloseTo(0.01 * (100 - reward), 5);
    (await slope((p) => near(100)(p, batch, key).loss)).forEach((v) => expect(v).toBeCloseTo(-0.01, 6));
    (await slope((p) => near(-100)(p, batch, key).loss)).forEach((v) => expect(v).toBeCloseTo(0.01, 6));
  });

  it("goes through both branches of guidance, and hands conditions to the reward", async () => {
    const model: FlowModel<Tensor> = (p, x, _, cond) =>
      x.mul(0).add(p.mul(cond!.cast("float32").expandDims(1)));
    const guided = classifierFreeGuidance(model, { scale: 3, nullCond: 10 });
    const cond = tensor([1, 2], { dtype: "int32" });
    const reward = (x: Tensor, c?: Tensor): Tensor => x.sum(1).mul(c!.cast("float32"));
    const loss = rewardBackprop({
      ...toy,
      model: guided,
      reward,
      batchSize: 2,
      coefficient: 1,
      truncation: { mode: "full" },
    });
    // d/dp of c·(3·c·p + (1 − 3)·10·p) over c = 1, 2, in the mean.
    const want = -((1 * (3 - 20) + 2 * (6 - 20)) / 2);
    (await slope((p) => loss(p, { ...batch, cond }, key).loss)).forEach((v) =>
      expect(v).toBeCloseTo(want, 3),
    );
  });

  it("is a graph whose size does not depend on the number of steps", async () => {
    const net = flowMlp({ shape: [2], width: 8 });
    const params = net.init(key);
    const bytes = async (steps: number): Promise<number> => {
      const loss = rewardBackprop<typeof params>({
        reward: height,
        shape: [2],
        batchSize: 16,
        model: net.apply,
        steps,
      });
      const step = compile((p: typeof params) => grad((q: typeof params) => loss(q, batch, key).loss)(p));
      await step(params);
      const { bytes: size } = step.stats[0]!;
      await step.release();
      return size;
    };
    const [few, many] = [await bytes(4), await bytes(64)];
    expect(many - few).toBeLessThan(0.05 * few);
  });

  it("refuses what makes no sense", () => {
    expect(() => rewardBackprop({ ...toy, rewards: 1 } as never)).toThrow(/rewards/);
    const wrong = { ...toy, reward: (x: Tensor) => x };
    expect(() => rewardBackprop(wrong)(tensor(0), batch, key)).toThrow(/reward: want \[16\], got \[16, 2\]/);
    expect(() => rewardBackprop({ ...toy, steps: 0 })(tensor(0), batch, key)).toThrow(/steps/);
    expect(() => lateReward({ ...toy, late: 0 })).toThrow(/late/);
    expect(() => policyGradient({ ...toy, steps: 1 })(tensor(0), batch, key)).toThrow(/two steps/);
  });
});

describe("policyGradient", () => {
  it("is on average that of the reward, in units of its deviation and per element", async () => {
    const objective = { ...toy, batchSize: 40_000 };
    const loss = policyGradient(objective);
    const got = await slope((p) => loss(p, batch, key).loss, zeros([2]));
    const ancestral = { ...objective, eta: 1, coefficient: 1 };
    const through = (truncation: Truncation) =>
      slope((p) => rewardBackprop({ ...ancestral, truncation })(p, batch, key).loss, zeros([2]));
    // Rewards have mean 0, so their mean square is their variance.
    const square = rewardBackprop({ ...ancestral, reward: (x) => height(x).square() })(
      zeros([2]),
      batch,
      key,
    );
    const spread = Math.sqrt(Number(await square.metrics.reward.item()));
    // The last step has no noise, so no score either.
    const [all, last] = [await through({ mode: "full" }), await through({ mode: "fixed", last: 1 })];
    got.forEach((v, i) => expect(v / ((all[i]! - last[i]!) / spread / 2)).toBeCloseTo(1, 1));
  });

  it("takes conditions in the order of the steps", async () => {
    const model: FlowModel<Tensor> = (p, x, _, cond) =>
      x.mul(0).add(p.mul(cond!.cast("float32").expandDims(1)));
    const cond = tensor([0, 1, 2, 3], { dtype: "int32" });
    const loss = policyGradient({
      ...toy,
      model,
      batchSize: 4,
      steps: 3,
      reward: (x, c) => height(x).mul(c!.cast("float32")),
    });
    const value = (p: Tensor): Tensor => loss(p, { ...batch, cond }, key).loss;
    // Only rows with a condition other than 0 depend on the parameters.
    expect((await slope(value, zeros([2]))).every((v) => Number.isFinite(v) && v !== 0)).toBe(true);
    const none = policyGradient({ ...toy, model, batchSize: 4, steps: 3 });
    const still = { ...batch, cond: zeros([4], { dtype: "int32" }) };
    (await slope((p) => none(p, still, key).loss, zeros([2]))).forEach((v) => expect(v).toBeCloseTo(0, 6));
  });
});

it("lateReward has the gradient of one prediction: the part of the way that is left", async () => {
  const loss = lateReward({ ...toy, steps: 4, late: 0.25, coefficient: 1 });
  // The last of four steps begins at 3/4.
  (await slope((p) => loss(p, batch, key).loss)).forEach((v) => expect(v).toBeCloseTo(-0.25, 5));
});

describe("tuning", () => {
  const net = flowMlp({ shape: [2], width: 16, classes: 3 });
  const base = net.init(random.key(1));
  const lora = initLora(random.key(2), base, { rank: 2 });
  const conditions = { data: Int32Array.from({ length: 40 }, (_, i) => i % 3), shape: [40] };
  const common = {
    ...{ model: net.apply, weights: (l: Lora) => mergeLora(base, l), params: lora, shape: [2], conditions },
    ...{ reward: height, batchSize: 32, steps: 4, updates: 30, seed: 5, stepsPerCall: 10, recordEvery: 1 },
  };

  it.each([
    ["alignProp", alignProp],
    ["ddpo", ddpo],
    ["refl", refl],
  ] as const)("%s raises the reward and leaves base and conditions alone", async (_, method) => {
    const before = await base.layers[0]!.weight.toArray();
    const { status, history, params } = await method(common);
    expect(status).toBe("ok");
    const mean = (from: number): number =>
      history.slice(from, from + 5).reduce((sum, r) => sum + Number(r["reward"]), 0) / 5;
    expect(mean(25)).toBeGreaterThan(mean(0));
    expect(await base.layers[0]!.weight.toArray()).toEqual(before);
    expect(Object.keys(params)).toEqual(Object.keys(lora));
    const again = await method(common);
    expect(again.history).toEqual(history);
  });

  it("refuses too few conditions, and options that it does not know", async () => {
    const few = { data: Int32Array.of(1), shape: [1] };
    expect(() => alignProp({ ...common, conditions: few })).toThrow(/at least 32 conditions/);
    expect(() => alignProp({ ...common, rate: 1 } as never)).toThrow(/rate/);
  });
});
