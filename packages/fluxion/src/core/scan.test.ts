import { describe, expect, it } from "vitest";
import { grad, hvp, jvp, scan, tensor, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { expectAgreement } from "../testing/agree.js";

const close = (values: number[], digits = 5): number[] =>
  values.map((v) => expect.closeTo(v, digits) as number);

/** carry ← tanh(carry·w + x), y = carry·x */
const cell =
  (w: Tensor) =>
  (c: Tensor, x: Tensor): [Tensor, Tensor] => {
    const next = c.mul(w).add(x).tanh();
    return [next, next.mul(x)];
  };

describe("scan", { timeout: 30_000 }, () => {
  it("stacks outputs in the order of the slices, in either direction", async () => {
    const sums = (reverse: boolean): [Tensor, Tensor] =>
      scan((c: Tensor, x: Tensor) => [c.add(x), c.add(x)] as [Tensor, Tensor], tensor(0), tensor([1, 2, 4]), {
        reverse,
      });
    const [[last, ys], [first, back]] = [sums(false), sums(true)];
    expect([await last.item(), await ys.toArray()]).toEqual([7, [1, 3, 7]]);
    expect([await first.item(), await back.toArray()]).toEqual([7, [7, 6, 4]]);
  });

  it("runs without slices, and without outputs", async () => {
    const [last, ys] = scan(
      (c: Tensor, _: undefined) => [c.mul(2), undefined] as [Tensor, undefined],
      tensor([1, 3]),
      undefined,
      { length: 5 },
    );
    expect([await last.toArray(), ys]).toEqual([[32, 96], undefined]);
    const [, powers] = scan(
      (c: Tensor, _: undefined) => [c.mul(2), c] as [Tensor, Tensor],
      tensor(1),
      undefined,
      { length: 4 },
    );
    expect(await powers.toArray()).toEqual([1, 2, 4, 8]);
  });

  it("carries trees, slices trees, gives trees; integers and booleans go along", async () => {
    type Carry = { sum: Tensor; seen: { count: Tensor; any: Tensor } };
    const xs = { a: tensor([1, -2, 3]), b: [tensor([true, false, false])] };
    const [last, ys] = scan(
      (c: Carry, x: { a: Tensor; b: Tensor[] }) => {
        const next: Carry = {
          seen: { any: c.seen.any.logicalOr(x.b[0]!), count: c.seen.count.add(1) },
          sum: c.sum.add(x.a),
        };
        return [next, { out: [next.sum, next.seen.count] }] as [Carry, { out: Tensor[] }];
      },
      { sum: tensor(0), seen: { count: tensor(0, { dtype: "int32" }), any: tensor(false) } },
      xs,
    );
    expect([await last.sum.item(), await last.seen.count.item(), await last.seen.any.toArray()]).toEqual([
      2,
      3,
      true,
    ]);
    expect([await ys.out[0]!.toArray(), await ys.out[1]!.toArray()]).toEqual([
      [1, -1, 2],
      [1, 2, 3],
    ]);
  });

  it("gives slices as they are where the body only passes them on", async () => {
    const [c, ys] = scan(
      (c: Tensor, x: Tensor) => [x, c] as [Tensor, Tensor],
      tensor([9, 9]),
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    expect([await c.toArray(), await ys.toArray()]).toEqual([
      [3, 4],
      [
        [9, 9],
        [1, 2],
      ],
    ]);
    const [kept, same] = scan(
      (k: Tensor, x: Tensor) => [k, x] as [Tensor, Tensor],
      tensor(5),
      tensor([1, 2]),
    );
    expect([await kept.item(), await same.toArray()]).toEqual([5, [1, 2]]);
    const [k2, constants] = scan(
      (k: Tensor, _: Tensor) => [k, tensor(3)] as [Tensor, Tensor],
      tensor(5),
      tensor([1, 2]),
    );
    expect([await k2.item(), await constants.toArray()]).toEqual([5, [3, 3]]);
  });

  it("differentiates carry, slices and closures, twice, in both directions", async () => {
    for (const reverse of [false, true]) {
      await checkGradient(
        (c, xs, w) => scan(cell(w), c, xs, { reverse }),
        [genericTensor([2], 1), genericTensor([4, 2], 2), genericTensor([2], 3)],
      );
    }
  });

  it("differentiates through its outputs alone, its carry alone, and nothing but a closure", async () => {
    const args = [genericTensor([2], 1), genericTensor([3, 2], 2), genericTensor([2], 3)] as const;
    await checkGradient((c, xs, w) => scan(cell(w), c, xs)[0], args);
    await checkGradient((c, xs, w) => scan(cell(w), c, xs)[1], args);
    await checkGradient((w) => scan(cell(w), args[0], args[1])[1], [args[2]]);
    await checkGradient(
      (x) =>
        scan((c: Tensor, _: undefined) => [c.mul(x).sin(), c] as [Tensor, Tensor], x, undefined, {
          length: 3,
        }),
      [args[0]],
    );
  });

  it("differentiates in a scan in a scan, and a gradient taken in the body", async () => {
    const energy = (q: Tensor): Tensor => q.square().square().add(q.square()).sum();
    const inner = (c: Tensor): Tensor =>
      scan(
        (s: Tensor, _: undefined) => [s.sub(grad(energy)(s).mul(0.05)), undefined] as [Tensor, undefined],
        c,
        undefined,
        { length: 3 },
      )[0];
    await checkGradient(
      (x) =>
        scan((c: Tensor, _: undefined) => [inner(c), c] as [Tensor, Tensor], x, undefined, { length: 2 }),
      [genericTensor([2], 1)],
    );
  });

  it("third derivatives: d³/dx³ of x⁵ as a product of slices", async () => {
    const fifth = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, _: undefined) => [c.mul(x), undefined] as [Tensor, undefined],
        tensor(1, { dtype: "float64" }),
        undefined,
        { length: 5 },
      )[0];
    const third = grad(grad(grad(fifth)));
    expect(await third(tensor(2, { dtype: "float64" })).item()).toBeCloseTo(240, 9);
  });

  it("jvp pushes forward", async () => {
    const power = (x: Tensor): Tensor =>
      scan((c: Tensor, _: undefined) => [c.mul(x), undefined] as [Tensor, undefined], tensor(1), undefined, {
        length: 4,
      })[0];
    const [y, dy] = jvp(power, [tensor(1.5)], [tensor(2)]);
    expect([await y.item(), await dy.item()]).toEqual(close([5.0625, 27]));
  });

  it("integer and boolean carries get no gradient and do no harm", async () => {
    const f = (x: Tensor): Tensor => {
      const [[sum]] = scan(
        ([s, i]: [Tensor, Tensor], v: Tensor) =>
          [[s.add(v.mul(i)), i.add(1)], undefined] as [[Tensor, Tensor], undefined],
        [x.sum(), tensor(1, { dtype: "int32" })],
        x,
      );
      return sum;
    };
    expect(await grad(f)(tensor([1, 2, 3])).toArray()).toEqual([2, 3, 4]);
  });

  it("agrees with the interpreter when compiled", async () => {
    await expectAgreement(
      ([c, xs, w]) => {
        const f = (a: Tensor): Tensor => scan(cell(w!), a, xs!, { reverse: true })[1].sum();
        return [...scan(cell(w!), c!, xs!), grad(f)(c!), hvp(f, [c!], w!)];
      },
      [genericTensor([2], 1), genericTensor([4, 2], 2), genericTensor([2], 3)],
    );
  });

  it("computes what does not depend on the loop once, outside", async () => {
    const big = genericTensor([4, 4], 3);
    const f = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, _: undefined) => [c.add(big.matmul(big).sum()), undefined] as [Tensor, undefined],
        x.sum(),
        undefined,
        { length: 3 },
      )[0];
    const { node } = f(genericTensor([1]));
    expect(node.op.name).toBe("Scan");
    expect(node.inputs.map((t) => t.node.op.name)).toEqual(["ReduceSum", "ReduceSum"]);
  });

  it("refuses a carry that changes, slices that disagree and no steps", () => {
    const x = tensor([1, 2]);
    const keep = (c: Tensor): [Tensor, undefined] => [c, undefined];
    expect(() =>
      scan((c: Tensor, v: Tensor) => [c.add(v).reshape([1]), undefined] as [Tensor, undefined], tensor(0), x),
    ).toThrow(/scan: carry 0: want float32 \[\] after the step/);
    expect(() =>
      scan((c: Tensor, v: Tensor) => [c.greater(v), undefined] as [Tensor, undefined], tensor(0), x),
    ).toThrow(/bool/);
    expect(() =>
      scan(() => [[tensor(0)], undefined] as unknown as [Tensor, undefined], tensor(0), x),
    ).toThrow(/the carry/);
    expect(() => scan(keep, tensor(0), [x, tensor([1, 2, 3])])).toThrow(/xs.*want a leading axis of 2/);
    expect(() => scan(keep, tensor(0), undefined)).toThrow(/length/);
    expect(() => scan(keep, tensor(0), undefined, { length: 0 })).toThrow(/at least one step/);
    expect(() => scan((c: Tensor) => c as unknown as [Tensor, undefined], tensor(0), x)).toThrow(
      /\[carry, y\]/,
    );
    expect(() => scan(keep, tensor(0), x, { lenght: 2 } as object)).toThrow(/lenght/);
  });
});
