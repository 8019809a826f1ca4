import { describe, expect, it } from "vitest";
import { compile, einsum, tensor, vmap, type Tensor } from "../index.js";
import { placeholder } from "../core/tensor.js";
import { collect } from "../core/node.js";
import { simplify } from "../compile/simplify.js";
import { genericNumbers, genericTensor } from "../testing/evaluator.js";
import * as ops from "./index.js";

const counting = (shape: number[]): Tensor => ops.arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);

/** The sum by its definition, over every value of every label; explicit output, no ellipsis. */
function naive(equation: string, ...operands: { shape: number[]; data: Float64Array }[]): number[] {
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => [...term].forEach((l, a) => sizes.set(l, operands[i]!.shape[a]!)));
  const labels = [...sizes.keys()];
  const at = (term: string, shape: (l: string) => number, value: Map<string, number>): number =>
    [...term].reduce((flat, l) => flat * shape(l) + value.get(l)!, 0);
  const out = new Array<number>([...right].reduce((n, l) => n * sizes.get(l)!, 1)).fill(0);
  const total = labels.reduce((n, l) => n * sizes.get(l)!, 1);
  for (let flat = 0; flat < total; flat++) {
    const value = new Map<string, number>();
    labels.reduce((rest, l) => (value.set(l, rest % sizes.get(l)!), Math.floor(rest / sizes.get(l)!)), flat);
    const product = terms.reduce(
      (p, term, i) => p * operands[i]!.data[at(term, (l) => sizes.get(l)!, value)]!,
      1,
    );
    out[at(right, (l) => sizes.get(l)!, value)]! += product;
  }
  return out;
}

describe("einsum", () => {
  it("gives NumPy's numbers", async () => {
    const [a, b, c, d] = [counting([2, 3]), counting([3, 4]), counting([3, 3]), counting([2, 3, 3])];
    const products = [
      [20, 23, 26, 29],
      [56, 68, 80, 92],
    ];
    expect(await einsum("ij,jk", a, b).toArray()).toEqual(products);
    expect(await einsum("ij, jk -> ik", a, b).toArray()).toEqual(products);
    expect(await einsum("ii", c).item()).toBe(12);
    expect(await einsum("ii->i", c).toArray()).toEqual([0, 4, 8]);
    expect(await einsum("ba", a).toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(await einsum("...ii->...i", d).toArray()).toEqual([
      [0, 4, 8],
      [9, 13, 17],
    ]);
    expect(await einsum("bii->b", d).toArray()).toEqual([12, 39]);
    expect(await einsum("...ij,j...->i...", d, counting([3])).toArray()).toEqual([
      [5, 32],
      [14, 41],
      [23, 50],
    ]);
  });

  it("equals the sum by its definition", async () => {
    const cases: [string, ...number[][]][] = [
      ["abc,bcd->ad", [2, 3, 4], [3, 4, 2]],
      ["abc,bcd->da", [2, 3, 4], [3, 4, 2]],
      ["abc,cbd->bad", [2, 3, 4], [4, 3, 2]],
      ["abcd,aecd->aceb", [2, 3, 2, 4], [2, 5, 2, 4]],
      ["ab,bc,cd,de->ae", [2, 3], [3, 4], [4, 2], [2, 3]],
      ["abc,ad,be,cf->def", [2, 3, 2], [2, 4], [3, 2], [2, 3]],
      ["aab,bcc->ac", [3, 3, 2], [2, 4, 4]],
      ["abc,abc->", [2, 3, 4], [2, 3, 4]],
      ["a,b,c->cab", [2], [3], [4]],
      ["ab,ab,ab->b", [2, 3], [2, 3], [2, 3]],
      ["ij,ji->i", [3, 4], [4, 3]],
    ];
    for (const [equation, ...shapes] of cases) {
      const operands = shapes.map((shape, i) => ({
        shape,
        data: genericNumbers(
          shape.reduce((n, d) => n * d, 1),
          i + 1,
        ),
      }));
      const got = einsum(equation, ...shapes.map((shape, i) => genericTensor(shape, i + 1)));
      const want = naive(equation, ...operands);
      expect(await got.flatten().toArray(), equation).toEqual(
        want.map((v) => expect.closeTo(v, 10) as number),
      );
    }
  });

  it("becomes one matrix product, transposes folded into its flags", () => {
    const [q, k] = [placeholder([2, 4, 8, 16], "float32"), placeholder([2, 4, 9, 16], "float32")];
    const names = (out: Tensor, ...params: Tensor[]): string[] =>
      collect(simplify([out], params), new Set(params)).map((n) => n.op.name);
    expect(names(einsum("bhqd,bhkd->bhqk", q, k), q, k)).toEqual(["MatMul"]);
    expect(names(einsum("bhqd,bhkd->bhkq", q, k), q, k)).toEqual(["MatMul"]);
    expect(names(einsum("bhdq,bhdk->bhqk", q.swapAxes(2, 3), k.swapAxes(2, 3)), q, k)).toEqual(["MatMul"]);
    const [x, w] = [placeholder([5, 6], "float32"), placeholder([7, 6], "float32")];
    expect(names(einsum("ij,kj->ik", x, w), x, w)).toEqual(["MatMul"]);
    expect(names(einsum("ij,kj->ki", x, w), x, w)).toEqual(["MatMul"]);
  });

  it("combines operands in a good order: a chain of matrices on a vector stays small", async () => {
    const chain = compile((a: Tensor, b: Tensor, v: Tensor) => einsum("ij,jk,k->i", a, b, v));
    const args = [genericTensor([64, 64], 1), genericTensor([64, 64], 2), genericTensor([64], 3)] as const;
    expect(chain.lower(...args).cost.flops).toBeLessThan(4 * 64 * 64 + 1000);
    await chain.release();
  });

  it("keeps integers and promotes dtypes", async () => {
    const x = einsum("i,i", tensor([1, 2], { dtype: "int32" }), tensor([3, 4], { dtype: "int32" }));
    expect([x.dtype, await x.item()]).toEqual(["int32", 11]);
    expect(einsum("i,j->ij", tensor([1], { dtype: "int32" }), tensor([0.5])).dtype).toBe("float32");
    expect(await einsum("i->", tensor([true, true])).item()).toBe(2);
  });

  it("maps over batches", async () => {
    const [a, b] = [genericTensor([3, 2, 4], 1), genericTensor([3, 4, 2], 2)];
    const mapped = vmap((x: Tensor, y: Tensor) => einsum("ij,ji->i", x, y))(a, b);
    const want = (await einsum("bij,bji->bi", a, b).toArray()) as number[][];
    expect(await mapped.toArray()).toEqual(
      want.map((row) => row.map((v) => expect.closeTo(v, 12) as number)),
    );
  });

  it("takes empty axes", async () => {
    expect(await einsum("ij,jk->ik", ops.zeros([2, 0]), ops.zeros([0, 2])).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("names the label and the sizes that do not fit, and what is wrong with the equation", () => {
    const [a, b] = [counting([2, 3]), counting([4, 5])];
    const message = (equation: string, ...xs: Tensor[]): string => {
      try {
        einsum(equation, ...xs);
        return "no error";
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message("ij,jk->ik", a, b)).toBe(
      'ops.einsum "ij,jk->ik": want label "j" of one size, got 3 and 4 (operand 1)',
    );
    expect(message("ii", a)).toContain('label "i" of one size within operand 0, got 2 and 3');
    expect(message("...i,...i", a, b)).toContain('want axis −1 of "..." of one size, got 2 and 4');
    expect(message("...,...", a, b)).toContain('want axis −2 of "..." of one size, got 2 and 4');
    expect(message("ij", a, b)).toContain("want 1 operands, got 2");
    expect(message("ijk", a)).toContain("want 3 axes in operand 0, got [2, 3]");
    expect(message("ij->k", a)).toContain('got "k"');
    expect(message("ij->ii", a)).toContain('got "i" twice');
    expect(message("i1", a)).toContain('got "1"');
    expect(message("i.j", a)).toContain('got "."');
    expect(message("i->j->k", a)).toContain('at most one "->"');
    expect(message("......ij", a)).toContain('one "..." a term');
    expect(message("")).toContain("at least one operand");
  });
});
