import { describe, expect, it } from "vitest";
import { evaluate, tensor } from "../index.js";
import { applyUpdates, normalizeByNorm, normalizedGd, type Transform } from "./index.js";

const updatesOf = async <P>(t: Transform, grads: P): Promise<P> =>
  evaluate(t.update(grads, t.init(grads), grads).updates);

describe("normalizeByNorm", () => {
  const grads = { a: tensor([3, 0]), b: [tensor([[4]])], n: tensor([7], { dtype: "int32" }) };

  it("divides by the norm of all leaves, or each leaf by its own", async () => {
    const joint = await updatesOf(normalizeByNorm(), grads);
    expect(await joint.a.toArray()).toEqual([expect.closeTo(0.6, 6), 0]);
    expect(await joint.b[0]!.toArray()).toEqual([[expect.closeTo(0.8, 6)]]);
    expect(await joint.n.toArray()).toEqual([7]);
    const each = await updatesOf(normalizeByNorm({ perLeaf: true }), grads);
    expect(await each.a.toArray()).toEqual([1, 0]);
    expect(await each.b[0]!.toArray()).toEqual([[1]]);
  });

  it("keeps the direction of gradients whose squares vanish or overflow", async () => {
    for (const scale of [1e-40, 1e-25, 1e25]) {
      const [x, y] = (await (
        await updatesOf(normalizeByNorm(), tensor([3 * scale, 4 * scale]))
      ).toArray()) as number[];
      expect(x! / y!).toBeCloseTo(0.75, 3);
      expect(Math.hypot(x!, y!)).toBeCloseTo(1, 3);
    }
  });

  it("leaves 0 at 0, and takes eps", async () => {
    expect(await (await updatesOf(normalizeByNorm(), tensor([0, 0]))).toArray()).toEqual([0, 0]);
    expect(await (await updatesOf(normalizeByNorm({ eps: 5 }), tensor([3, 4]))).toArray()).toEqual([
      expect.closeTo(0.3, 6),
      expect.closeTo(0.4, 6),
    ]);
    expect(() => normalizeByNorm({ eps: -1 })).toThrow("eps");
    expect(() => normalizedGd({ momentum: 1 } as never)).toThrow('option "momentum"');
  });
});

it("normalizedGd makes steps of a fixed length", async () => {
  const optimizer = normalizedGd({ learningRate: 0.5 });
  const params = tensor([1, 1]);
  const { updates } = optimizer.update(tensor([30, 40]), optimizer.init(params), params);
  expect(await applyUpdates(params, updates).toArray()).toEqual([
    expect.closeTo(0.7, 6),
    expect.closeTo(0.6, 6),
  ]);
});
