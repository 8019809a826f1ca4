import { describe, expect, it } from "vitest";
import { compile, grad, tensor, vmap, type Tensor } from "../index.js";
import { genericNumbers, genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

const list = [3, 1, 2, 1, 5, 4, 1];
const double = (values: number[] | number[][]): Tensor => tensor(values, { dtype: "float64" });

describe("sort, argsort and topK", () => {
  it("are stable in both directions", async () => {
    expect(await ops.argsort(double(list)).toArray()).toEqual([1, 3, 6, 2, 0, 5, 4]);
    expect(await ops.argsort(double(list), 0, { descending: true }).toArray()).toEqual([4, 5, 0, 2, 1, 3, 6]);
    expect(await ops.sort(double(list)).toArray()).toEqual([1, 1, 1, 2, 3, 4, 5]);
    expect(await ops.topK(double(list), 2, 0, { largest: false })[1].toArray()).toEqual([1, 3]);
  });
  it("are stable for long arrays of few values, and equal to JavaScript's sort", async () => {
    const long = Array.from(genericNumbers(5000), (v) => Math.round(v * 20));
    const order = long.map((_, i) => i).sort((a, b) => long[a]! - long[b]! || a - b);
    expect(await ops.argsort(tensor(long)).toArray()).toEqual(order);
    expect(await ops.sort(tensor(long)).toArray()).toEqual(order.map((i) => long[i]));
  });
  it("take infinities and empty axes", async () => {
    expect(await ops.sort(tensor([1, -Infinity, Infinity, 0])).toArray()).toEqual([
      -Infinity,
      0,
      1,
      Infinity,
    ]);
    expect(await ops.sort(ops.zeros([2, 0])).toArray()).toEqual([[], []]);
    expect(ops.topK(tensor([1]), 0)[0].shape).toEqual([0]);
  });
  it("send gradients to the entries chosen", async () => {
    const weights = double([1, 2, 3, 4, 5, 6, 7]);
    const g = grad((x: Tensor) => ops.sort(x).mul(weights).sum())(double(list));
    expect(await g.toArray()).toEqual([5, 1, 4, 2, 7, 6, 3]);
    const h = grad((x: Tensor) => ops.topK(x, 2)[0].square().sum())(double(list));
    expect(await h.toArray()).toEqual([0, 0, 0, 0, 10, 8, 0]);
  });
  it("refuse a k out of range and unknown options", () => {
    expect(() => ops.topK(tensor([1, 2]), 3)).toThrow("ops.topK: want k in 0 … 2, got 3");
    expect(() => ops.topK(tensor([1, 2]), -1)).toThrow("got -1");
    expect(() => ops.sort(tensor([1]), 1)).toThrow("want an axis in [-1, 1)");
    expect(() => ops.sort(tensor([1]), 0, { reverse: true } as object)).toThrow('got option "reverse"');
  });
});

describe("searchsorted", () => {
  const edges = double([1, 2, 2, 3, 5]);
  const values = double([0, 1, 2, 2.5, 5, 9]);
  it("gives NumPy's numbers", async () => {
    expect(await ops.searchsorted(edges, values).toArray()).toEqual([0, 0, 1, 3, 4, 5]);
    expect(await ops.searchsorted(edges, values, { side: "right" }).toArray()).toEqual([0, 1, 3, 3, 5, 5]);
    expect(await ops.searchsorted(edges, 2).item()).toBe(1);
  });
  it("finds every place in arrays short and long, of any length", async () => {
    for (const n of [1, 2, 31, 32, 33, 63, 64, 65, 100]) {
      const sorted = Array.from({ length: n }, (_, i) => Math.floor(i / 2));
      const wanted = Array.from({ length: n + 4 }, (_, i) => i / 2 - 1);
      const count = (keep: (a: number, b: number) => boolean): number[] =>
        wanted.map((v) => sorted.filter((s) => keep(s, v)).length);
      for (const [side, keep] of [
        ["left", (a: number, b: number) => a < b],
        ["right", (a: number, b: number) => a <= b],
      ] as const) {
        const got = ops.searchsorted(tensor(sorted), tensor(wanted), { side });
        expect(await got.toArray()).toEqual(count(keep));
      }
    }
  });
  it("maps over arrays, values or both", async () => {
    for (const n of [5, 40]) {
      const rows = ops.sort(genericTensor([3, n], 1));
      const at = genericTensor([3, 4], 2);
      const both = vmap((a: Tensor, b: Tensor) => ops.searchsorted(a, b))(rows, at);
      expect(await both.toArray()).toEqual(await ops.searchsorted(rows, at).toArray());
      for (const [i, row] of ops.split(rows, 3).entries()) {
        const one = ops.searchsorted(row.reshape([n]), ops.slice(at, i));
        expect(await ops.slice(both, i).toArray()).toEqual(await one.toArray());
      }
    }
  });
  it("refuses arrays that do not fit and other sides", () => {
    expect(() => ops.searchsorted(genericTensor([2, 3]), values)).toThrow("one for every row of the values");
    expect(() => ops.searchsorted(tensor(1), values)).toThrow("want a sorted vector");
    expect(() => ops.searchsorted(edges, values, { side: "middle" as "left" })).toThrow("got middle");
  });
});

describe("quantile and median", () => {
  const x = double([
    [7, 1, 4],
    [2, 9, 3],
  ]);
  it.each([
    ["linear", [1.5, 3.5, 6.25], [2.8, 2.6]],
    ["lower", [1, 3, 4], [1, 2]],
    ["higher", [2, 4, 7], [4, 3]],
    ["nearest", [1, 3, 7], [4, 3]],
    ["midpoint", [1.5, 3.5, 5.5], [2.5, 2.5]],
  ] as const)("gives NumPy's numbers by the method %s", async (method, all, rows) => {
    expect(await ops.quantile(x, [0.1, 0.5, 0.75], undefined, { method }).toArray()).toEqual(all);
    expect(await ops.quantile(x, 0.3, 1, { method }).toArray()).toEqual(
      rows.map((v) => expect.closeTo(v, 12) as number),
    );
  });
  it("keeps axes on request, and takes integers", async () => {
    expect(await ops.median(x, 0).toArray()).toEqual([4.5, 5, 3.5]);
    expect(await ops.median(x).item()).toBe(3.5);
    expect(ops.quantile(x, [0, 1], 1, { keepDims: true }).shape).toEqual([2, 2, 1]);
    const whole = ops.median(tensor([1, 2], { dtype: "int32" }));
    expect([whole.dtype, await whole.item()]).toEqual(["float32", 1.5]);
  });
  it("does not make NaN of infinities that it need not mix", async () => {
    expect(await ops.median(tensor([-Infinity, 2, Infinity])).item()).toBe(2);
    expect(await ops.quantile(tensor([1, Infinity]), [0, 1]).toArray()).toEqual([1, Infinity]);
  });
  it("refuses q out of range and empty input", () => {
    expect(() => ops.quantile(x, 1.1)).toThrow("want q in [0, 1], got 1.1");
    expect(() => ops.quantile(x, [])).toThrow("want q in [0, 1]");
    expect(() => ops.quantile(x, NaN)).toThrow("NaN");
    expect(() => ops.median(ops.zeros([0]))).toThrow("at least one element");
    expect(() => ops.median(x, 0, { method: "mean" as "linear" })).toThrow("got mean");
  });
});

describe("histogram and bincount", () => {
  const x = double([1, 2, 1, 4, 2.5, 4, 0.2, -1, 9]);
  it("give NumPy's numbers", async () => {
    const [counts, edges] = ops.histogram(x, 4);
    expect([counts.dtype, await counts.toArray()]).toEqual(["int32", [4, 2, 2, 1]]);
    expect(await edges.toArray()).toEqual([-1, 1.5, 4, 6.5, 9]);
    const [density] = ops.histogram(x, 3, { range: [1, 4], density: true });
    expect(await density.toArray()).toEqual([1, 1, 1].map((v) => expect.closeTo(v / 3, 12) as number));
    expect(await ops.histogram(x, double([0, 1, 2, 4]))[0].toArray()).toEqual([1, 2, 4]);
    const weights = ops.arange(9).cast("float64");
    expect(await ops.histogram(x, 2, { weights })[0].toArray()).toEqual([20, 16]);
  });
  it("make a bin of width 1 where all values are equal", async () => {
    const [counts, edges] = ops.histogram(tensor([2, 2, 2]), 2);
    expect(await counts.toArray()).toEqual([0, 3]);
    expect(await edges.toArray()).toEqual([1.5, 2, 2.5]);
  });
  it("lose no entry to rounding: the counts of any data sum to their number", async () => {
    const count = compile((v: Tensor) => ops.sum(ops.histogram(v, 7)[0]));
    for (let seed = 1; seed <= 20; seed++) {
      const data = genericTensor([50], seed, "float32")
        .mul(10 ** (seed - 10))
        .add(seed);
      expect(await (await count(data)).item()).toBe(50);
    }
    await count.release();
  });
  it("count integers, and only those in range", async () => {
    const numbers = tensor([0, 2, 2, 7, -1, 1], { dtype: "int32" });
    expect(await ops.bincount(numbers, 4).toArray()).toEqual([1, 1, 2, 0]);
    const weighted = ops.bincount(numbers, 4, { weights: tensor([0.5, 1, 2, 3, 4, 5]) });
    expect(await weighted.toArray()).toEqual([0.5, 5, 3, 0]);
  });
  it("refuse bad bins, ranges and weights", () => {
    expect(() => ops.histogram(x, 0)).toThrow("a whole number of bins");
    expect(() => ops.histogram(x, 2, { range: [1, 0] })).toThrow("a finite range");
    expect(() => ops.histogram(x, 2, { weights: tensor([1]) })).toThrow("want weights [9], got [1]");
    expect(() => ops.histogram(x, double([1]))).toThrow("at least two edges");
    expect(() => ops.bincount(x, 3)).toThrow("want integers, got float64");
  });
});
