import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { checkOptions, OptionError } from "../../core/errors.js";
import { checkWhole } from "../../optim/options.js";
import type { LinearOperator } from "../linear-operator.js";
import type { SolverOptions, SolverOutcome } from "../outcome.js";
import { richardson } from "../richardson.js";
import {
  sparseDiagonal,
  sparseFromTriplets,
  sparseMultiply,
  sparseProduct,
  sparseToDense,
  sparseTranspose,
  type SparseMatrix,
} from "../sparse.js";
import { difference } from "../vectors.js";
import type { PoissonOperator } from "./poisson-operator.js";

/** Options of `multigrid`. */
export interface MultigridOptions {
  /** Gauss-Seidel sweeps before and after each correction, whole number ≥ 1. Default 1. */
  sweeps?: number;
  /** Grids of at most that many cells are solved exactly. Default 64. */
  coarsest?: number;
}

/** A hierarchy of grids; `apply` is one V-cycle from 0, a symmetric preconditioner for `conjugateGradient`. */
export interface Multigrid extends LinearOperator {
  /** Cells of each grid, the finest first. */
  readonly levels: readonly number[];
  /** Stored entries of all matrices over those of the finest. */
  readonly complexity: number;
  /**
   * Repeats V-cycles until ‖b − A x‖ ≤ tolerance·‖b‖ (default 1e-8, at most 100 cycles): `richardson`, with its statuses.
   */
  readonly solve: (b: Float64Array, options?: SolverOptions) => SolverOutcome<Float64Array>;
}

interface Level {
  readonly matrix: SparseMatrix;
  readonly diagonal: Float64Array;
  /** From the next coarser grid to this one, and back. */
  readonly up?: SparseMatrix;
  readonly down?: SparseMatrix;
  readonly x: Float64Array;
  readonly b: Float64Array;
}

/**
 * Geometric multigrid for a Poisson operator: every second cell along each axis is a cell of the next grid, linear
 * interpolation P that leaves solids at 0, coarse operators PᵀA P, symmetric Gauss-Seidel smoothing, V-cycles.
 * @throws OptionError
 * @source Trottenberg, Oosterlee, Schüller, "Multigrid", 2001, §2.4 (V-cycle), §7.7.5 (Galerkin operators); deviates: none
 */
export function multigrid(a: PoissonOperator, options: MultigridOptions = {}): Multigrid {
  const where = "solve.multigrid";
  checkOptions(where, options, ["sweeps", "coarsest"]);
  const { sweeps = 1, coarsest = 64 } = options;
  checkWhole(where, "sweeps", sweeps, 1);
  checkWhole(where, "coarsest", coarsest, 1);
  const levels: Level[] = [];
  let [matrix, shape] = [a.matrix(), a.shape];
  let free: Uint8Array = a.free;
  for (;;) {
    const more = matrix.rows > coarsest && shape.some((n) => n > 1);
    const coarser = more ? interpolation(shape, free) : undefined;
    const size = matrix.rows;
    const buffers = { x: new Float64Array(size), b: new Float64Array(size) };
    const diagonal = sparseDiagonal(matrix);
    if (!coarser) {
      levels.push({ matrix, diagonal, ...buffers });
      break;
    }
    const { up, coarse } = coarser;
    const down = sparseTranspose(up);
    levels.push({ matrix, diagonal, up, down, ...buffers });
    matrix = withIdentity(sparseProduct(down, sparseProduct(matrix, up)));
    shape = coarse;
    free = new Uint8Array(matrix.rows).fill(1);
  }
  const last = levels.at(-1)!;
  const exact = new CholeskyDecomposition(
    Matrix.from1DArray(last.matrix.rows, last.matrix.rows, sparseToDense(last.matrix).data),
  );
  if (!exact.isPositiveDefinite())
    throw new OptionError({
      where,
      want: "a positive definite operator",
      got: "one that is not on the coarsest grid",
    });

  const cycle = (depth: number): void => {
    const { matrix: m, diagonal, up, down, x, b } = levels[depth]!;
    x.fill(0);
    if (!up || !down) {
      x.set(exact.solve(Matrix.columnVector(b)).to1DArray());
      return;
    }
    for (let s = 0; s < sweeps; s++) gaussSeidel(m, diagonal, b, x, false);
    const next = levels[depth + 1]!;
    next.b.set(sparseMultiply(down, difference(b, sparseMultiply(m, x), new Float64Array(x.length))));
    cycle(depth + 1);
    const correction = sparseMultiply(up, next.x);
    for (let i = 0; i < x.length; i++) x[i]! += correction[i]!;
    for (let s = 0; s < sweeps; s++) gaussSeidel(m, diagonal, b, x, true);
  };
  const apply = (r: Float64Array, out: Float64Array = new Float64Array(a.size)): Float64Array => {
    levels[0]!.b.set(r);
    cycle(0);
    out.set(levels[0]!.x);
    return out;
  };
  const entries = levels.map((level) => level.matrix.values.length);
  return {
    size: a.size,
    levels: levels.map((level) => level.matrix.rows),
    complexity: entries.reduce((x, y) => x + y, 0) / entries[0]!,
    apply,
    solve: (b, solverOptions = {}) =>
      richardson(a, b, { maxIterations: 100, ...solverOptions, preconditioner: { size: a.size, apply } }),
  };
}

/** One sweep over the unknowns, in order or against it. */
function gaussSeidel(
  { rows, starts, indices, values }: SparseMatrix,
  diagonal: Float64Array,
  b: Float64Array,
  x: Float64Array,
  backward: boolean,
): void {
  for (let k = 0; k < rows; k++) {
    const i = backward ? rows - 1 - k : k;
    let sum = b[i]!;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) sum -= values[e]! * x[indices[e]!]!;
    x[i]! += sum / diagonal[i]!;
  }
}

/** Linear interpolation from the cells 1, 3, 5, … of each axis (0 of an axis of one cell); solids get nothing. */
function interpolation(
  shape: readonly number[],
  free: Uint8Array,
): { up: SparseMatrix; coarse: readonly number[] } | undefined {
  const coarse = shape.map((n) => Math.max(1, Math.floor(n / 2)));
  const weights = shape.map((n, axis) => axisWeights(n, coarse[axis]!));
  const [row, column, value]: [number[], number[], number[]] = [[], [], []];
  const cells = coarse.reduce((a, b) => a * b, 1);
  for (let i = 0; i < free.length; i++) {
    if (!free[i]) continue;
    let rest = i;
    let parts: readonly (readonly [number, number])[] = [[0, 1]];
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      const step = stride;
      parts = parts.flatMap(([j, w]) => weights[axis]![at]!.map(([c, v]) => [j + step * c, w * v] as const));
      stride *= coarse[axis]!;
    }
    for (const [j, w] of parts) {
      row.push(i);
      column.push(j);
      value.push(w);
    }
  }
  return { up: sparseFromTriplets({ rows: free.length, columns: cells, row, column, value }), coarse };
}

/** For each of n cells of an axis: the coarse cells that it is interpolated from, with weights. */
function axisWeights(n: number, coarse: number): (readonly [number, number])[][] {
  if (n === 1) return [[[0, 1]]];
  return Array.from({ length: n }, (_, i) => {
    if (i % 2 === 1) return [[(i - 1) / 2, 1]];
    const sides = [i / 2 - 1, i / 2].filter((c) => c >= 0 && c < coarse);
    return sides.map((c) => [c, 0.5] as const);
  });
}

/** A coarse cell that no free cell hangs on gets the row of the identity. */
function withIdentity(a: SparseMatrix): SparseMatrix {
  const diagonal = sparseDiagonal(a);
  const empty = [...diagonal.keys()].filter((i) => !(diagonal[i]! > 0));
  if (empty.length === 0) return a;
  const row: number[] = [];
  for (let i = 0; i < a.rows; i++) for (let e = a.starts[i]!; e < a.starts[i + 1]!; e++) row.push(i);
  return sparseFromTriplets({
    ...{ rows: a.rows, columns: a.columns, row: [...row, ...empty], column: [...a.indices, ...empty] },
    value: [...a.values, ...empty.map(() => 1)],
  });
}
