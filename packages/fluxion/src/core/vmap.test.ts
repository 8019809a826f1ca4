import { describe, expect, it } from "vitest";
import * as ops from "../ops/index.js";
import {
  cond,
  customGradient,
  grad,
  hvp,
  scan,
  stopGradient,
  tensor,
  vjp,
  vmap,
  type Tensor,
} from "../index.js";
import { opCases, valueCases } from "../testing/cases/index.js";
import { interpret } from "../testing/interpreter.js";
import { genericTensor } from "../testing/evaluator.js";
import { expectAgreement } from "../testing/agree.js";
import { isFloat } from "./dtypes.js";

const SIZE = 3;
const list = (out: Tensor | Tensor[]): Tensor[] => (Array.isArray(out) ? out : [out]);

/** SIZE different examples in the place of one: the example itself, and others near it. */
function spread(t: Tensor): Tensor {
  const shift = genericTensor([SIZE, ...t.shape], 77, t.dtype).mul(0.05);
  const moved = ops.broadcastTo(t, [SIZE, ...t.shape]).add(isFloat(t.dtype) ? shift : 0);
  return tensor(Array.from(interpret([moved])[0]!.data), { dtype: t.dtype, shape: moved.shape });
}

/** Expects vmap over the arguments in `mapped` to equal a loop over examples; both interpreted in double. */
function expectLoop(
  f: (...args: Tensor[]) => Tensor | Tensor[],
  args: readonly Tensor[],
  mapped: readonly boolean[],
): void {
  const full = args.map((t, i) => (mapped[i] ? spread(t) : t));
  const inAxes = mapped.map((m) => (m ? 0 : null));
  const batched = vmap((...xs: Tensor[]) => list(f(...xs)), { inAxes });
  const loop = (...xs: Tensor[]): Tensor[] => {
    const runs = Array.from({ length: SIZE }, (_, k) =>
      list(f(...xs.map((t, i) => (mapped[i] ? ops.slice(t, k) : t)))),
    );
    return runs[0]!.map((_, i) => ops.stack(runs.map((outs) => outs[i]!)));
  };
  expectEqual(batched(...full), loop(...full));
  // The gradient from outside, through the rule's own operators.
  expectEqual(pullback(batched)(...full), pullback(loop)(...full));
}

function expectEqual(got: readonly Tensor[], want: readonly Tensor[]): void {
  const [a, b] = [got, want].map((list) => interpret(list, new Map(), { exact: true }));
  a!.forEach((value, i) => {
    expect({ shape: value.shape, dtype: value.dtype }).toEqual({ shape: b![i]!.shape, dtype: b![i]!.dtype });
    value.data.forEach((v, k) => {
      const w = b![i]!.data[k]!;
      if (!Object.is(v, w)) expect(Math.abs(v - w)).toBeLessThan(1e-8 * (1 + Math.abs(w)));
    });
  });
}

const pullback =
  (f: (...args: Tensor[]) => Tensor | Tensor[]) =>
  (...args: Tensor[]): Tensor[] => {
    const [value, back] = vjp((xs: Tensor[]) => list(f(...xs)), args);
    return back(value.map((t, i) => genericTensor(t.shape, 30 + i, t.dtype)))[0];
  };

describe("the rule of every operator against a loop", { timeout: 30_000 }, () => {
  for (const [name, cases] of Object.entries(opCases)) {
    it(name, () => {
      for (const { f, at } of cases) {
        for (const only of [undefined, ...(at.length > 1 ? at.keys() : [])]) {
          const mapped = at.map((_, i) => only === undefined || i === only);
          expectLoop(f, at, mapped);
          expectLoop(pullback(f), at, mapped);
        }
      }
    });
  }
  for (const [name, cases] of Object.entries(valueCases)) {
    it(`${name}, values only`, () => {
      for (const { f, at, dtypes } of cases) {
        const args = at.map((t) =>
          tensor(Array.from(interpret([t])[0]!.data), { dtype: dtypes[0]!, shape: t.shape }),
        );
        expectLoop(
          f,
          args,
          args.map(() => true),
        );
      }
    });
  }
});

describe("vmap", { timeout: 30_000 }, () => {
  const x = genericTensor([2, 3, 4], 1);
  const w = genericTensor([4, 2], 2);

  it("maps the chosen axes and puts the mapped one where it is told", async () => {
    const f = vmap((a: Tensor, b: Tensor) => a.sub(b), { inAxes: [1, 0], outAxes: 1 });
    const [a, b] = [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([
        [10, 20],
        [30, 40],
      ]),
    ];
    expect(await f(a, b).toArray()).toEqual([
      [-9, -28],
      [-17, -36],
    ]);
    const g = vmap((t: { u: Tensor }, c: Tensor) => ({ v: t.u.add(c) }), { inAxes: [0, null] });
    expect(await g({ u: a }, tensor([1, 1])).v.toArray()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(await vmap((v: Tensor) => v.sum(), { inAxes: -1 })(a).toArray()).toEqual([4, 6]);
  });

  it("refuses axes of different sizes and calls without a mapped argument", () => {
    expect(() => vmap((a: Tensor, b: Tensor) => a.add(b))(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(
      /want 2 along axis 0/,
    );
    expect(() => vmap((a: Tensor) => a, { inAxes: [null] })(tensor([1]))).toThrow(/at least one mapped/);
    expect(() => vmap((a: Tensor) => a)(tensor(1))).toThrow(/axis/);
  });

  it("gives what does not depend on the mapped argument the new axis, too", async () => {
    expect(await vmap((_: Tensor) => tensor([7, 8]))(tensor([1, 2])).toArray()).toEqual([
      [7, 8],
      [7, 8],
    ]);
  });

  it("nests", () => {
    const outer = vmap(
      vmap((a: Tensor, b: Tensor) => a.mul(b).sum(), { inAxes: [0, null] }),
      { inAxes: [null, 0] },
    );
    const [a, b] = [genericTensor([3, 4], 1), genericTensor([2, 4], 2)];
    const got = interpret([outer(a, b)])[0]!;
    const want = interpret([b.matmul(a.transpose())])[0]!;
    expect(got.shape).toEqual([2, 3]);
    got.data.forEach((v, i) => expect(v).toBeCloseTo(want.data[i]!, 12));
  });

  it("of a gradient gives per-example gradients; the gradient of a vmap sums them", () => {
    const loss = (v: Tensor, a: Tensor): Tensor => a.matmul(v).tanh().square().sum();
    const each = vmap(grad(loss), { inAxes: [null, 0] })(w, x);
    expect(each.shape).toEqual([2, 4, 2]);
    const total = grad((v: Tensor) => vmap(loss, { inAxes: [null, 0] })(v, x).sum())(w);
    const [a, b] = interpret([each.sum(0), total]);
    a!.data.forEach((v, i) => expect(v).toBeCloseTo(b!.data[i]!, 12));
    expectLoop(
      grad((a: Tensor) => loss(w, a)),
      [ops.slice(x, 0)],
      [true],
    );
    expectLoop((a) => hvp((t: Tensor) => loss(w, t), [a], ops.onesLike(a)), [ops.slice(x, 0)], [true]);
  });

  it("of scan: mapped carry, slices or closure, with all gradients", () => {
    const run = (c: Tensor, xs: Tensor, k: Tensor): Tensor[] => {
      const [last, ys] = scan(
        (s: Tensor, v: Tensor) => {
          const next = s.mul(k).add(v).tanh();
          return [next, next.mul(v)] as [Tensor, Tensor];
        },
        c,
        xs,
      );
      return [last, ys];
    };
    const args = [genericTensor([2], 1), genericTensor([4, 2], 2), genericTensor([2], 3)];
    for (const flags of [
      [true, true, true],
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]) {
      expectLoop(run, args, flags);
      expectLoop(pullback(run), args, flags);
    }
  });

  it("of cond: mapped predicate or not, with all gradients", () => {
    const run = (p: Tensor, a: Tensor, k: Tensor): Tensor =>
      cond(
        p.sum().greater(0),
        (v: Tensor) => v.mul(k),
        (v: Tensor) => v.sin().add(k),
        a,
      );
    const args = [genericTensor([2], 1), genericTensor([3], 2), genericTensor([3], 3)];
    for (const flags of [
      [true, true, true],
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]) {
      expectLoop(run, args, flags);
      expectLoop(pullback(run), args, flags);
    }
  });

  it("of customGradient keeps the gradient", () => {
    const f = customGradient(
      (a: Tensor, b: Tensor) => a.mul(b),
      (ct: Tensor, [a, b]) => [ct.mul(b).mul(10), ct.mul(a).sum().mul(ops.onesLike(b))],
    );
    const args = [genericTensor([3], 1), genericTensor([3], 2)];
    for (const flags of [
      [true, true],
      [true, false],
      [false, true],
    ]) {
      expectLoop((a, b) => f(a, b), args, flags);
      expectLoop(
        pullback((a, b) => f(a, b)),
        args,
        flags,
      );
    }
  });

  it("of stopGradient stops per example", () => {
    expectLoop(
      pullback((a) => a.mul(stopGradient(a))),
      [genericTensor([3], 1)],
      [true],
    );
  });

  it("compiles to what the interpreter says", async () => {
    await expectAgreement(
      ([a, b]) => [
        vmap(
          grad((v: Tensor, u: Tensor) => v.matmul(u).tanh().sum()),
          { inAxes: [0, null] },
        )(a!, b!),
      ],
      [genericTensor([2, 3, 4], 1), genericTensor([4, 2], 2)],
    );
  });
});
