import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../core/errors.js";
import { seededUniform } from "../data/seeded.js";
import {
  sparseAsymmetry,
  sparseDiagonal,
  sparseFromDense,
  sparseFromTriplets,
  sparseMultiply,
  sparseOperator,
  sparseProduct,
  sparseToDense,
  sparseTranspose,
  type SparseMatrix,
} from "./sparse.js";
import { randomSpd, randomVector } from "./testdata.js";

/** Random entries, some of them at the same place. */
function random(rows: number, columns: number, entries: number, seed: number): SparseMatrix {
  const uniform = seededUniform(seed);
  const draw = (n: number): number[] => Array.from({ length: entries }, () => Math.floor(n * uniform()));
  const value = Array.from({ length: entries }, () => uniform() - 0.5);
  return sparseFromTriplets({ rows, columns, row: draw(rows), column: draw(columns), value });
}
const dense = (a: SparseMatrix): Matrix => Matrix.from1DArray(a.rows, a.columns, [...sparseToDense(a).data]);
const near = (a: Matrix, b: Matrix): void => expect(Matrix.sub(a, b).norm()).toBeLessThan(1e-13);

describe("sparse matrices", () => {
  it("add up entries at one place and keep columns in order", () => {
    const a = sparseFromTriplets({
      ...{ rows: 3, columns: 3 },
      ...{ row: [2, 0, 2, 0, 2], column: [2, 1, 0, 0, 2], value: [1, 2, 3, 4, 5] },
    });
    expect([...a.starts]).toEqual([0, 2, 2, 4]);
    expect([...a.indices]).toEqual([0, 1, 0, 2]);
    expect([...a.values]).toEqual([4, 2, 3, 6]);
    expect([...sparseDiagonal(a)]).toEqual([4, 0, 6]);
    expect(sparseFromTriplets({ rows: 0, columns: 0, row: [], column: [], value: [] }).starts).toHaveLength(
      1,
    );
  });

  it("agree with dense ones: product with a vector, transpose, product", () => {
    for (let seed = 0; seed < 20; seed++) {
      const [a, b] = [random(7, 11, 30, seed), random(11, 5, 25, seed + 100)];
      const x = randomVector(11, seed);
      near(Matrix.columnVector([...sparseMultiply(a, x)]), dense(a).mmul(Matrix.columnVector([...x])));
      near(dense(sparseTranspose(a)), dense(a).transpose());
      const c = sparseProduct(a, b);
      near(dense(c), dense(a).mmul(dense(b)));
      for (let i = 0; i < c.rows; i++) {
        const columns = [...c.indices.subarray(c.starts[i], c.starts[i + 1])];
        expect(columns).toEqual([...columns].sort((p, q) => p - q));
      }
      expect(sparseFromDense(sparseToDense(a))).toEqual(a);
    }
  });

  it("tell how far they are from symmetric", () => {
    expect(sparseAsymmetry(randomSpd(30))).toBe(0);
    const a = sparseFromDense({ data: Float64Array.of(4, 1, 0, 2), shape: [2, 2] });
    expect(sparseAsymmetry(a)).toBe(0.25);
    expect(sparseAsymmetry(sparseFromDense({ data: new Float64Array(4), shape: [2, 2] }))).toBe(0);
  });

  it("write where they are told to", () => {
    const a = randomSpd(10);
    const out = new Float64Array(10);
    expect(sparseOperator(a).apply(randomVector(10), out)).toBe(out);
    expect([...out]).toEqual([...sparseMultiply(a, randomVector(10))]);
  });

  it("refuse what does not fit", () => {
    const entry = { rows: 2, columns: 2, row: [0], column: [1], value: [1] };
    expect(() => sparseFromTriplets({ ...entry, row: [2] })).toThrow(/within 2 x 2, got entry 0 at \(2, 1\)/);
    expect(() => sparseFromTriplets({ ...entry, column: [0.5] })).toThrow(OptionError);
    expect(() => sparseFromTriplets({ ...entry, column: [NaN] })).toThrow(OptionError);
    expect(() => sparseFromTriplets({ ...entry, value: [] })).toThrow(ShapeError);
    expect(() => sparseFromTriplets({ ...entry, rows: -1 })).toThrow(OptionError);
    const a = random(2, 3, 4, 1);
    expect(() => sparseMultiply(a, randomVector(2))).toThrow(ShapeError);
    expect(() => sparseMultiply(a, randomVector(3), randomVector(3))).toThrow(ShapeError);
    expect(() => sparseProduct(a, a)).toThrow(/3 rows/);
    expect(() => sparseOperator(a)).toThrow(/square/);
    expect(() => sparseAsymmetry(a)).toThrow(/square/);
    expect(() => sparseFromDense({ data: new Float64Array(3), shape: [2, 2] })).toThrow(ShapeError);
  });
});
