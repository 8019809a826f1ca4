import { describe, expect, it } from "vitest";
import { key } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { ones } from "../ops/create.js";
import { expandDims } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { independentCoupling } from "./coupling.js";
import { classifierFreeGuidance, droppedCondition } from "./guidance.js";
import type { FlowModel } from "./prediction.js";

/** x·p + class, and how often it was called. */
function counted(): { model: FlowModel<Tensor>; calls: () => number } {
  let calls = 0;
  const model: FlowModel<Tensor> = (p, x, _, cond) => {
    calls++;
    return add(mul(x, p), expandDims(cast(cond!, "float32"), 1));
  };
  return { model, calls: () => calls };
}
const [p, x, t, cond] = [tensor(2), tensor([[1], [3]]), tensor([0, 0.5]), tensor([1, 4], { dtype: "int32" })];

describe("classifierFreeGuidance", () => {
  it.each([
    [1, [[3], [10]], 1],
    [0, [[11], [15]], 1],
    [2, [[-5], [5]], 2],
    [1.5, [[-1], [7.5]], 2],
  ])("is affine in the scale %d, and calls the model as often as it must", async (scale, want, calls) => {
    const { model, calls: made } = counted();
    const guided = classifierFreeGuidance(model, { scale, nullCond: 9 });
    expect(await guided(p, x, t, cond).toArray()).toEqual(want);
    expect(made()).toBe(calls);
  });

  it("takes a row of tokens as no condition, and refuses others", async () => {
    const total: FlowModel<Tensor> = (_, __, ___, c) => sum(cast(c!, "float32"), 1);
    const tokens = tensor([[1, 2, 3]], { dtype: "int32" });
    const none = tensor([7, 0, 0], { dtype: "int32" });
    const guided = classifierFreeGuidance(total, { scale: 0, nullCond: none });
    expect(await guided(p, x, t, tokens).toArray()).toEqual([7]);
    const wrong = classifierFreeGuidance(total, { scale: 0, nullCond: tensor([1, 2]) });
    expect(() => wrong(p, x, t, tokens)).toThrow(/nullCond a number or \[3\], got \[2\]/);
    expect(() => guided(p, x, t)).toThrow(/a condition for every example/);
    expect(() => classifierFreeGuidance(total, { scale: NaN, nullCond: 0 })).toThrow(/scale/);
  });
});

describe("droppedCondition", () => {
  const classes = ones([2000], { dtype: "int32" });
  const x1 = ones([2000, 1]);

  it("drops the condition of that part of the examples, whole rows at a time", async () => {
    const coupling = droppedCondition(independentCoupling(), { rate: 0.1, nullCond: 5 });
    const out = await coupling(key(0), { x1, cond: classes }).cond!.data();
    const dropped = [...out].filter((v) => v === 5).length;
    expect(dropped).toBeGreaterThan(140);
    expect(dropped).toBeLessThan(260);
    expect(out).toHaveLength(2000);
    const rows = droppedCondition(independentCoupling(), { rate: 0.5, nullCond: 0 });
    const tokens = (await rows(key(1), {
      x1,
      cond: ones([2000, 3], { dtype: "int32" }),
    }).cond!.data()) as Int32Array;
    for (let i = 0; i < 2000; i++) expect(new Set(tokens.subarray(3 * i, 3 * i + 3)).size).toBe(1);
  });

  it("keeps all at rate 0, none at 1, and refuses what it cannot take", async () => {
    for (const rate of [0, 1]) {
      const coupling = droppedCondition(independentCoupling(), { rate, nullCond: 5 });
      const out = await coupling(key(0), { x1, cond: classes }).cond!.data();
      expect(new Set(out as Int32Array)).toEqual(new Set([rate === 0 ? 1 : 5]));
    }
    const coupling = droppedCondition(independentCoupling(), { rate: 0.1, nullCond: 5 });
    expect(() => coupling(key(0), { x1 })).toThrow(/batches with a condition/);
    expect(() => droppedCondition(independentCoupling(), { rate: 2, nullCond: 5 })).toThrow(
      /rate in \[0, 1\]/,
    );
  });
});
