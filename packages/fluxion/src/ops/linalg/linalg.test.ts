import { describe, expect, it } from "vitest";
import { compile, eye, linalg, tensor, type NestedArray, type Tensor } from "../../index.js";
import { genericTensor } from "../../testing/evaluator.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });

/** Largest difference of two tensors, broadcast. */
const distance = async (a: Tensor, b: Tensor): Promise<number> => a.sub(b).abs().max().item();
async function expectClose(a: Tensor, b: Tensor, tolerance = 1e-12): Promise<void> {
  expect(await distance(a, b)).toBeLessThan(tolerance);
}

const transposed = (a: Tensor): Tensor => a.swapAxes(-1, -2);
const identity = (n: number, dtype: "float32" | "float64" = "float64"): Tensor => eye(n, { dtype });
const spd = (a: Tensor): Tensor =>
  a.matmul(transposed(a)).add(identity(a.shape.at(-1)!, a.dtype as "float64"));

const square = genericTensor([2, 5, 5], 1);
const tall = genericTensor([3, 6, 3], 2);
const wide = genericTensor([3, 3, 6], 3);

describe("identities, float64 and stacks", () => {
  it("solve", async () => {
    const b = genericTensor([2, 5, 3], 4);
    await expectClose(square.matmul(linalg.solve(square, b)), b);
    const v = genericTensor([5], 5);
    const x = linalg.solve(square, v);
    expect(x.shape).toEqual([2, 5]);
    await expectClose(square.matmul(x.expandDims(-1)).squeeze(-1), v);
  });

  it("solve with one matrix for a stack, and a stack for one right-hand side", async () => {
    const a = genericTensor([4, 4], 6);
    const many = genericTensor([3, 2, 4, 2], 7);
    await expectClose(a.matmul(linalg.solve(a, many)), many);
    const one = genericTensor([5, 2], 8);
    await expectClose(square.matmul(linalg.solve(square, one)), one);
  });

  it("solve with a pivot of zero", async () => {
    const a = double([
      [0, 1, 0],
      [0, 0, 2],
      [4, 0, 0],
    ]);
    expect(await numbers(linalg.solve(a, double([1, 2, 4])))).toEqual([1, 1, 1]);
  });

  it("triangularSolve reads one triangle only", async () => {
    const a = genericTensor([4, 4], 9).add(identity(4).mul(3));
    const b = genericTensor([4, 2], 10);
    for (const lower of [true, false]) {
      for (const transpose of [true, false]) {
        for (const unitDiagonal of [true, false]) {
          const mask = tensor(
            Array.from({ length: 4 }, (_, i) =>
              Array.from({ length: 4 }, (__, j) => (lower ? i > j : i < j)),
            ),
          ).cast("float64");
          const t = a.mul(mask).add(unitDiagonal ? identity(4) : a.mul(identity(4)));
          const x = linalg.triangularSolve(a, b, { lower, transpose, unitDiagonal });
          await expectClose((transpose ? transposed(t) : t).matmul(x), b);
        }
      }
    }
  });

  it("cholesky", async () => {
    const a = spd(square);
    const l = linalg.cholesky(a);
    await expectClose(l.matmul(transposed(l)), a);
    expect(await l.slice(0, 0, [1]).abs().max().item()).toBe(0);
  });

  it("inv", async () => {
    await expectClose(linalg.inv(square).matmul(square), identity(5), 1e-11);
  });

  it("det and slogdet", async () => {
    const [sign, log] = linalg.slogdet(square);
    await expectClose(sign.mul(log.exp()), linalg.det(square));
    await expectClose(linalg.det(square.matmul(square)), linalg.det(square).square());
    expect(
      await linalg
        .det(
          double([
            [1, 2],
            [3, 4],
          ]),
        )
        .item(),
    ).toBeCloseTo(-2, 14);
    const large = identity(300).mul(1e10);
    expect(await linalg.slogdet(large)[1].item()).toBeCloseTo(300 * Math.log(1e10), 8);
    expect(await linalg.det(large).item()).toBe(Infinity);
  });

  it.each([
    ["tall", tall],
    ["wide", wide],
    ["square", square],
  ] as const)("qr of a %s matrix", async (_, a) => {
    const [q, r] = linalg.qr(a);
    const k = Math.min(a.shape.at(-1)!, a.shape.at(-2)!);
    expect([q.shape.at(-1), r.shape.at(-2)]).toEqual([k, k]);
    await expectClose(q.matmul(r), a);
    await expectClose(transposed(q).matmul(q), identity(k));
    expect(await r.slice(null, [1], 0).abs().max().item()).toBe(0);
    expect(await r.slice(null, [0, k], [0, k]).mul(identity(k)).min().item()).toBeGreaterThanOrEqual(0);
  });

  it("lstsq: the residual is orthogonal to the columns; the least norm of many solutions", async () => {
    const b = genericTensor([3, 6, 2], 11);
    const x = linalg.lstsq(tall, b);
    await expectClose(transposed(tall).matmul(tall.matmul(x).sub(b)), double(0));
    const c = genericTensor([3], 12);
    const y = linalg.lstsq(wide, c);
    await expectClose(wide.matmul(y.expandDims(-1)).squeeze(-1), c);
    // Of least norm: in the row space, y = Aᵀ·z.
    const z = linalg.lstsq(transposed(wide), y.expandDims(-1));
    await expectClose(transposed(wide).matmul(z).squeeze(-1), y);
  });

  it("eigh", async () => {
    const a = square.add(transposed(square)).mul(0.5);
    const [w, v] = linalg.eigh(square);
    await expectClose(a.matmul(v), v.mul(w.expandDims(-2)));
    await expectClose(transposed(v).matmul(v), identity(5));
    expect(
      await w
        .slice(null, [1])
        .sub(w.slice(null, [0, -1]))
        .min()
        .item(),
    ).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ["tall", tall],
    ["wide", wide],
    ["square", square],
  ] as const)("svd of a %s matrix", async (_, a) => {
    const [u, s, vt] = linalg.svd(a);
    const k = Math.min(a.shape.at(-1)!, a.shape.at(-2)!);
    expect([u.shape.at(-1), s.shape.at(-1), vt.shape.at(-2)]).toEqual([k, k, k]);
    await expectClose(u.mul(s.expandDims(-2)).matmul(vt), a);
    await expectClose(transposed(u).matmul(u), identity(k));
    await expectClose(vt.matmul(transposed(vt)), identity(k));
    expect(
      await s
        .slice(null, [0, -1])
        .sub(s.slice(null, [1]))
        .min()
        .item(),
    ).toBeGreaterThanOrEqual(0);
  });

  it("1×1 and repeated eigenvalues", async () => {
    expect((await Promise.all(linalg.eigh(double([[3]])).map(numbers))).flat()).toEqual([3, 1]);
    expect((await Promise.all(linalg.svd(double([[-3]])).map(numbers))).flat()).toEqual([1, 3, -1]);
    const [w, v] = linalg.eigh(identity(4).mul(2));
    expect(await numbers(w)).toEqual([2, 2, 2, 2]);
    await expectClose(transposed(v).matmul(v), identity(4));
  });

  it("float32 in, float32 out; integers as float32; mixed as the wider", async () => {
    const a = tensor([
      [2, 1],
      [1, 3],
    ]);
    for (const t of [linalg.cholesky(a), linalg.inv(a), linalg.det(a), ...linalg.qr(a), ...linalg.svd(a)])
      expect(t.dtype).toBe("float32");
    expect(
      linalg.det(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { dtype: "int32" },
        ),
      ).dtype,
    ).toBe("float32");
    expect(linalg.solve(a, double([1, 2])).dtype).toBe("float64");
    const l = linalg.cholesky(a);
    await expectClose(l.matmul(transposed(l)), a, 1e-6);
  });
});

it("several host operators in one compiled step", async () => {
  // Whitening: A·L⁻ᵀ has the identity as its Gram matrix.
  const whiten = compile((a: Tensor) => {
    const l = linalg.cholesky(transposed(a).matmul(a));
    return transposed(linalg.triangularSolve(l, transposed(a)));
  });
  const w = await whiten(tall);
  await expectClose(transposed(w).matmul(w), identity(3), 1e-11);
});
