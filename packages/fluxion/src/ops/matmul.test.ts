import { describe, expect, it } from "vitest";
import { grad, tensor, vmap, type Tensor } from "../index.js";
import { collect } from "../core/node.js";
import { placeholder } from "../core/tensor.js";
import { simplify } from "../compile/simplify.js";
import { genericNumbers, genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

/** [m, k] times [k, n] by three loops, row-major. */
function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): number[] {
  const out = new Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) out[i * n + j]! += a[i * k + l]! * b[l * n + j]!;
  return out;
}

const near = (values: number[], digits = 12): number[] =>
  values.map((v) => expect.closeTo(v, digits) as number);

describe("matmul", () => {
  it("equals three loops, for batches, vectors and broadcast batches", async () => {
    const [a, b] = [genericNumbers(24, 1), genericNumbers(24, 2)];
    const x = genericTensor([2, 3, 4], 1);
    const y = genericTensor([2, 4, 3], 2);
    const batch = (i: number, j: number): number[] =>
      product(a.slice(12 * i, 12 * i + 12), b.slice(12 * j, 12 * j + 12), 3, 4, 3);
    expect(await ops.matmul(x, y).flatten().toArray()).toEqual(near([...batch(0, 0), ...batch(1, 1)]));
    const all = ops.matmul(x.expandDims(1), y);
    expect(all.shape).toEqual([2, 2, 3, 3]);
    expect(await all.flatten().toArray()).toEqual(
      near([...batch(0, 0), ...batch(0, 1), ...batch(1, 0), ...batch(1, 1)]),
    );
    const vector = genericTensor([4], 2);
    expect(await ops.matmul(x.slice(0), vector).toArray()).toEqual(near(product(a, b, 3, 4, 1)));
    expect(ops.matmul(vector, vector).shape).toEqual([]);
    expect(ops.matmul(vector, y).shape).toEqual([2, 3]);
  });
  it("takes empty axes", async () => {
    expect(await ops.matmul(ops.zeros([2, 0]), ops.zeros([0, 2])).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(ops.matmul(ops.zeros([0, 2]), ops.zeros([2, 3])).shape).toEqual([0, 3]);
    const g = grad((t: Tensor) => ops.matmul(t, ops.zeros([0, 2])).sum())(ops.zeros([2, 0]));
    expect(await g.data()).toHaveLength(0);
  });
  it("counts booleans and keeps integers", async () => {
    const yes = tensor([[true, true]]);
    expect(await ops.matmul(yes, yes.transpose()).item()).toBe(2);
    const whole = tensor([[1, 2]], { dtype: "int32" });
    expect(ops.matmul(whole, whole.transpose()).dtype).toBe("int32");
    expect(ops.matmul(whole, tensor([[0.5], [1]])).dtype).toBe("float32");
  });
  it("emits its gradients as two products, transposes as flags and batches of rows as one", () => {
    const [x, w] = [placeholder([8, 5, 4], "float32"), placeholder([4, 3], "float32")];
    const grads = grad((a: Tensor, b: Tensor) => ops.matmul(a, b).square().sum(), { argnums: [0, 1] }) as (
      ...args: Tensor[]
    ) => Tensor[];
    const names = collect(simplify(grads(x, w), [x, w]), new Set([x, w])).map((n) => n.op.name);
    expect(names.filter((n) => n === "MatMul")).toHaveLength(3);
    expect(names).not.toContain("Transpose");
    expect(names).not.toContain("ReduceSum");
  });
  it("takes mapped vectors and matrices on either side", async () => {
    const [a, v] = [genericTensor([3, 2, 4], 1), genericTensor([3, 4], 2)];
    const both = vmap((m: Tensor, u: Tensor) => ops.matmul(m, u))(a, v);
    expect(await both.flatten().toArray()).toEqual(
      near((await ops.einsum("bij,bj->bi", a, v).flatten().toArray()) as number[]),
    );
    const right = vmap((u: Tensor) => ops.matmul(a.slice(0), u))(v);
    expect(await right.flatten().toArray()).toEqual(
      near((await ops.einsum("ij,bj->bi", a.slice(0), v).flatten().toArray()) as number[]),
    );
  });
});

describe("dot, outer and tensordot", () => {
  it("are Einstein sums", async () => {
    const [a, b] = [genericTensor([2, 3, 4], 1), genericTensor([4, 3, 2], 2)];
    const pairs: [Tensor, Tensor][] = [
      [
        ops.tensordot(a, b, [
          [1, 2],
          [1, 0],
        ]),
        ops.einsum("ijk,kjl->il", a, b),
      ],
      [ops.tensordot(a, b, [[-1], [0]]), ops.einsum("ijk,klm->ijlm", a, b)],
      [ops.tensordot(a, b, 0), ops.einsum("ijk,lmn->ijklmn", a, b)],
      [ops.dot(a, a), ops.einsum("ijk,ijk->", a, a)],
      [ops.outer(a.flatten(), b.flatten()), ops.einsum("i,j->ij", a.flatten(), b.flatten())],
    ];
    for (const [got, want] of pairs) {
      expect(got.shape).toEqual(want.shape);
      expect(await got.sub(want).abs().max().item()).toBeLessThan(1e-12);
    }
  });
});

describe("bad input", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it.each<[string, () => unknown, string]>([
    ["inner sizes", () => ops.matmul(x, x), "ops.matmul: want inner sizes that agree, got [2, 3] and [2, 3]"],
    ["batches", () => ops.matmul(ops.zeros([2, 2, 2]), ops.zeros([3, 2, 2])), "shapes that broadcast"],
    ["scalars", () => ops.matmul(tensor(1), x), "want at least one axis"],
    ["dot", () => ops.dot(x, x.transpose()), "want equal shapes"],
    ["tensordot", () => ops.tensordot(x, x, [[0], [1]]), "paired axes of equal size"],
    ["tensordot of more axes than there are", () => ops.tensordot(x, x, 3), "paired axes"],
    ["tensordot of lists of unequal length", () => ops.tensordot(x, x, [[0, 1], [0]]), "paired axes"],
  ])("%s are named", (_, f, message) => {
    expect(f).toThrow(message);
  });
});
