import { describe, expect, it } from "vitest";
import { compile, grad, hvp, tensor, type Tensor } from "../index.js";
import * as ops from "./index.js";

const inf = Infinity;

/** Gradient of Σf at a list of points. */
const slope = (f: (x: Tensor) => Tensor, at: number[]): Promise<unknown> =>
  grad((x: Tensor) => f(x).sum())(tensor(at)).toArray();

/** Gradients of Σf(a, b) with respect to both. */
async function slopes(f: (a: Tensor, b: Tensor) => Tensor, a: number[], b: number[]): Promise<unknown[]> {
  const both = grad((x: Tensor, y: Tensor) => f(x, y).sum(), { argnums: [0, 1] }) as (
    x: Tensor,
    y: Tensor,
  ) => Tensor[];
  return Promise.all(both(tensor(a), tensor(b)).map((t) => t.toArray()));
}

describe("at kinks, as PyTorch has it", { timeout: 30_000 }, () => {
  it("abs and sign", async () => {
    expect(await slope(ops.abs, [-2, 0, 3])).toEqual([-1, 0, 1]);
    expect(await slope(ops.sign, [-2, 0, 3])).toEqual([0, 0, 0]);
  });
  it("rounding has slope zero, at the steps, too", async () => {
    for (const f of [ops.floor, ops.ceil, ops.round, ops.trunc])
      expect(await slope(f, [-1, 0.5, 2])).toEqual([0, 0, 0]);
  });
  it("maximum and minimum share at ties", async () => {
    expect(await slopes(ops.maximum, [1, 2, 3], [2, 2, 2])).toEqual([
      [0, 0.5, 1],
      [1, 0.5, 0],
    ]);
    expect(await slopes(ops.minimum, [1, 2, 3], [2, 2, 2])).toEqual([
      [1, 0.5, 0],
      [0, 0.5, 1],
    ]);
  });
  it("max and min over an axis share at ties", async () => {
    expect(await slope((x) => ops.max(x), [3, 1, 3])).toEqual([0.5, 0, 0.5]);
    expect(await slope((x) => ops.min(x), [3, 1, 1])).toEqual([0, 0.5, 0.5]);
  });
  it("clip passes the gradient at its bounds", async () => {
    expect(await slope((x) => ops.clip(x, -1, 1), [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
  });
  it("relu'(0) = 0", async () => {
    expect(await slope(ops.relu, [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(await slope(ops.relu6, [-1, 0, 6, 7])).toEqual([0, 0, 0, 0]);
    expect(await slope((x) => ops.leakyRelu(x, 0.1), [0])).toEqual([Math.fround(0.1)]);
  });
});

describe("at zeros", { timeout: 30_000 }, () => {
  it("powers have finite slopes", async () => {
    for (const p of [2, 3, 4, 5]) expect(await slope((x) => ops.pow(x, p), [0])).toEqual([0]);
    expect(await slope((x) => ops.pow(x, 1), [0])).toEqual([1]);
    expect(await slope((x) => ops.pow(x, 0), [0])).toEqual([0]);
    expect(await slope(ops.square, [0])).toEqual([0]);
    expect(await slope((x) => ops.pow(x, tensor([2])), [0])).toEqual([0]);
    expect(await slopes(ops.pow, [0], [2])).toEqual([[0], [0]]);
    expect(await slopes(ops.pow, [0], [0])).toEqual([[0], [0]]);
  });
  it("powers have finite second derivatives", async () => {
    const second = (p: number): Promise<unknown> =>
      hvp((x: Tensor) => ops.pow(x, p).sum(), [tensor([0])], tensor([1])).toArray();
    expect([await second(2), await second(3), await second(4)]).toEqual([[2], [0], [0]]);
  });
  it("norms, std and hypot are flat", async () => {
    for (const ord of [1, 2, 3])
      expect(await slope((x) => ops.norm(x, undefined, { ord }), [0, 0])).toEqual([0, 0]);
    expect(await slope((x) => ops.std(x), [2, 2, 2])).toEqual([0, 0, 0]);
    expect(await slopes(ops.hypot, [0], [0])).toEqual([[0], [0]]);
    expect(await slopes(ops.hypot, [0, 3], [2, 0])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });
  it("atan2 is flat at the origin and right on the axes", async () => {
    expect(await slopes(ops.atan2, [0, 0, 2, 0], [0, 2, 0, -2])).toEqual(
      [
        [0, 0.5, 0, -0.5],
        [0, 0, -0.5, 0],
      ].map((l) => l.map((v) => expect.closeTo(v, 6) as number)),
    );
    expect(await ops.atan2(tensor([0, 0, 1, -1, 0]), tensor([0, 1, 0, 0, -1])).toArray()).toEqual(
      [0, 0, Math.PI / 2, -Math.PI / 2, Math.PI].map((v) => expect.closeTo(v, 6) as number),
    );
  });
  it("prod and cumprod are right with zeros among the factors", async () => {
    expect(await slope((x) => ops.prod(x), [2, 0, 3])).toEqual([0, 6, 0]);
    expect(await slope((x) => ops.prod(x), [0, 0, 3])).toEqual([0, 0, 0]);
    expect(await slope((x) => ops.cumprod(x, 0), [2, 0, 3])).toEqual([1, 8, 0]);
  });
  it("logsumexp takes −∞", async () => {
    expect(await ops.logsumexp(tensor([-inf, 0])).item()).toBe(0);
    expect(await ops.logsumexp(tensor([-inf, -inf])).item()).toBe(-inf);
    expect(await slope((x) => ops.logsumexp(x), [-inf, 0])).toEqual([0, 1]);
    expect(await ops.logaddexp(tensor([-inf, 1000]), tensor([0, 1000])).toArray()).toEqual([
      0,
      expect.closeTo(1000.6931, 3),
    ]);
  });
});

describe("where", { timeout: 30_000 }, () => {
  it("gives the branch not taken no gradient", async () => {
    expect(await slopes((a, b) => ops.where(ops.greater(a, 0), a, b), [1, -1], [5, 6])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
  it("leaks no NaN in the safe form", async () => {
    const safe = (x: Tensor): Tensor => {
      const positive = ops.greater(x, 0);
      return ops.where(positive, ops.log(ops.where(positive, x, 1)), 0);
    };
    expect(await slope(safe, [-1, 0, 2])).toEqual([0, 0, 0.5]);
  });
  it("compiles to the same", async () => {
    const f = compile(
      grad((x: Tensor) =>
        ops.where(ops.greater(x, 0), ops.sqrt(ops.where(ops.greater(x, 0), x, 1)), 0).sum(),
      ),
    );
    expect(await (await f(tensor([-1, 0, 4]))).toArray()).toEqual([0, 0, 0.25]);
    await f.release();
  });
});

describe("numbers that tensors meet", { timeout: 30_000 }, () => {
  it("an integer tensor times a fraction is a float", async () => {
    const x = ops.mul(tensor([1, 3], { dtype: "int32" }), 0.5);
    expect([x.dtype, await x.toArray()]).toEqual(["float32", [0.5, 1.5]]);
    expect(ops.mul(tensor([1], { dtype: "int32" }), 2).dtype).toBe("int32");
    expect(ops.div(tensor([1], { dtype: "int32" }), 2).dtype).toBe("float32");
  });
  it("booleans are counted", async () => {
    const x = ops.sum(tensor([true, true, false]));
    expect([x.dtype, await x.item()]).toEqual(["int32", 2]);
  });
  it("a number that an integer dtype cannot hold widens it", async () => {
    const byte = tensor([200], { dtype: "uint8" });
    expect(await ops.add(byte, 300).toArray()).toEqual([500]);
    expect(await ops.mul(tensor([1], { dtype: "uint32" }), -1).toArray()).toEqual([-1]);
    expect(await ops.add(tensor([1], { dtype: "int32" }), 2 ** 40).toArray()).toEqual([2 ** 40 + 1]);
    expect(await ops.less(byte, 300).toArray()).toEqual([true]);
  });
});
