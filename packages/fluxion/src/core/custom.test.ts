import { describe, expect, it } from "vitest";
import { checkpoint, customGradient, grad, tensor, vmap, type Tensor } from "../index.js";
import { simplify } from "../compile/simplify.js";
import { genericTensor } from "../testing/evaluator.js";
import { checkGradient } from "../testing/gradient-check.js";
import { collect, type Graph, type Node } from "./node.js";
import { placeholder } from "./tensor.js";

describe("customGradient", { timeout: 30_000 }, () => {
  it("takes and gives trees; undefined stands for no gradient", async () => {
    const f = customGradient(
      (p: { a: Tensor; b: Tensor }, k: Tensor) => ({ y: p.a.mul(p.b).mul(k), z: k }),
      (ct: { y: Tensor; z: Tensor }, [p]) => [{ b: ct.y.mul(p.a), a: ct.y.mul(100).add(ct.z) }, undefined],
    );
    const g = (p: { a: Tensor; b: Tensor }, k: Tensor): Tensor => f(p, k).y.sum().add(f(p, k).z.sum());
    const both = grad(g, { argnums: [0, 1] }) as (...a: unknown[]) => [{ a: Tensor; b: Tensor }, Tensor];
    const [dp, dk] = both({ a: tensor([2]), b: tensor([3]) }, tensor([5]));
    expect([await dp.a.item(), await dp.b.item(), await dk.item()]).toEqual([101, 2, 0]);
  });

  it("may do anything to the cotangent, e.g. clip it", async () => {
    const clipped = customGradient(
      (x: Tensor) => x,
      (ct: Tensor) => [ct.clip(-1, 1)],
    );
    expect(
      await grad((x: Tensor) =>
        clipped(x)
          .mul(tensor([10, 0.5, -7]))
          .sum(),
      )(tensor([1, 1, 1])).toArray(),
    ).toEqual([1, 0.5, -1]);
  });

  it("is differentiated itself for second derivatives, and gets the value", async () => {
    const exp = customGradient(
      (x: Tensor) => x.exp(),
      (ct: Tensor, _args, y) => [ct.mul(y)],
    );
    await checkGradient((x) => exp(x), [genericTensor([3], 1)]);
  });

  it("refuses gradients of the wrong structure or shape", () => {
    const f = customGradient(
      (x: { a: Tensor }) => x.a,
      () => [{ b: tensor(1) } as never],
    );
    expect(() => grad(f)({ a: tensor(1) })).toThrow(/"a".*"b"/);
    const g = customGradient(
      (x: Tensor) => x.sum(),
      () => [tensor(1)],
    );
    expect(() => grad(g)(tensor([1, 2]))).toThrow(/want \[2\], got \[\]/);
  });
});

describe("checkpoint", { timeout: 30_000 }, () => {
  const w = genericTensor([3, 3], 2);
  const layer = (x: Tensor, m: Tensor): Tensor => x.matmul(m).tanh().mul(x.sin());

  it("has the gradient of the function, twice", async () => {
    await checkGradient((x, m) => checkpoint(layer)(x, m), [genericTensor([2, 3], 1), w]);
  });

  it("differentiates what the function closes over, too", async () => {
    await checkGradient((x, m) => checkpoint((v: Tensor) => layer(v, m))(x), [genericTensor([2, 3], 1), w]);
  });

  it("computes again in the backward pass: what lies between is no input of it, and nothing merges", () => {
    const x = placeholder([2, 3], "float64");
    const gradients = (f: typeof layer): Tensor[] =>
      simplify([grad((v: Tensor) => f(f(v, w), w).sum())(x)], [x]);
    const count = (results: Tensor[], name: string): number => {
      const within = (node: Node): number =>
        (node.op.name === name ? 1 : 0) +
        Object.values(node.attrs)
          .filter((a): a is Graph => typeof a === "object" && "results" in a)
          .reduce((n, g) => n + count([...g.results], name), 0);
      return collect(results).reduce((n, node) => n + within(node), 0);
    };
    const [plain, spared] = [gradients(layer), gradients(checkpoint(layer))];
    expect(count(plain, "Tanh")).toBe(2);
    // Forward, the second layer's value is not needed at all; backward, each is computed again.
    expect(count(spared, "Tanh")).toBe(3);
    // Only the layer's arguments cross from the forward into the backward pass.
    for (const node of collect(spared).filter((n) => n.op.name === "Scan")) {
      for (const t of node.inputs) expect(t.node.op.name).not.toBe("Tanh");
    }
  });

  it("works under vmap and with trees", async () => {
    const f = checkpoint((p: { x: Tensor; k: Tensor }) => ({ y: p.x.mul(p.k).sin(), z: p.k.square() }));
    const loss = (p: { x: Tensor; k: Tensor }): Tensor => f(p).y.sum().add(f(p).z.sum());
    const g = vmap(grad(loss), { inAxes: 0 })({ x: genericTensor([2, 3], 1), k: genericTensor([2, 3], 2) });
    const plain = vmap(
      grad((p: { x: Tensor; k: Tensor }) => p.x.mul(p.k).sin().sum().add(p.k.square().sum())),
      { inAxes: 0 },
    )({ x: genericTensor([2, 3], 1), k: genericTensor([2, 3], 2) });
    expect(await g.x.toArray()).toEqual(await plain.x.toArray());
    expect(await g.k.sub(plain.k).abs().max().item()).toBeLessThan(1e-12);
  });
});
