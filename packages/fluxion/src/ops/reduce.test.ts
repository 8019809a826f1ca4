import { describe, expect, it } from "vitest";
import { grad, hvp, tensor, type Tensor } from "../index.js";
import { genericNumbers, genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

const inf = Infinity;
const double = (values: number[] | number[][]): Tensor => tensor(values, { dtype: "float64" });
const slope = (f: (x: Tensor) => Tensor, at: number[]): Promise<unknown> =>
  grad((x: Tensor) => f(x).sum())(tensor(at)).toArray();

describe("values against loops", () => {
  const data = Array.from(genericNumbers(24, 5));
  const x = tensor(data, { dtype: "float64", shape: [2, 3, 4] });
  const rows = [0, 1].map((i) => data.slice(12 * i, 12 * (i + 1)));
  const mean = (v: number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const naive: [string, (t: Tensor, axes: number[]) => Tensor, (v: number[]) => number][] = [
    ["sum", ops.sum, (v) => v.reduce((a, b) => a + b, 0)],
    ["mean", ops.mean, mean],
    ["prod", ops.prod, (v) => v.reduce((a, b) => a * b, 1)],
    ["max", ops.max, (v) => Math.max(...v)],
    ["min", ops.min, (v) => Math.min(...v)],
    ["variance", ops.variance, (v) => mean(v.map((a) => (a - mean(v)) ** 2))],
    [
      "std of a sample",
      (t, axes) => ops.std(t, axes, { ddof: 1 }),
      (v) => Math.sqrt(v.map((a) => (a - mean(v)) ** 2).reduce((a, b) => a + b) / (v.length - 1)),
    ],
    ["norm", ops.norm, (v) => Math.hypot(...v)],
    [
      "norm of order 3",
      (t, axes) => ops.norm(t, axes, { ord: 3 }),
      (v) => Math.cbrt(v.reduce((a, b) => a + Math.abs(b) ** 3, 0)),
    ],
    ["logsumexp", ops.logsumexp, (v) => Math.log(v.reduce((a, b) => a + Math.exp(b), 0))],
  ];
  it.each(naive)("%s", async (_, f, want) => {
    const got = (await f(x, [1, 2]).toArray()) as number[];
    got.forEach((v, i) => expect(v).toBeCloseTo(want(rows[i]!), 12));
    expect(await f(x, [0, 1, 2]).item()).toBeCloseTo(want(data), 12);
  });
});

describe("no axes and empty axes", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  it("over no axes everything stays", async () => {
    for (const f of [ops.sum, ops.mean, ops.max, ops.min, ops.prod, ops.norm, ops.logsumexp])
      expect(await f(x, []).toArray()).toEqual(await x.toArray());
    expect(await ops.variance(x, []).sum().item()).toBe(0);
    expect(await grad((t: Tensor) => ops.max(t, []).sum())(x).toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
  it("over nothing sums are 0, products 1, means NaN, as in NumPy", async () => {
    const none = ops.zeros([0, 3]);
    expect(await ops.sum(none, 0).toArray()).toEqual([0, 0, 0]);
    expect(await ops.prod(none, 0).toArray()).toEqual([1, 1, 1]);
    expect(await ops.mean(none).item()).toBeNaN();
    expect([await ops.any(none).item(), await ops.all(none).item()]).toEqual([0, 1]);
    expect(await ops.logsumexp(ops.zeros([2, 3]), 1).toArray()).toEqual(
      [1, 1].map(() => Math.fround(Math.log(3))),
    );
    expect(await ops.cumsum(none, 0).toArray()).toEqual([]);
  });
  it("a largest needs an element to be, but not elsewhere", async () => {
    const none = ops.zeros([0, 3]);
    expect(() => ops.max(none)).toThrow("ops.max: want at least one element, got [0, 3]");
    expect(() => ops.argmin(none, 0)).toThrow("ops.argmin: want at least one element");
    expect(await ops.max(none, 1).toArray()).toEqual([]);
    expect(await ops.argmax(none, 1).toArray()).toEqual([]);
  });
});

describe("infinities", () => {
  it("logsumexp and logaddexp take them", async () => {
    expect(await ops.logsumexp(tensor([1, inf])).item()).toBe(inf);
    expect(await ops.logsumexp(tensor([1000, 1000])).item()).toBeCloseTo(1000 + Math.log(2), 3);
    expect(await slope((x) => ops.logsumexp(x), [-inf, -inf])).toEqual([0, 0]);
    expect(await ops.logaddexp(tensor([inf, -inf, -inf]), tensor([inf, -inf, 1])).toArray()).toEqual([
      inf,
      -inf,
      1,
    ]);
    expect(await slope((x) => ops.logaddexp(x, x), [2])).toEqual([1]);
  });
  it("hypot takes them, and squares that would overflow", async () => {
    expect(await ops.hypot(tensor([inf, 3e30]), tensor([1, 4e30])).toArray()).toEqual([
      inf,
      expect.closeTo(5e30, -24) as number,
    ]);
  });
});

describe("kinks and zeros", () => {
  it("ties share the gradient of the largest over several axes", async () => {
    const g = grad((x: Tensor) => ops.max(x, [0, 1]))(
      tensor([
        [3, 3],
        [1, 3],
      ]),
    );
    expect(await g.toArray()).toEqual(
      [
        [1, 1],
        [0, 1],
      ].map((r) => r.map((v) => expect.closeTo(v / 3, 6) as number)),
    );
    expect(await slope((x) => ops.norm(x, undefined, { ord: inf }), [3, -3, 1])).toEqual([0.5, -0.5, 0]);
  });
  it("second derivatives of products with zeros are right", async () => {
    const second = hvp((x: Tensor) => ops.prod(x), [double([0, 0, 3])], double([1, 10, 100]));
    // ∂²(xyz) · v = (z v₂ + y v₃, z v₁ + x v₃, y v₁ + x v₂)
    expect(await second.toArray()).toEqual([30, 3, 0]);
  });
  it("std of one element and of a constant is flat", async () => {
    expect(await slope((x) => ops.std(x), [4])).toEqual([0]);
    expect(await slope((x) => ops.std(x), [0.1, 0.1, 0.1])).toEqual([0, 0, 0]);
  });
});

describe("sums of integers", () => {
  it("of 300 bytes do not wrap round, and uint32 wraps as uint32", async () => {
    expect(await ops.sum(ops.full([300], 255, { dtype: "uint8" })).item()).toBe(76500);
    const large = ops.full([2], 2 ** 31 + 1, { dtype: "uint32" });
    expect([ops.sum(large).dtype, await ops.sum(large).item()]).toEqual(["uint32", 2]);
    expect(ops.mean(tensor([1, 2], { dtype: "int32" })).dtype).toBe("float32");
  });
});

describe("cumulative sums and products", () => {
  it("run either way along any axis", async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await ops.cumsum(x, 1, { reverse: true }).toArray()).toEqual([
      [6, 5, 3],
      [15, 11, 6],
    ]);
    expect(await ops.cumprod(x, -1).toArray()).toEqual([
      [1, 2, 6],
      [4, 20, 120],
    ]);
    expect(await ops.cumprod(genericTensor([130], 1), 0).data()).toHaveLength(130);
  });
});

describe("bad input", () => {
  const x = tensor([1, 2]);
  it.each<[string, () => unknown, string]>([
    ["an axis twice", () => ops.sum(tensor([[1]]), [0, -2]), "want distinct axes"],
    ["an axis out of range", () => ops.sum(x, 1), "want an axis in [-1, 1), got 1"],
    ["an unknown option", () => ops.sum(x, 0, { keepdims: true } as object), 'got option "keepdims"'],
    ["an unknown option of variance", () => ops.std(x, 0, { dof: 1 } as object), 'got option "dof"'],
    ["a norm of order 0", () => ops.norm(x, 0, { ord: 0 }), "want ord > 0, got 0"],
    ["an unknown option of argmax", () => ops.argmax(x, 0, { keep: true } as object), 'got option "keep"'],
    [
      "an unknown option of cumsum",
      () => ops.cumsum(x, 0, { reversed: true } as object),
      'got option "reversed"',
    ],
    ["a fractional axis", () => ops.cumsum(x, 0.5), "got 0.5"],
  ])("%s is refused", (_, f, message) => {
    expect(f).toThrow(message);
  });
});
