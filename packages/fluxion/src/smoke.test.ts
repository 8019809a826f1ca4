import { expect, it } from "vitest";
import { tensor, compile, valueAndGrad, grad, hvp, jvp, scan, vmap, jacobian, cond, checkpoint, customGradient, type Tensor } from "./index.js";

it("smoke", async () => {
  const x = tensor([[1, 2], [3, 4]]);
  expect(await x.matmul(x).add(1).toArray()).toEqual([[8, 11], [16, 23]]);
  const loss = (w: Tensor, a: Tensor, y: Tensor) => a.matmul(w).sub(y).square().mean();
  const step = compile((w: Tensor, a: Tensor, y: Tensor) => {
    const [l, g] = valueAndGrad(loss)(w, a, y);
    return { l, w: w.sub(g.mul(0.1)) };
  });
  const { l, w } = await step(tensor([[0], [0]]), x, tensor([[1], [2]]));
  expect(await l.item()).toBe(2.5);
  expect(await w.toArray()).toEqual([[0.7], [1]].map((r) => r.map((v) => Math.fround(v))));
  expect(step.stats[0]!.nodes).toBeLessThan(20);
  const f = (t: Tensor) => t.pow(3).sum();
  expect(await hvp(f, [tensor([1, 2])], tensor([1, 1])).toArray()).toEqual([6, 12]);
  const [, tan] = jvp((t: Tensor) => t.square(), [tensor([1, 2])], [tensor([1, 10])]);
  expect(await tan.toArray()).toEqual([2, 40]);
  const [c, ys] = scan((s: Tensor, v: Tensor) => { const n = s.mul(v); return [n, n] as [Tensor, Tensor]; }, tensor(1), tensor([1, 2, 3, 4]));
  expect(await c.item()).toBe(24);
  expect(await ys.toArray()).toEqual([1, 2, 6, 24]);
  const g = grad((v: Tensor) => scan((s: Tensor, a: Tensor) => [s.mul(a), undefined] as [Tensor, undefined], tensor(1), v)[0])(tensor([1, 2, 3, 4]));
  expect(await g.toArray()).toEqual([24, 12, 8, 6]);
  const gg = hvp((v: Tensor) => scan((s: Tensor, a: Tensor) => [s.mul(a), undefined] as [Tensor, undefined], tensor(1), v)[0], [tensor([1, 2, 3, 4])], tensor([1, 0, 0, 0]));
  expect(await gg.toArray()).toEqual([0, 12, 8, 6]);
  expect(await jacobian((t: Tensor) => t.square())(tensor([1, 2])).toArray()).toEqual([[2, 0], [0, 4]]);
  expect(await vmap((a: Tensor, b: Tensor) => a.dot(b))(x, x).toArray()).toEqual([5, 25]);
  const cg = grad((t: Tensor) => cond(t.greater(0), (u: Tensor) => u.mul(3), (u: Tensor) => u.mul(5), t));
  expect(await cg(tensor(1)).item()).toBe(3);
  expect(await cg(tensor(-1)).item()).toBe(5);
  expect(await grad(checkpoint((t: Tensor) => t.sin().sin()))(tensor(0.5)).item()).toBeCloseTo(Math.cos(Math.sin(0.5)) * Math.cos(0.5), 6);
  expect(await grad(customGradient((t: Tensor) => t.mul(2), (ct) => [ct.mul(7)]))(tensor(1)).item()).toBe(7);
});

it("a value computed early serves what is built on it", async () => {
  const early = tensor([1, 2]).mul(2).square();
  const late = early.add(1);
  expect(await early.toArray()).toEqual([4, 16]);
  expect(await late.toArray()).toEqual([5, 17]);
  expect(await early.add(late).toArray()).toEqual([9, 33]);
});
