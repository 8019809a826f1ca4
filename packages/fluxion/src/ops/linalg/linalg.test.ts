import { describe, expect, it } from "vitest";
import { compile, eye, grad, linalg, tensor, vmap, type NestedArray, type Tensor } from "../../index.js";
import { FluxionError, ShapeError } from "../../core/errors.js";
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

describe("numerical failure is data", () => {
  const singular = double([
    [1, 2],
    [2, 4],
  ]);

  it("cholesky of a matrix that is not positive definite is NaN, its neighbours are not", async () => {
    const stack = double([
      [
        [4, 0],
        [0, 9],
      ],
      [
        [1, 2],
        [2, 1],
      ],
      [
        [NaN, 0],
        [0, 1],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    const rows = (await linalg.cholesky(stack).reshape([4, 4]).toArray()) as number[][];
    expect(rows[0]).toEqual([2, 0, 0, 3]);
    for (const row of rows.slice(1)) expect(row).toEqual([NaN, NaN, NaN, NaN]);
  });

  it("a singular solve is not finite; det is 0, slogdet 0 and −∞", async () => {
    const x = await numbers(linalg.solve(singular, double([1, 1])));
    expect(x.some((v) => !Number.isFinite(v))).toBe(true);
    expect(
      (
        await numbers(
          linalg.inv(
            double([
              [0, 0],
              [0, 0],
            ]),
          ),
        )
      ).every((v) => !Number.isFinite(v)),
    ).toBe(true);
    expect(await linalg.det(singular).item()).toBe(0);
    const [sign, logarithm] = linalg.slogdet(singular);
    expect([await sign.item(), await logarithm.item()]).toEqual([0, -Infinity]);
    const t = await numbers(
      linalg.triangularSolve(
        double([
          [0, 0],
          [1, 1],
        ]),
        double([1, 1]),
      ),
    );
    expect(t[0]).toBe(Infinity);
  });

  it("the gradient of det is that of the cofactors, at singular matrices, too", async () => {
    expect(await grad((a: Tensor) => linalg.det(a))(singular).toArray()).toEqual(
      (
        (await double([
          [4, -2],
          [-2, 1],
        ]).toArray()) as number[][]
      ).map((row) => row.map((v) => expect.closeTo(v, 12) as number)),
    );
    const zero = grad((a: Tensor) => linalg.det(a))(
      double([
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]),
    );
    expect(new Set((await numbers(zero)).map(Math.abs))).toEqual(new Set([0]));
  });

  it("NaN and infinities come out as NaN, and nothing hangs", async () => {
    for (const bad of [NaN, Infinity]) {
      const a = double([
        [1, bad, 3],
        [4, 5, 6],
        [7, 8, 10],
      ]);
      for (const t of [...linalg.svd(a), ...linalg.eigh(a), ...linalg.qr(a)])
        expect((await numbers(t)).every(Number.isNaN)).toBe(true);
    }
  });

  it("NaN in a system reaches its solution", async () => {
    const x = linalg.solve(
      double([
        [1, NaN, 3],
        [4, 5, 6],
        [7, 8, 10],
      ]),
      double([1, 2, 3]),
    );
    expect((await numbers(x)).every(Number.isNaN)).toBe(true);
  });

  it("sizes at the ends of the range neither overflow nor vanish", async () => {
    for (const scale of [1e200, 1e-200]) {
      const [w] = linalg.eigh(
        double([
          [2, 1],
          [1, 2],
        ]).mul(scale),
      );
      (await numbers(w)).forEach((v, i) => expect(v / scale).toBeCloseTo([1, 3][i]!, 12));
      const [, s] = linalg.svd(
        double([
          [3, 0],
          [0, 4],
        ]).mul(scale),
      );
      (await numbers(s)).forEach((v, i) => expect(v / scale).toBeCloseTo([4, 3][i]!, 12));
    }
  });

  it("decompositions of the zero matrix", async () => {
    const zero = double([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(await numbers(linalg.svd(zero)[1])).toEqual([0, 0]);
    expect(await numbers(linalg.qr(zero)[1])).toEqual([0, 0, 0, 0]);
    expect(await numbers(linalg.eigh(zero.slice([0, 2]))[0])).toEqual([0, 0]);
  });
});

describe("bad input", () => {
  const cases: [string, () => unknown, new (...args: never[]) => FluxionError][] = [
    ["a vector", () => linalg.inv(tensor([1, 2])), ShapeError],
    ["a matrix that is not square", () => linalg.cholesky(tall), ShapeError],
    ["an empty matrix", () => linalg.svd(tensor(new Float32Array(), { shape: [0, 3] })), ShapeError],
    ["a right-hand side of another size", () => linalg.solve(square, tall), ShapeError],
    ["a scalar right-hand side", () => linalg.solve(square, double(1)), ShapeError],
    ["leading axes that do not fit", () => linalg.solve(square, genericTensor([3, 5, 1], 1)), ShapeError],
    ["a right-hand side of other rows", () => linalg.lstsq(tall, genericTensor([3, 3], 1)), ShapeError],
    [
      "an unknown option",
      () => linalg.triangularSolve(square, square, { upper: true } as object),
      FluxionError,
    ],
  ];
  it.each(cases)("%s", (_, f, type) => {
    expect(f).toThrow(type);
  });
  it("names the function and what it wants", () => {
    expect(() => linalg.det(tall)).toThrow("linalg.det: want square matrices [..., N, N], got [3, 6, 3]");
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
