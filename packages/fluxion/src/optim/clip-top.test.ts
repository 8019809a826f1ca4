import { describe, expect, it } from "vitest";
import {
  evaluate,
  OptionError,
  tensor,
  treeLeaves,
  valueAndGrad,
  type NestedArray,
  type Tensor,
} from "../index.js";
import {
  adam,
  adamClip,
  applyUpdates,
  clipTopFraction,
  scaleBySign,
  sgdClip,
  topFractionThreshold,
  type Transform,
} from "./index.js";

const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (tree: unknown): Promise<number[]> =>
  (await Promise.all(treeLeaves(tree).map(async (t) => [...((await t.data()) as Float64Array)]))).flat();
const clipped = <P>(tree: P, fraction: number): P => clipTopFraction(fraction).update(tree, {}).updates;

const tree = { a: double([3, -1, 0.5]), b: double([-8, 0.25, 2, -0.1, 1.5, 0, 4]) };
const h = double([1, 10, 100, 1000]);
const bowl = (p: Tensor): Tensor => p.square().mul(h).sum().mul(0.5);

async function path(optimizer: Transform, steps: number): Promise<number[][]> {
  let p = double([1, 1, 1, 1]);
  let state = optimizer.init(p);
  const points: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const { updates, state: next } = optimizer.update(valueAndGrad(bowl)(p)[1], state, p);
    p = await evaluate(applyUpdates(p, updates));
    state = next;
    points.push(await numbers(p));
  }
  return points;
}
const close = (got: readonly number[][], want: readonly number[][]): void =>
  want.flat().forEach((value, i) => expect(Math.abs(value - got.flat()[i]!)).toBeLessThan(1e-12));

describe("clipping the largest coordinates", () => {
  it("counts over the whole tree", async () => {
    expect(await topFractionThreshold(tree, 0).item()).toBe(8);
    expect(await topFractionThreshold(tree, 0.5).item()).toBe(1);
    expect(await numbers(clipped(tree, 0.1))).toEqual([3, -1, 0.5, -4, 0.25, 2, -0.1, 1.5, 0, 4]);
    expect(await numbers(clipped(tree, 0.2))).toEqual([3, -1, 0.5, -3, 0.25, 2, -0.1, 1.5, 0, 3]);
    expect(await numbers(clipped(tree, 0.5))).toEqual([1, -1, 0.5, -1, 0.25, 1, -0.1, 1, 0, 1]);
    expect(await numbers(clipped(tree, 0))).toEqual(await numbers(tree));
  });

  it("is odd, keeps signs, never makes a coordinate larger, and does nothing twice", async () => {
    const [before, after] = [await numbers(tree), await numbers(clipped(tree, 0.3))];
    const turned = { a: tree.a.neg(), b: tree.b.neg() };
    expect(await numbers(clipped(turned, 0.3))).toEqual(after.map((x) => -x));
    after.forEach((x, i) => {
      expect(Math.abs(x)).toBeLessThanOrEqual(Math.abs(before[i]!));
      expect(Math.sign(x)).toBe(Math.sign(before[i]!));
    });
    expect(await numbers(clipped(clipped(tree, 0.3), 0.3))).toEqual(after);
  });

  // The authors' multi-tensor branch, the one that clips, in double.
  it("follows the reference before momentum and before Adam's first moment", async () => {
    close(await path(sgdClip({ learningRate: 0.01, fraction: 0.5 }), 3), [
      [0.99, 0.9, 0.9, 0.9],
      [0.9711, 0.72, 0.72, 0.72],
      [0.944379, 0.486, 0.486, 0.486],
    ]);
    close(await path(adamClip({ learningRate: 0.1, fraction: 0.5 }), 3), [
      [0.900000001, 0.9000000001, 0.990000000001, 0.99900000000001],
      [0.8004122297123382, 0.8004122278753567, 0.9804788056165993, 0.9980521575391442],
      [0.701586274504415, 0.7015862716993226, 0.9714588660008918, 0.9971581377213459],
    ]);
    close(
      await path(adamClip({ learningRate: 0.1, fraction: 0 }), 3),
      await path(adam({ learningRate: 0.1 }), 3),
    );
  });

  it("has the sign as its sharpest form", async () => {
    expect(await numbers(scaleBySign().update(tree, {}).updates)).toEqual([1, -1, 1, -1, 1, 1, -1, 1, 0, 1]);
  });

  it("refuses fractions that leave nothing", () => {
    for (const fraction of [1, -0.1, NaN])
      for (const make of [
        () => clipTopFraction(fraction),
        () => adamClip({ fraction }),
        () => sgdClip({ fraction }),
        () => topFractionThreshold(tree, fraction),
      ])
        expect(make).toThrow(OptionError);
    expect(() => sgdClip({ learningrate: 1 } as never)).toThrow(/optim\.sgdClip.*fraction/su);
    expect(() => topFractionThreshold({ n: tensor([1], { dtype: "int32" }) }, 0.1)).toThrow(OptionError);
  });
});
