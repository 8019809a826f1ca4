import { describe, expect, it } from "vitest";
import { grad, linalg, tensor, type NestedArray, type Tensor } from "../../index.js";
import { FluxionError, ShapeError } from "../../core/errors.js";
import { genericTensor } from "../../testing/evaluator.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const double = (values: NestedArray): Tensor => tensor(values, { dtype: "float64" });
const square = genericTensor([2, 5, 5], 1);
const tall = genericTensor([3, 6, 3], 2);

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
