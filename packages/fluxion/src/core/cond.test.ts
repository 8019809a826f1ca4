import { describe, expect, it } from "vitest";
import { cond, grad, scan, tensor, vmap, type Tensor } from "../index.js";
import { expectAgreement } from "../testing/agree.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";

describe("cond", { timeout: 30_000 }, () => {
  const pick = (p: Tensor, x: Tensor, k: Tensor): Tensor =>
    cond(
      p,
      (v: Tensor) => v.mul(k).sin(),
      (v: Tensor) => v.square().add(k),
      x,
    );

  it("takes one branch, with trees", async () => {
    const f = (flag: boolean): { u: Tensor; v: Tensor[] } =>
      cond(
        tensor(flag),
        (a: Tensor, b: { c: Tensor }) => ({ u: a, v: [b.c] }),
        (a: Tensor, b: { c: Tensor }) => ({ u: b.c, v: [a.neg()] }),
        tensor(1),
        { c: tensor(2) },
      );
    const [yes, no] = [f(true), f(false)];
    expect([await yes.u.item(), await yes.v[0]!.item(), await no.u.item(), await no.v[0]!.item()]).toEqual([
      1, 2, 2, -1,
    ]);
  });

  it("differentiates both branches, their arguments and closures, twice", async () => {
    const x = genericTensor([3], 1);
    const k = genericTensor([3], 2);
    for (const flag of [true, false]) await checkGradient((a, b) => pick(tensor(flag), a, b), [x, k]);
    await checkGradient((a, b) => pick(a.sum().greater(0), a, b), [x, k]);
  });

  it("a NaN or infinite slope of the branch not taken does not leak", async () => {
    const f = grad((x: Tensor) =>
      cond(
        x.greater(0),
        (v: Tensor) => v.log(),
        (v: Tensor) => v.mul(2),
        x,
      ),
    );
    expect([await f(tensor(-1)).item(), await f(tensor(0)).item(), await f(tensor(4)).item()]).toEqual([
      2, 2, 0.25,
    ]);
  });

  it("lives in a scan, and a scan in it", async () => {
    const f = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, v: Tensor) =>
          [
            cond(
              v.greater(0),
              (a: Tensor) => a.mul(v),
              (a: Tensor) => a.sin(),
              c,
            ),
            c,
          ] as [Tensor, Tensor],
        x.sum(),
        x,
      )[0];
    await checkGradient((x) => f(x), [genericTensor([4], 1)]);
    await checkGradient((x) => cond(x.sum().less(9), f, (v: Tensor) => v.sum(), x), [genericTensor([4], 1)]);
    await expectAgreement(([x]) => [f(x!), grad(f)(x!)], [genericTensor([4], 1)]);
  });

  it("integer values pass through", async () => {
    const n = cond(
      tensor(true),
      (a: Tensor) => a.add(1),
      (a: Tensor) => a,
      tensor(3, { dtype: "int32" }),
    );
    expect([n.dtype, await n.item()]).toEqual(["int32", 4]);
  });

  it("gives results that are arguments, closures or literals", async () => {
    const k = tensor(7);
    const f = (flag: boolean): Tensor[] =>
      cond(
        tensor(flag),
        (a: Tensor) => [a, k, tensor(1)],
        (a: Tensor) => [k, a, a],
        tensor(3),
      );
    expect(await Promise.all([...f(true), ...f(false)].map((t) => t.item()))).toEqual([3, 7, 1, 7, 3, 3]);
  });

  it("refuses other predicates and branches that differ", () => {
    const id = (v: Tensor): Tensor => v;
    expect(() => cond(tensor(1), id, id, tensor(1))).toThrow(/want a bool scalar/);
    expect(() => cond(tensor([true]), id, id, tensor(1))).toThrow(/want a bool scalar/);
    expect(() => cond(tensor(true), id, (v: Tensor) => v.reshape([1]), tensor(1))).toThrow(
      /from both branches/,
    );
    expect(() => cond(tensor(true), (v: Tensor): unknown => [v], id, tensor(1))).toThrow(/one structure/);
  });
});

it("vmap over scan over cond over grad", async () => {
  const f = (x: Tensor): Tensor =>
    scan(
      (c: Tensor, v: Tensor) =>
        [
          cond(
            c.greater(0.5),
            (a: Tensor) => grad((q: Tensor) => q.pow(3))(a).mul(0.1),
            (a: Tensor) => a.add(v),
            c,
          ),
          undefined,
        ] as [Tensor, undefined],
      x.slice(0),
      x,
    )[0];
  await checkGradient((x) => vmap(f)(x), [genericTensor([3, 4], 5)]);
  expect(vmap(f)(genericTensor([3, 4], 5)).shape).toEqual([3]);
});
