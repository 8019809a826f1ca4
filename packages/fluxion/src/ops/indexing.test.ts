import { describe, expect, it } from "vitest";
import { compile, evaluate, grad, tensor, vjp, vmap, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

const ints = (values: number[], shape = [values.length]): Tensor => tensor(values, { dtype: "int32", shape });
/** The squares of 0 … 11, [3, 4]. */
const squares = (): Tensor => ops.arange(12).cast("float64").reshape([3, 4]).square();

/** Expects `f` mapped over the flagged arguments to equal a loop. */
async function expectLoop(
  f: (...args: Tensor[]) => Tensor,
  args: readonly Tensor[],
  mapped: readonly boolean[],
): Promise<void> {
  const got = vmap(f, { inAxes: mapped.map((m) => (m ? 0 : null)) })(...args);
  const size = args[mapped.indexOf(true)]!.shape[0]!;
  const loop = Array.from({ length: size }, (_, k) =>
    f(...args.map((t, i) => (mapped[i] ? ops.slice(t, k) : t))),
  );
  const both = await evaluate({ got, want: ops.stack(loop) });
  expect(await both.got.toArray()).toEqual(await both.want.toArray());
}

const everyWay = [
  [true, true],
  [true, false],
  [false, true],
] as const;

describe("take", () => {
  it("gives NumPy's numbers, negative indices from the end", async () => {
    expect(await ops.take(squares(), ints([2, 0, -1, 1], [2, 2]), 1).toArray()).toEqual([
      [
        [4, 0],
        [9, 1],
      ],
      [
        [36, 16],
        [49, 25],
      ],
      [
        [100, 64],
        [121, 81],
      ],
    ]);
  });
  it("maps over tables, indices or both", async () => {
    const at = ints([0, -1, 2, 2, 1, -3], [3, 2]);
    for (const axis of [0, 1, 2]) {
      const table = genericTensor([3, 3, 3, 3], 2);
      for (const mapped of everyWay) await expectLoop((x, i) => ops.take(x, i, axis), [table, at], mapped);
    }
    for (const mapped of everyWay) {
      await expectLoop(
        grad((x: Tensor, i: Tensor) => ops.take(x, i).square().sum()),
        [genericTensor([3, 3, 2], 3), at],
        mapped,
      );
    }
  });
  it("counts repeated tokens in the gradient of an embedding, with many threads, small table or large", async () => {
    for (const [vocabulary, width] of [
      [16, 64],
      [1000, 64],
      [1000, 1],
    ] as const) {
      const tokens = ints(Array.from({ length: 4096 }, (_, i) => (i * i) % 7));
      const step = compile((table: Tensor, at: Tensor) => grad((w: Tensor) => ops.take(w, at).sum())(table));
      const want = Array.from({ length: vocabulary }, (_, v) =>
        v < 7 ? Array.from({ length: 4096 }, (_, i) => (i * i) % 7).filter((t) => t === v).length : 0,
      );
      for (let run = 0; run < 5; run++) {
        const gradient = await step(ops.zeros([vocabulary, width]), tokens);
        expect(await ops.slice(gradient, null, -1).toArray()).toEqual(want);
      }
      await step.release();
    }
  });
  it("refuses what it cannot index", async () => {
    expect(() => ops.take(squares(), tensor([0.5]))).toThrow("ops.take: want integer indices, got float32");
    expect(() => ops.take(squares(), [0, 3])).toThrow("ops.take: want whole indices in [-3, 3), got 3");
    expect(() => ops.take(squares(), 1.5)).toThrow("1.5");
    expect(() => ops.take(squares(), 0, 2)).toThrow("want an axis in [-2, 2), got 2");
  });
});

describe("element by element", () => {
  it("takeAlongAxis puts argsort to use, as NumPy", async () => {
    const largest = ops.narrow(ops.argsort(squares(), 1, { descending: true }), 1, 0, 2);
    expect(await ops.takeAlongAxis(squares(), largest, 1).toArray()).toEqual([
      [9, 4],
      [49, 36],
      [121, 100],
    ]);
  });
  it("maps over values, indices or both", async () => {
    const at = ints([0, -1, 1, 1, 0, 2, 2, 0], [2, 2, 2]);
    const x = genericTensor([2, 2, 3], 4);
    for (const mapped of everyWay) {
      const example = (m: boolean, t: Tensor): Tensor => (m ? t : ops.slice(t, 0));
      const args = [example(mapped[0], x), example(mapped[1], at)];
      await expectLoop((a, i) => ops.takeAlongAxis(a, i, 1), args, mapped);
      await expectLoop((a, i) => ops.putAlongAxis(a, i, a.narrow(1, 0, 2), 1, { add: true }), args, mapped);
    }
  });
  it("refuses shapes that do not fit", () => {
    expect(() => ops.takeAlongAxis(squares(), ints([0]), 1)).toThrow("indices of rank 2");
    expect(() => ops.takeAlongAxis(squares(), ints([0, 0], [2, 1]), 1)).toThrow("broadcast");
    expect(() => ops.gather(squares(), ints([0, 0, 0, 0], [4, 1]), 1)).toThrow(
      "within [3, 4] but for axis 1",
    );
    expect(() => ops.putAlongAxis(squares(), ints([0], [1, 1]), tensor([1]), 1)).toThrow("of one shape");
  });
});

describe("gatherND", () => {
  it("maps over values, indices or both, with batch axes, too", async () => {
    const x = genericTensor([2, 2, 3, 2], 5);
    const at = ints([0, 1, 1, -1, 1, 0, 0, 2], [2, 2, 2]);
    const near = ints([2, 0, 1, -1], [2, 2, 1]);
    for (const mapped of everyWay) {
      const example = (m: boolean, t: Tensor): Tensor => (m ? t : ops.slice(t, 0));
      await expectLoop((a, i) => ops.gatherND(a, i), [example(mapped[0], x), example(mapped[1], at)], mapped);
      await expectLoop(
        (a, i) => ops.gatherND(a, i, { batchDims: 1 }),
        [example(mapped[0], x), example(mapped[1], near)],
        mapped,
      );
    }
  });
  it("refuses tuples that are too long and batch axes that differ", () => {
    expect(() => ops.gatherND(squares(), ints([0, 0, 0], [1, 3]))).toThrow("depth in 1 … 2");
    expect(() => ops.gatherND(squares(), ints([0, 0], [2, 1]), { batchDims: 1 })).toThrow(
      "beginning as [3, 4]",
    );
    expect(() => ops.gatherND(squares(), ints([0]), { batchDims: -1 })).toThrow("batchDims");
  });
});

describe("scattering", () => {
  it("adds where indices repeat and keeps the last one when updating", async () => {
    const u = tensor([1, 2, 3]);
    expect(await ops.scatterAdd(ops.zeros([3]), ints([1, 1, -1]), u).toArray()).toEqual([0, 3, 3]);
    expect(await ops.scatterUpdate(ops.ones([3]), ints([1, 1, -1]), u).toArray()).toEqual([1, 2, 3]);
    expect(await ops.scatterUpdate(ops.zeros([2, 3]), 1, tensor(5), 1).toArray()).toEqual([
      [0, 5, 0],
      [0, 5, 0],
    ]);
  });
  it("is the adjoint of take", async () => {
    const at = ints([2, 0, 2, -2]);
    const ct = genericTensor([4, 4], 6);
    const [, pullback] = vjp((x: Tensor) => ops.take(x, at), squares());
    const zeros = ops.zeros([3, 4], { dtype: "float64" });
    expect(await pullback(ct)[0].toArray()).toEqual(
      ((await ops.scatterAdd(zeros, at, ct).toArray()) as number[][]).map((row) =>
        row.map((v) => expect.closeTo(v, 12) as number),
      ),
    );
  });
  it("maps over target, indices and updates", async () => {
    const args = [genericTensor([2, 3, 2], 7), ints([0, 2, 1, 1], [2, 2]), genericTensor([2, 2, 2], 8)];
    for (let bits = 1; bits < 8; bits++) {
      const mapped = args.map((_, i) => (bits & (1 << i)) !== 0);
      const given = args.map((t, i) => (mapped[i] ? t : ops.slice(t, 0)));
      await expectLoop((x, i, u) => ops.scatterAdd(x, i, u), given, mapped);
      await expectLoop((x, i, u) => ops.scatterUpdate(x, i, u), given, mapped);
    }
  });
  it("takes no indices at all", async () => {
    expect(await ops.scatterAdd(tensor([1, 2]), ints([]), tensor([])).toArray()).toEqual([1, 2]);
    expect(await grad((x: Tensor) => ops.take(x, ints([])).sum())(tensor([1, 2])).toArray()).toEqual([0, 0]);
  });
  it("refuses updates that do not fit in shape or dtype", () => {
    expect(() => ops.scatterAdd(ints([1]), ints([0]), tensor([0.5]))).toThrow(
      "want updates that int32 holds",
    );
    expect(() => ops.scatterAdd(tensor([true]), ints([0]), tensor([true]))).toThrow("want numbers, got bool");
    expect(() => ops.scatterUpdate(squares(), ints([0]), genericTensor([2, 4]))).toThrow("broadcast");
  });
});

describe("indices out of range at run time", () => {
  it("are an error of ONNX Runtime", async () => {
    await expect(ops.take(squares(), ints([3])).data()).rejects.toThrow(/out of data bounds|out of range/);
    await expect(ops.gather(squares(), ints([4], [1, 1]), 1).data()).rejects.toThrow(/bounds|range/);
    await expect(ops.gatherND(squares(), ints([3], [1, 1])).data()).rejects.toThrow(/invalid index|bounds/);
    await expect(ops.scatterAdd(tensor([1]), ints([-2]), tensor([1])).data()).rejects.toThrow(/bounds|range/);
  });
});

describe("oneHot", () => {
  it("is all zero for numbers that are no class", async () => {
    expect(await ops.oneHot(ints([1, -1, 3]), 3).toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(ops.oneHot([0, 1], 4, { axis: 0, dtype: "bool" }).shape).toEqual([4, 2]);
  });
  it("refuses fractions", () => {
    expect(() => ops.oneHot(tensor([1]), 3)).toThrow("want integer indices");
    expect(() => ops.oneHot([0], 0)).toThrow("want a whole number of classes");
  });
});

describe("diagonals and triangles", () => {
  it("keep infinities out of the other entries", async () => {
    expect(await ops.diag(tensor([Infinity, NaN])).toArray()).toEqual([
      [Infinity, 0],
      [0, NaN],
    ]);
    expect(await ops.tril(ops.full([2, 2], Infinity)).toArray()).toEqual([
      [Infinity, 0],
      [Infinity, Infinity],
    ]);
  });
  it("give NumPy's numbers", async () => {
    const x = ops.arange(12).reshape([3, 4]);
    expect(await ops.diagonal(x, { offset: 2 }).toArray()).toEqual([2, 7]);
    expect(await ops.diagonal(x, { offset: -1 }).toArray()).toEqual([4, 9]);
    expect(ops.diagonal(x, { offset: 9 }).shape).toEqual([0]);
    expect(await ops.trace(x).item()).toBe(15);
    expect(await ops.diag(ints([1, 2]), -1).toArray()).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
    ]);
    expect(await ops.triu(x, 2).toArray()).toEqual([
      [0, 0, 2, 3],
      [0, 0, 0, 7],
      [0, 0, 0, 0],
    ]);
  });
  it("refuse what has none", () => {
    expect(() => ops.tril(tensor([1]))).toThrow("at least two axes");
    expect(() => ops.diag(tensor(1))).toThrow("a vector or a matrix");
    expect(() => ops.diagonal(squares(), { axes: [0, -2] })).toThrow("axis 0 twice");
    expect(() => ops.triu(squares(), 0.5)).toThrow("a whole diagonal");
    expect(() => ops.meshgrid([squares()])).toThrow("want vectors");
  });
});
