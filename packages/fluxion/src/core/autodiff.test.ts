import { describe, expect, it } from "vitest";
import { grad, hvp, jacobian, jvp, stopGradient, tensor, valueAndGrad, vjp, type Tensor } from "../index.js";
import { genericTensor } from "../testing/evaluator.js";
import { expectAgreement } from "../testing/agree.js";

const double = (v: number | number[]): Tensor => tensor(v, { dtype: "float64" });

describe("grad and valueAndGrad", { timeout: 30_000 }, () => {
  it("take trees, several arguments and auxiliary values", async () => {
    const f = (p: { w: Tensor; list: Tensor[] }, x: Tensor): Tensor =>
      p.w.mul(x).add(p.list[0]!.square()).sum();
    const [value, g] = valueAndGrad(f)({ w: tensor([1, 2]), list: [tensor([3, 4])] }, tensor([5, 6]));
    expect([await value.item(), await g.w.toArray(), await g.list[0]!.toArray()]).toEqual([
      42,
      [5, 6],
      [6, 8],
    ]);
    const both = grad(f, { argnums: [1, 0] });
    const [dx, dp] = both({ w: tensor([1, 2]), list: [tensor([3, 4])] }, tensor([5, 6]));
    expect([await dx.toArray(), await dp.w.toArray()]).toEqual([
      [1, 2],
      [5, 6],
    ]);
    const aux = grad((x: Tensor) => [x.square().sum(), { seen: x }], { hasAux: true });
    const [d, { seen }] = aux(tensor([2, 3]));
    expect([await d.toArray(), await seen.toArray()]).toEqual([
      [4, 6],
      [2, 3],
    ]);
  });

  it("give zeros where nothing depends, and for integers", async () => {
    const g = grad((p: { a: Tensor; b: Tensor; n: Tensor }) => p.a.mul(p.n).sum())({
      a: tensor([1, 2]),
      b: tensor([3]),
      n: tensor([4, 5], { dtype: "int32" }),
    });
    expect([await g.a.toArray(), await g.b.toArray(), await g.n.toArray(), g.n.dtype]).toEqual([
      [4, 5],
      [0],
      [0, 0],
      "int32",
    ]);
  });

  it("differentiate with respect to an argument used as such, twice, or not at all", async () => {
    expect(await grad((x: Tensor) => x)(tensor(3)).item()).toBe(1);
    expect(await grad((x: Tensor) => x.add(x))(tensor(3)).item()).toBe(2);
    expect(await grad((_: Tensor) => tensor(3))(tensor(3)).item()).toBe(0);
    const shared = tensor([1, 2]);
    const g = grad((p: { a: Tensor; b: Tensor }) => p.a.mul(p.b).sum())({ a: shared, b: shared });
    expect([await g.a.toArray(), await g.b.toArray()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("nest without confusing who differentiates what", async () => {
    // d/dx [x · d/dy (x·y)] = d/dx x² = 2x; a classic perturbation confusion gives another value.
    const f = (x: Tensor): Tensor => x.mul(grad((y: Tensor) => x.mul(y))(double(2)));
    expect(await grad(f)(double(3)).item()).toBe(6);
    expect(await grad((x: Tensor) => grad((y: Tensor) => x.mul(y).mul(y))(x))(double(3)).item()).toBe(12);
    expect(await grad(grad(grad((x: Tensor) => x.pow(4))))(double(2)).item()).toBe(48);
  });

  it("follow values computed before: a gradient after an evaluation is the same", async () => {
    const x = tensor([1, 2]);
    const y = x.exp();
    await y.data();
    expect(await grad((v: Tensor) => v.mul(y).sum())(x).toArray()).toEqual(await y.toArray());
  });

  it("sum over what broadcasting repeated", async () => {
    expect(
      await grad((x: Tensor) =>
        x
          .add(
            tensor([
              [1, 2],
              [3, 4],
            ]),
          )
          .sum(),
      )(tensor([1, 1])).toArray(),
    ).toEqual([2, 2]);
    expect(
      await grad((x: Tensor) =>
        x
          .mul(
            tensor([
              [1, 2],
              [3, 4],
            ]),
          )
          .sum(),
      )(tensor(1)).item(),
    ).toBe(10);
  });

  it("refuse values that are no float scalars and missing arguments", () => {
    expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(/scalar/);
    expect(() => grad((x: Tensor) => x.greater(0))(tensor(1))).toThrow(/float/);
    expect(() => grad((x: Tensor) => x, { argnums: 2 })(tensor(1))).toThrow(/argument 2/);
    expect(() => grad((x: Tensor) => x)("x" as unknown as Tensor)).toThrow(/want a Tensor/);
    expect(() => grad(((x: Tensor) => x) as () => Tensor, { argnum: 0 } as object)()).toThrow(/argnum/);
  });
});

describe("vjp, jvp, hvp and jacobian", { timeout: 30_000 }, () => {
  const f = (p: { a: Tensor; b: Tensor }): { u: Tensor; v: Tensor } => ({
    u: p.a.mul(p.b).sin(),
    v: p.b.sum(),
  });
  const at = { a: genericTensor([2, 3], 1), b: genericTensor([3], 2) };

  it("vjp checks its cotangent by key and shape", () => {
    const [, pullback] = vjp(f, at);
    expect(() => pullback({ u: at.a } as never)).toThrow(/"v"/);
    expect(() => pullback({ u: at.b, v: at.b.sum() })).toThrow(/cotangent at "u": want \[2, 3\]/);
  });

  it("jvp is the transpose of vjp, on trees", async () => {
    const tangents = { b: genericTensor([3], 4), a: genericTensor([2, 3], 3) };
    const [, pushed] = jvp(f, [at], [tangents]);
    const ct = { u: genericTensor([2, 3], 5), v: genericTensor([], 6) };
    const [[pulled]] = [vjp(f, at)[1](ct)];
    const left = await pushed.u.mul(ct.u).sum().add(pushed.v.mul(ct.v)).item();
    const right = await pulled.a.mul(tangents.a).sum().add(pulled.b.mul(tangents.b).sum()).item();
    expect(left).toBeCloseTo(right, 12);
    expect(() => jvp(f, [at], [{ a: at.b, b: at.b }])).toThrow(/tangent at .*a: want \[2, 3\]/);
  });

  it("hvp equals the Hessian times the vector", async () => {
    const g = (x: Tensor): Tensor =>
      x
        .mul(x.slice([null, null, -1]))
        .mul(x)
        .sin()
        .sum();
    const x = genericTensor([3], 1);
    const v = genericTensor([3], 2);
    const hessian = jacobian(grad(g))(x);
    const [a, b] = [await hessian.matmul(v).toArray(), await hvp(g, [x], v).toArray()];
    expect(a).toEqual((b as number[]).map((w) => expect.closeTo(w, 10) as number));
    expect(await hessian.sub(hessian.transpose()).abs().max().item()).toBeLessThan(1e-12);
  });

  it("jacobian has the shape of the value and then that of the argument", async () => {
    const j = jacobian((x: Tensor) => x.matmul(genericTensor([3, 2], 9)))(genericTensor([2, 3], 1));
    expect(j.shape).toEqual([2, 2, 2, 3]);
    expect(await jacobian((x: Tensor) => x.sum())(double([1, 2])).toArray()).toEqual([1, 1]);
    expect(await jacobian((x: Tensor) => x.square())(double(3)).item()).toBe(6);
    expect(await jacobian((x: Tensor) => x.cumsum(0))(double([1, 2])).toArray()).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it("agree with the interpreter when compiled", async () => {
    const g = (x: Tensor): Tensor => x.square().sum().sqrt().add(x.sin().prod());
    await expectAgreement(
      ([x, v]) => [hvp(g, [x!], v!), jacobian((t) => t.mul(g(t)))(x!), ...jvp(g, [x!], [v!])],
      [genericTensor([3], 1), genericTensor([3], 2)],
    );
  });
});

describe("stopGradient", { timeout: 30_000 }, () => {
  it("keeps the value and drops the slope, at every order", async () => {
    const f = (x: Tensor): Tensor => x.mul(stopGradient(x.square()));
    expect(await grad(f)(double(3)).item()).toBe(9);
    expect(await grad(grad(f))(double(3)).item()).toBe(0);
    expect(await jvp(f, [double(3)], [double(1)])[1].item()).toBe(9);
  });
});
