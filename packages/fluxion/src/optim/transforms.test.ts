import { describe, expect, it } from "vitest";
import {
  compile,
  evaluate,
  OptionError,
  random,
  ShapeError,
  tensor,
  TreeError,
  zeros,
  type Tensor,
} from "../index.js";
import { biasCorrection } from "./bias-correction.js";
import {
  adagrad,
  adam,
  addDecayedWeights,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  clipByValue,
  createOptimizer,
  ema,
  globalNorm,
  identity,
  lion,
  type Mask,
  optimizers,
  rmsprop,
  scale,
  scaleBySchedule,
  sgd,
  type Transform,
} from "./index.js";

const updatesOf = async <P>(t: Transform, grads: P, params?: P): Promise<P> =>
  evaluate(t.update(grads, t.init(grads), params).updates);

describe("clipping", () => {
  const grads = { a: tensor([3, 0]), b: [tensor([[4]])], n: tensor([100], { dtype: "int32" }) };

  it("measures and shrinks the norm of all float leaves together", async () => {
    expect(await globalNorm(grads).item()).toBe(5);
    const { a, b, n } = await updatesOf(clipByGlobalNorm(1), grads);
    expect(await globalNorm({ a, b }).item()).toBeCloseTo(1, 6);
    expect(await n.toArray()).toEqual([100]);
    expect(await (await updatesOf(clipByGlobalNorm(6), grads)).a.toArray()).toEqual([3, 0]);
  });

  it("is safe at zero", async () => {
    expect(await (await updatesOf(clipByGlobalNorm(1), zeros([2]))).toArray()).toEqual([0, 0]);
  });

  it("by value", async () => {
    expect(await (await updatesOf(clipByValue(2), tensor([-5, 1, 3]))).toArray()).toEqual([-2, 1, 2]);
  });
});

describe("weight decay", () => {
  const params = { w: tensor([2]), b: tensor([4]) };
  const grads = { w: tensor([0]), b: tensor([0]) };
  const decayed = async (mask?: Mask) => {
    const t = addDecayedWeights(0.5, { mask });
    const { w, b } = await updatesOf(t, grads, params);
    return [await w.item(), await b.item()];
  };

  it("takes everything, a tree of booleans or a predicate of the path", async () => {
    expect(await decayed()).toEqual([1, 2]);
    expect(await decayed({ w: true, b: false })).toEqual([1, 0]);
    expect(await decayed((path: string) => path !== "w")).toEqual([0, 2]);
  });

  it("refuses masks that do not fit and missing params", async () => {
    await expect(decayed({ w: true })).rejects.toThrow(TreeError);
    await expect(decayed({ w: true, b: 1 })).rejects.toThrow(/mask at b/);
    expect(() => addDecayedWeights(0.1).update(grads, {})).toThrow(/want params/);
  });
});

describe("chain, scale and applyUpdates", () => {
  it("feeds the updates of each to the next", async () => {
    expect(await (await updatesOf(chain(scale(2), identity(), scale(-3)), tensor([1]))).toArray()).toEqual([
      -6,
    ]);
    expect(() => chain(scale(2)).update(tensor([1]), [])).toThrow(TreeError);
  });

  it("counts the steps of a schedule from 0", async () => {
    const t = scaleBySchedule((step) => step.cast("float32"));
    const one = t.update(tensor([1]), t.init(tensor([1])));
    const two = t.update(tensor([1]), one.state);
    expect(await one.updates.item()).toBe(0);
    expect(await two.updates.item()).toBe(1);
    expect(await two.state.count.item()).toBe(2);
    expect(() => scaleBySchedule(() => tensor([1])).update(tensor([1]), one.state)).toThrow(ShapeError);
  });

  it("a learning rate of zero is the identity", async () => {
    for (const make of Object.values(optimizers)) {
      const p = { w: tensor([1, -2]) };
      const optimizer = make({ learningRate: 0 });
      const extra = { objective: ({ w }: typeof p) => w.square().sum(), key: random.key(0) };
      const { updates } = optimizer.update({ w: tensor([3, 0]) }, optimizer.init(p), p, extra);
      expect(await applyUpdates(p, updates).w.toArray()).toEqual([1, -2]);
    }
  });

  it("keeps the dtype of the parameters, and float16 parameters get float32 state", async () => {
    const p = { half: tensor([1], { dtype: "float16" }), double: tensor([1], { dtype: "float64" }) };
    const t = adam({ learningRate: 0.5 });
    const state = t.init(p) as [{ mu: typeof p }];
    expect(state[0].mu.half.dtype).toBe("float32");
    const g = { half: tensor([1e-4], { dtype: "float16" }), double: tensor([1e-4], { dtype: "float64" }) };
    const next = await evaluate(applyUpdates(p, t.update(g, state, p).updates));
    expect([next.half.dtype, next.double.dtype]).toEqual(["float16", "float64"]);
    expect(await next.half.item()).toBeCloseTo(0.5, 3);
    expect(await next.double.item()).toBeCloseTo(0.5, 3);
  });

  it("names the path where gradients differ", () => {
    const t = adam();
    const state = t.init({ blocks: [{ w: tensor([1]) }] });
    expect(() => t.update({ blocks: [{ v: tensor([1]) }] }, state)).toThrow(TreeError);
    expect(() => t.update({ blocks: [{ w: tensor([1, 2]) }] }, state)).toThrow(/blocks\[0\]\.w/);
  });
});

it("corrects the bias to the last digits of float32, for few and for many steps", async () => {
  const at = compile((n: Tensor) => biasCorrection(0.999, n, "float32"));
  for (const n of [1, 2, 10, 1000, 100_000, 10_000_000]) {
    const got = await (await at(tensor(n, { dtype: "int32" }))).item();
    expect(Math.abs(got / -Math.expm1(n * Math.log(0.999)) - 1)).toBeLessThan(5e-7);
  }
  await at.release();
});

describe("ema", () => {
  it("follows its recurrence", async () => {
    const { init, update } = ema({ decay: 0.9 });
    let state = init({ w: tensor([1]), n: tensor([1], { dtype: "int32" }) });
    let hand = 1;
    for (const v of [2, 5, -1]) {
      state = update({ w: tensor([v]), n: tensor([v], { dtype: "int32" }) }, state);
      hand = 0.9 * hand + 0.1 * v;
    }
    expect(await state.average.w.item()).toBeCloseTo(hand, 6);
    expect(await state.average.n.item()).toBe(-1);
    expect(await state.count.item()).toBe(3);
  });

  it("starts with a short memory when asked to", async () => {
    const { init, update } = ema({ decay: 0.5, warmup: true });
    let state = init(tensor([0]));
    for (let t = 0, hand = 0; t < 12; t++) {
      state = await evaluate(update(tensor([1]), state));
      const decay = Math.min(0.5, (1 + t) / (10 + t));
      hand = decay * hand + 1 - decay;
      expect(await state.average.item()).toBeCloseTo(hand, 6);
    }
  });
});

describe("the registry", () => {
  it("makes every optimizer by name and refuses unknown names and options", () => {
    for (const name of Object.keys(optimizers)) {
      expect(createOptimizer(name).init(tensor([1]))).toBeDefined();
      expect(() => createOptimizer(name, { lerningRate: 1 })).toThrow(OptionError);
      expect(() => createOptimizer(name, { learningRate: -1 })).toThrow(OptionError);
      expect(() => createOptimizer(name, { learningRate: "fast" })).toThrow(OptionError);
    }
    expect(() => createOptimizer("adamm")).toThrow(/one of adadelta, adagrad, /);
    expect(() => createOptimizer("toString")).toThrow(OptionError);
  });

  it("checks ranges", () => {
    const bad: (() => unknown)[] = [
      () => adam({ b1: 1 }),
      () => adam({ eps: -1 }),
      () => adam({ b2: NaN }),
      () => rmsprop({ decay: 2 }),
      () => lion({ b2: -0.1 }),
      () => sgd({ momentum: 1 }),
      () => adagrad({ initialAccumulator: -1 }),
      () => clipByGlobalNorm(0),
      () => clipByValue(-1),
      () => scale(Infinity),
      () => ema({ decay: 1 }),
      () => globalNorm({ n: tensor([1], { dtype: "int32" }) }),
    ];
    for (const make of bad) expect(make).toThrow(OptionError);
  });
});
