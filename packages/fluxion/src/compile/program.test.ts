import { describe, expect, it } from "vitest";
import { CompileError } from "../core/errors.js";
import { apply, apply1, type Op } from "../core/node.js";
import { checkpoint, cond, constant, evaluate, grad, linalg, scan, tensor, type Tensor } from "../index.js";
import { compile } from "./compile.js";

/** x + by, on the host; counts its runs. */
const runs = { shift: 0 };
const shiftOp: Op<{ by: number }> = {
  name: "test.shift",
  infer: ([x]) => [x!],
  grad: (_, [ct]) => [ct],
  batch: (inputs, _, attrs) => apply(shiftOp, inputs, attrs),
  host: ([x], { attrs }) => (runs.shift++, [x!.map((v) => v + attrs.by)]),
};
const shift = (x: Tensor, by: number): Tensor => apply1(shiftOp, [x], { by });

/** a − b and a·b on the host. */
const pairOp: Op = {
  name: "test.pair",
  infer: ([a]) => [a!, a!],
  grad: "none",
  host: ([a, b]) => [a!.map((v, i) => v - b![i]!), a!.map((v, i) => v * b![i]!)],
};
const pair = (a: Tensor, b: Tensor): [Tensor, Tensor] => apply(pairOp, [a, b], {}) as [Tensor, Tensor];

const x = tensor([1, 2]);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** The same through `compile` and by lazy evaluation. */
async function expectValues(f: (x: Tensor) => Tensor[], want: number[][]): Promise<void> {
  const compiled = await compile(f)(x);
  expect(await Promise.all(compiled.map(numbers))).toEqual(want);
  const lazy = f(x);
  await evaluate(lazy);
  expect(await Promise.all(lazy.map(numbers))).toEqual(want);
}

describe("host operators cut the program", () => {
  it("between two parts", () => expectValues((t) => [shift(t.mul(2), 1).mul(10)], [[30, 50]]));
  it("at its start: an argument goes straight in", () =>
    expectValues((t) => [shift(t, 1).neg()], [[-2, -3]]));
  it("at its end: the host's output is the result", () =>
    expectValues((t) => [shift(t.mul(2), 1)], [[3, 5]]));
  it("and nothing else", () => expectValues((t) => [shift(t, 1)], [[2, 3]]));
  it("in a chain of its own", () => expectValues((t) => [shift(shift(shift(t, 1), 1), 1)], [[4, 5]]));
  it("in a chain with work between", () =>
    expectValues((t) => [shift(shift(t.mul(2), 1).square(), 1).sub(1)], [[9, 25]]));

  it("in a diamond: one value through two host operators and together again", () =>
    expectValues(
      (t) => {
        const base = t.mul(3);
        return [shift(base, 1).mul(shift(base, 2)).add(base)];
      },
      [[4 * 5 + 3, 7 * 8 + 6]],
    ));

  it("with an uneven diamond: a value of the first part used after the second cut", () =>
    expectValues(
      (t) => {
        const base = t.mul(3);
        const late = shift(shift(base.mul(0), 1).mul(2), 1);
        return [late.mul(base)];
      },
      [[9, 18]],
    ));

  it("with host outputs that meet at different depths", () =>
    expectValues(
      (t) => {
        const shallow = shift(t, 10);
        const deep = shift(shift(t, 1).mul(2), 0);
        return [shallow.add(deep), shallow, deep];
      },
      [
        [15, 18],
        [11, 12],
        [4, 6],
      ],
    ));

  it("with several outputs, of which one is not used", () =>
    expectValues(
      (t) => {
        const [difference, product] = pair(t.mul(5), t);
        return [product.add(1), pair(product, difference)[0]];
      },
      [
        [6, 21],
        [1, 12],
      ],
    ));

  it("with literals, fed values and arguments among the inputs", () => {
    const held = tensor([7, 8]);
    return expectValues(
      (t) => [
        ...pair(t, constant([3, 4], "float32")),
        ...pair(held, t),
        shift(constant([1, 1], "float32"), 2),
      ],
      [
        [-2, -2],
        [3, 8],
        [6, 6],
        [7, 16],
        [3, 3],
      ],
    );
  });

  it("with results that are arguments, literals, and the same twice", () =>
    expectValues(
      (t) => {
        const y = shift(t, 1);
        return [t, y, y, constant([9], "float32"), t.mul(1)];
      },
      [[1, 2], [2, 3], [2, 3], [9], [1, 2]],
    ));

  it("equal host operators run once", async () => {
    runs.shift = 0;
    const [y] = await compile((t: Tensor) => [shift(t.mul(2), 1).add(shift(t.mul(2), 1))])(x);
    expect(await numbers(y!)).toEqual([6, 10]);
    expect(runs.shift).toBe(1);
  });

  it("what needs no session has none", async () => {
    const f = compile((t: Tensor) => shift(shift(t, 1), 3));
    await f(x);
    expect(f.stats[0]!.nodes).toBe(0);
  });

  it("on integers and after a second call with other values", async () => {
    const f = compile((t: Tensor) => shift(t, 1).mul(2));
    expect(await numbers(await f(tensor([1, 2], { dtype: "int32" })))).toEqual([4, 6]);
    expect(await numbers(await f(tensor([5, 6], { dtype: "int32" })))).toEqual([12, 14]);
    expect(f.stats[0]!.runs).toBe(2);
  });

  it("under grad", async () => {
    const f = (t: Tensor): Tensor => shift(t.square(), 1).mul(shift(t, 0)).sum();
    // d/dx (x² + 1)·x = 3x² + 1
    expect(await numbers(await compile(grad(f))(x))).toEqual([4, 13]);
  });

  it("a host operator may answer by a promise", async () => {
    const late: Op = {
      name: "test.late",
      infer: ([t]) => [t!],
      grad: "none",
      host: async ([v]) => [await Promise.resolve(v!.map((one) => -one))],
    };
    await expectValues((t) => [apply1(late, [t.mul(2)], {}).add(1)], [[-1, -3]]);
  });

  it("a host operator that gives too few values is named", async () => {
    const short: Op = { name: "test.short", infer: ([t]) => [t!], grad: "none", host: () => [[1]] };
    await expect(compile((t: Tensor) => apply1(short, [t], {}))(x)).rejects.toThrow(
      "test.short: want 2 values, got 1",
    );
  });
});

describe("host operators where the graph cannot be cut", () => {
  const inLoop = (t: Tensor): Tensor =>
    scan((s: Tensor, v: Tensor): [Tensor, Tensor] => [s, shift(v, 1)], t.sum(), t)[1];

  it("inside scan", async () => {
    await expect(compile(inLoop)(x)).rejects.toThrow(CompileError);
    await expect(compile(inLoop)(x)).rejects.toThrow(/test\.shift: .*inside scan.*vmap/);
    await expect(inLoop(x).data()).rejects.toThrow(CompileError);
  });

  it("inside cond and checkpoint", async () => {
    const branch = (t: Tensor): Tensor =>
      cond(
        t.sum().greater(0),
        (v) => shift(v, 1),
        (v) => v,
        t,
      );
    await expect(compile(branch)(x)).rejects.toThrow(/inside scan, cond or checkpoint/);
    const again = grad((t: Tensor) => checkpoint((v: Tensor) => shift(v.square(), 1).square())(t).sum());
    await expect(compile(again)(x)).rejects.toThrow(/inside scan, cond or checkpoint/);
  });

  it("inside a loop but independent of it is computed before it", async () => {
    const f = (t: Tensor): Tensor =>
      scan(
        (s: Tensor, v: Tensor): [Tensor, undefined] => [s.add(v.mul(shift(t, 1))), undefined],
        t.mul(0),
        tensor([1, 2]),
      )[0];
    expect(await numbers(await compile(f)(x))).toEqual([6, 9]);
  });

  it("in a single model", () => {
    const f = compile((a: Tensor) => linalg.inv(a));
    expect(() =>
      f.lower(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toThrow(/linalg\.solve: .*host operator/);
  });
});
