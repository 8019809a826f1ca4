import { describe, expect, it } from "vitest";
import {
  checkpoint,
  compile,
  grad,
  matmul,
  ones,
  scan,
  stopGradient,
  tensor,
  zeros,
  type Tensor,
} from "../index.js";
import { collect, type Graph } from "../core/node.js";
import { placeholder } from "../core/tensor.js";
import { simplify } from "./simplify.js";

const matrix = (): Tensor => placeholder([3, 3], "float32");

/** Operators left of `f`, literals and arguments apart, in order. */
function left(f: (...args: Tensor[]) => Tensor | Tensor[], ...args: Tensor[]): string[] {
  const out = f(...args);
  const results = simplify(Array.isArray(out) ? out : [out], args);
  return collect(results, new Set(args)).flatMap(({ op }) => (op.name === "Constant" ? [] : [op.name]));
}

describe("simplify", () => {
  it("shares equal expressions and drops what nothing uses", () => {
    const x = matrix();
    expect(left((a) => a.sin().mul(a.sin()), x)).toEqual(["Sin", "Mul"]);
    expect(left((a) => (a.exp(), a.sin()), x)).toEqual(["Sin"]);
    expect(left((a) => [a.sub(1).sin(), a.sub(1).sin()], x)).toEqual(["Sub", "Sin"]);
  });

  it("does not take different expressions for equal ones", () => {
    const [x, y] = [matrix(), matrix()];
    expect(left((a, b) => a.sub(b).add(b.sub(a).exp()), x, y)).toEqual(["Sub", "Sub", "Exp", "Add"]);
    expect(left((a) => a.sum(0).add(a.sum(1)), x)).toEqual(["ReduceSum", "ReduceSum", "Add"]);
    expect(left((a) => a.add(0.5).mul(a.add(-0.5)), x)).toEqual(["Add", "Add", "Mul"]);
  });

  it("drops neutral elements, double negation, markers and moves that move nothing", () => {
    const x = matrix();
    expect(left((a) => a.add(0).mul(1).div(1).sub(0), x)).toEqual([]);
    expect(left((a) => a.neg().neg(), x)).toEqual([]);
    expect(left((a) => stopGradient(a), x)).toEqual([]);
    expect(left((a) => a.transpose().transpose(), x)).toEqual([]);
    expect(left((a) => a.reshape([9]).reshape([1, 9]).reshape([3, 3]), x)).toEqual([]);
    expect(left((a) => a.expandDims(0).transpose([1, 0, 2]), x)).toEqual(["Reshape"]);
  });

  it("never materialises a broadcast that an operator does by itself", () => {
    const [x, row] = [matrix(), placeholder([3], "float32")];
    expect(left((a, b) => a.add(b.broadcastTo([3, 3])), x, row)).toEqual(["Add"]);
    expect(left((a) => a.mul(ones([3, 3])).add(zeros([3, 3])), x)).toEqual([]);
    expect(left((a) => grad((v: Tensor) => v.sum())(a), x)).toEqual(["Expand"]);
  });

  it("lets a literal join a scalar that is computed, unless it is of unusual size", () => {
    const [x, s] = [matrix(), placeholder([], "float32")];
    expect(left((a, b) => a.mul(b.exp()).mul(-0.1), x, s)).toEqual(["Exp", "Mul", "Mul"]);
    const shapes = (c: number) =>
      collect(simplify([x.mul(s).mul(c)], [x, s]), new Set([x, s])).flatMap(({ op, outputs: [out] }) =>
        op.name === "Mul" ? [out!.size] : [],
      );
    expect(shapes(-0.1)).toEqual([1, 9]);
    expect(shapes(1e-30)).toEqual([9, 9]);
  });

  it("turns sums of broadcasts into factors", () => {
    const row = placeholder([3], "float32");
    expect(left((b) => b.broadcastTo([5, 3]).sum(0), row)).toEqual(["Mul"]);
    expect(left((b) => b.broadcastTo([5, 3]).sum(), row).filter((op) => op !== "Reshape")).toEqual([
      "ReduceSum",
      "Mul",
    ]);
  });

  it("folds transposes and factors into matrix products, forwards and backwards", () => {
    const [x, y] = [matrix(), matrix()];
    expect(left((a, b) => matmul(a.transpose(), b.transpose()), x, y)).toEqual(["MatMul"]);
    expect(left((a, b) => matmul(a.mul(0.5), b.transpose().mul(3)), x, y)).toEqual(["MatMul"]);
    expect(left((a, b) => grad((v: Tensor) => matmul(v, b).square().sum().mul(0.5))(a), x, y)).toEqual([
      "MatMul",
      "MatMul",
    ]);
  });

  it("works inside loops, and drops gradients of one's own once they are taken", () => {
    const x = placeholder([3], "float32");
    const loop = scan(
      (c: Tensor, _: undefined) => [c.add(0).neg().neg().sin().mul(1), undefined] as [Tensor, undefined],
      x,
      undefined,
      { length: 3 },
    )[0];
    const [simple] = simplify([loop], [x]);
    const body = simple!.node.attrs.body as Graph;
    expect(collect(body.results, new Set(body.params)).map((n) => n.op.name)).toEqual(["Sin"]);
    expect(left((a) => checkpoint((v: Tensor) => v.sin())(a), x)).toEqual(["Sin"]);
  });

  it("moves no factor that would overflow or vanish on the way", async () => {
    const f = compile((a: Tensor, b: Tensor) => [
      a.mul(1e-30).mul(b),
      a.mul(0).mul(b),
      b.mul(1e-25).mul(b.mul(1e-25)),
    ]);
    const big = tensor([1e30]);
    const values = await Promise.all((await f(big, big)).map((t) => t.item()));
    expect(values.map((v) => v.toPrecision(5))).toEqual(["1.0000e+30", "0.0000", "1.0000e+10"]);
    await f.release();
  });

  it("leaves the graph it was given as it was", () => {
    const x = matrix();
    const y = x.add(0).sin();
    simplify([y], [x]);
    expect(y.node.inputs[0]!.node.op.name).toBe("Add");
  });
});
