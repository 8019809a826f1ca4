// Systems that the tests of several solvers share.
import { seededUniform } from "../data/seeded.js";
import { sparseFromTriplets, type SparseMatrix } from "./sparse.js";

/** float64 [n], uniform in [−1, 1). */
export function randomVector(n: number, seed = 1): Float64Array {
  const uniform = seededUniform(seed);
  return Float64Array.from({ length: n }, () => 2 * uniform() - 1);
}

/** A random sparse symmetric matrix with a dominant diagonal, so positive definite. */
export function randomSpd(n: number, perRow = 3, seed = 2): SparseMatrix {
  const uniform = seededUniform(seed);
  const [row, column, value]: [number[], number[], number[]] = [[], [], []];
  const put = (i: number, j: number, v: number): void => {
    row.push(i);
    column.push(j);
    value.push(v);
  };
  for (let i = 0; i < n; i++) {
    put(i, i, 0.1);
    for (let k = 0; k < perRow; k++) {
      const [j, v] = [Math.floor(n * uniform()), uniform() - 0.5];
      if (i === j) continue;
      put(i, j, v);
      put(j, i, v);
      put(i, i, Math.abs(v));
      put(j, j, Math.abs(v));
    }
  }
  return sparseFromTriplets({ rows: n, columns: n, row, column, value });
}

/** The 5-point Laplacian of a side × side grid with value 0 outside: 4 on the diagonal, −1 beside it. */
export function laplacian(side: number): SparseMatrix {
  const [row, column, value]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (const [di, dj] of [
        [0, 0],
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const) {
        const [a, b] = [i + di, j + dj];
        if (a < 0 || b < 0 || a >= side || b >= side) continue;
        row.push(i * side + j);
        column.push(a * side + b);
        value.push(di === 0 && dj === 0 ? 4 : -1);
      }
  return sparseFromTriplets({ rows: side ** 2, columns: side ** 2, row, column, value });
}
