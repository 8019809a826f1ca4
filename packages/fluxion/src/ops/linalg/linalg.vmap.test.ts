import { describe, expect, it } from "vitest";
import { eye, grad, linalg, vmap, type Tensor } from "../../index.js";
import { genericTensor } from "../../testing/evaluator.js";

const square = genericTensor([2, 5, 5], 1);
const spd = (a: Tensor): Tensor => a.matmul(a.swapAxes(-1, -2)).add(eye(5, { dtype: "float64" }));

describe("vmap equals a loop", () => {
  const rhs = genericTensor([2, 5, 3], 4);
  const each = (f: (...args: Tensor[]) => Tensor, ...args: Tensor[]): Promise<unknown[]> =>
    Promise.all([0, 1].map((i) => f(...args.map((a) => a.slice(i))).toArray()));

  it.each<[string, (a: Tensor) => Tensor]>([
    ["cholesky", (a) => linalg.cholesky(spd(a))],
    ["inv", linalg.inv],
    ["det", linalg.det],
    ["slogdet", (a) => linalg.slogdet(a)[1]],
    ["qr", (a) => linalg.qr(a)[1]],
    ["eigh", (a) => linalg.eigh(a)[1]],
    ["svd", (a) => linalg.svd(a)[2]],
    ["grad of det", grad((a: Tensor) => linalg.det(a))],
  ])("%s", async (_, f) => {
    expect(await vmap(f)(square).toArray()).toEqual(await each(f, square));
  });

  it("solve and triangularSolve with either side mapped", async () => {
    for (const f of [linalg.solve, (a: Tensor, b: Tensor) => linalg.triangularSolve(a, b)]) {
      expect(await vmap(f)(square, rhs).toArray()).toEqual(await each(f, square, rhs));
      const [a, b] = [square.slice(0), rhs.slice(0)];
      expect(await vmap(f, { inAxes: [0, null] })(square, b).toArray()).toEqual(
        await each((m) => f(m, b), square),
      );
      expect(await vmap(f, { inAxes: [null, 0] })(a, rhs).toArray()).toEqual(await each((r) => f(a, r), rhs));
    }
  });

  it("solve of a mapped stack with an unmapped one", async () => {
    const stack = genericTensor([3, 5, 5], 13);
    const f = (b: Tensor): Tensor => linalg.solve(stack, b);
    expect(await vmap(f)(rhs).toArray()).toEqual(await each(f, rhs));
    const g = (a: Tensor): Tensor => linalg.solve(a, genericTensor([3, 5, 2], 14));
    expect(await vmap(g)(square).toArray()).toEqual(await each(g, square));
  });
});
