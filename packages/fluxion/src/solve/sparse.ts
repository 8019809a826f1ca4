// Compressed sparse rows. Own code because the packages for it keep entries in hash tables, far from the speed of memory.
import { OptionError, ShapeError } from "../core/errors.js";
import { elementCount, type ArrayData } from "../data/array-data.js";
import { checkWhole } from "../optim/options.js";
import type { LinearOperator } from "./linear-operator.js";

/** A matrix by its non-zero entries, row after row, columns ascending within each. */
export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** int32 [rows + 1]: the entries of row i are starts[i] … starts[i + 1] − 1. */
  readonly starts: Int32Array;
  /** Columns, int32 [entries]. */
  readonly indices: Int32Array;
  /** float64 [entries] */
  readonly values: Float64Array;
}

/** A matrix by its entries in any order; entries at the same place add up. */
export interface Triplets {
  readonly rows: number;
  readonly columns: number;
  /** Whole numbers in [0, rows), [entries]. */
  readonly row: ArrayLike<number>;
  /** Whole numbers in [0, columns), [entries]. */
  readonly column: ArrayLike<number>;
  /** [entries] */
  readonly value: ArrayLike<number>;
}

/**
 * Builds a sparse matrix in O(rows + columns + entries) by two counting sorts.
 * @throws ShapeError for lists of different lengths; OptionError for an index out of range
 */
export function sparseFromTriplets({ rows, columns, row, column, value }: Triplets): SparseMatrix {
  const where = "solve.sparseFromTriplets";
  checkWhole(where, "rows", rows, 0);
  checkWhole(where, "columns", columns, 0);
  if (row.length !== column.length || row.length !== value.length) {
    const got = `${row.length}, ${column.length} and ${value.length}`;
    throw new ShapeError({ where, want: "row, column and value of one length", got });
  }
  for (let k = 0; k < row.length; k++) {
    const [i, j] = [row[k]!, column[k]!];
    const inside = Number.isInteger(i) && i >= 0 && i < rows && Number.isInteger(j) && j >= 0 && j < columns;
    if (!inside)
      throw new OptionError({
        where,
        want: `entries within ${rows} x ${columns}`,
        got: `entry ${k} at (${i}, ${j})`,
      });
  }
  // Sorting by column and then, stably, by row leaves the columns of every row in order.
  const byColumn = bucketed({ rows: columns, columns: rows, row: column, column: row, value });
  return summed(sparseTranspose(byColumn));
}

/** Entries gathered by row, within a row in the order in which they came. */
function bucketed({ rows, columns, row, column, value }: Triplets): SparseMatrix {
  const starts = new Int32Array(rows + 1);
  for (let k = 0; k < row.length; k++) starts[row[k]! + 1]! += 1;
  for (let i = 0; i < rows; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const indices = new Int32Array(row.length);
  const values = new Float64Array(row.length);
  for (let k = 0; k < row.length; k++) {
    const at = next[row[k]!]!++;
    indices[at] = column[k]!;
    values[at] = value[k]!;
  }
  return { rows, columns, starts, indices, values };
}

/** Neighbouring entries of the same column added up; shares the arrays where there are none. */
function summed(a: SparseMatrix): SparseMatrix {
  const { rows, columns, starts, indices, values } = a;
  const kept = new Int32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      if (k > starts[i]! && indices[k] === indices[at - 1]) values[at - 1]! += values[k]!;
      else {
        indices[at] = indices[k]!;
        values[at++] = values[k]!;
      }
    }
    kept[i + 1] = at;
  }
  if (at === values.length) return a;
  return { rows, columns, starts: kept, indices: indices.slice(0, at), values: values.slice(0, at) };
}

/** Aᵀ, with the columns of every row in order even where A's are not. */
export function sparseTranspose({ rows, columns, starts, indices, values }: SparseMatrix): SparseMatrix {
  const turned = {
    starts: new Int32Array(columns + 1),
    indices: new Int32Array(indices.length),
    values: new Float64Array(values.length),
  };
  for (const j of indices) turned.starts[j + 1]! += 1;
  for (let j = 0; j < columns; j++) turned.starts[j + 1]! += turned.starts[j]!;
  const next = turned.starts.slice();
  for (let i = 0; i < rows; i++) {
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      const at = next[indices[k]!]!++;
      turned.indices[at] = i;
      turned.values[at] = values[k]!;
    }
  }
  return { rows: columns, columns: rows, ...turned };
}

/**
 * A x.
 * @param x float64 [columns]
 * @param out where to write, float64 [rows], not `x`; default a new array
 * @throws ShapeError
 */
export function sparseMultiply(
  a: SparseMatrix,
  x: Float64Array,
  out: Float64Array = new Float64Array(a.rows),
): Float64Array {
  if (x.length !== a.columns || out.length !== a.rows) {
    const [want, got] = [`x [${a.columns}], out [${a.rows}]`, `[${x.length}], [${out.length}]`];
    throw new ShapeError({ where: "solve.sparseMultiply", want, got });
  }
  const { starts, indices, values } = a;
  for (let i = 0, k = 0; i < a.rows; i++) {
    let sum = 0;
    for (const end = starts[i + 1]!; k < end; k++) sum += values[k]! * x[indices[k]!]!;
    out[i] = sum;
  }
  return out;
}

/** The matrix product A B, in the number of its multiplications (Gustavson's algorithm). @throws ShapeError */
export function sparseProduct(a: SparseMatrix, b: SparseMatrix): SparseMatrix {
  if (a.columns !== b.rows) {
    const [want, got] = [`B with ${a.columns} rows`, `${b.rows}`];
    throw new ShapeError({ where: "solve.sparseProduct", want, got });
  }
  const starts = new Int32Array(a.rows + 1);
  let indices = new Int32Array(Math.max(16, 2 * a.indices.length));
  let values = new Float64Array(indices.length);
  /** Where a column of the present row stands, if not before the row's start. */
  const place = new Int32Array(b.columns).fill(-1);
  let end = 0;
  for (let i = 0; i < a.rows; i++) {
    const start = end;
    for (let k = a.starts[i]!; k < a.starts[i + 1]!; k++) {
      const j = a.indices[k]!;
      const factor = a.values[k]!;
      const more = b.starts[j + 1]! - b.starts[j]!;
      if (end + more > indices.length) {
        const room = 2 * (end + more);
        const grown = new Int32Array(room);
        grown.set(indices);
        const wider = new Float64Array(room);
        wider.set(values);
        [indices, values] = [grown, wider];
      }
      for (let m = b.starts[j]!; m < b.starts[j + 1]!; m++) {
        const column = b.indices[m]!;
        let at = place[column]!;
        if (at < start) {
          at = end++;
          place[column] = at;
          indices[at] = column;
          values[at] = 0;
        }
        values[at]! += factor * b.values[m]!;
      }
    }
    starts[i + 1] = end;
  }
  const loose = { rows: a.rows, columns: b.columns, starts, indices: indices.slice(0, end) };
  // Transposing twice puts the columns of every row in order.
  return sparseTranspose(sparseTranspose({ ...loose, values: values.slice(0, end) }));
}

/** The diagonal, float64 [min(rows, columns)]; 0 where nothing is stored. */
export function sparseDiagonal({ rows, columns, starts, indices, values }: SparseMatrix): Float64Array {
  const diagonal = new Float64Array(Math.min(rows, columns));
  for (let i = 0; i < diagonal.length; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) if (indices[k] === i) diagonal[i]! += values[k]!;
  return diagonal;
}

/** The largest |aᵢⱼ − aⱼᵢ| over the largest |aᵢⱼ|: 0 for a symmetric matrix. @throws ShapeError if it is not square */
export function sparseAsymmetry(a: SparseMatrix): number {
  checkSquare("solve.sparseAsymmetry", a);
  const b = sparseTranspose(a);
  let [gap, top] = [0, 0];
  for (let i = 0; i < a.rows; i++) {
    let [k, m] = [a.starts[i]!, b.starts[i]!];
    while (k < a.starts[i + 1]! || m < b.starts[i + 1]!) {
      const j = k < a.starts[i + 1]! ? a.indices[k]! : Infinity;
      const jb = m < b.starts[i + 1]! ? b.indices[m]! : Infinity;
      const v = j <= jb ? a.values[k++]! : 0;
      const w = jb <= j ? b.values[m++]! : 0;
      [gap, top] = [Math.max(gap, Math.abs(v - w)), Math.max(top, Math.abs(v), Math.abs(w))];
    }
  }
  return top === 0 ? 0 : gap / top;
}

/** All entries, float64 [rows, columns]. */
export function sparseToDense({
  rows,
  columns,
  starts,
  indices,
  values,
}: SparseMatrix): ArrayData<Float64Array> {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) data[i * columns + indices[k]!]! += values[k]!;
  return { data, shape: [rows, columns] };
}

/** The entries of a dense matrix [rows, columns] that are not 0. @throws ShapeError */
export function sparseFromDense({ data, shape }: ArrayData): SparseMatrix {
  const [rows, columns] = shape;
  if (
    rows === undefined ||
    columns === undefined ||
    shape.length !== 2 ||
    elementCount(shape) !== data.length
  ) {
    const got = `[${shape.join(", ")}] with ${data.length} elements`;
    throw new ShapeError({ where: "solve.sparseFromDense", want: "a matrix [rows, columns]", got });
  }
  const at = Array.from(data.keys()).filter((k) => data[k] !== 0);
  return sparseFromTriplets({
    ...{ rows, columns, value: at.map((k) => data[k]!) },
    ...{ row: at.map((k) => Math.floor(k / columns)), column: at.map((k) => k % columns) },
  });
}

/** A square sparse matrix as a linear operator. @throws ShapeError if it is not square */
export function sparseOperator(a: SparseMatrix): LinearOperator {
  checkSquare("solve.sparseOperator", a);
  return { size: a.rows, apply: (x, out) => sparseMultiply(a, x, out) };
}

/** @throws ShapeError @internal */
export function checkSquare(where: string, { rows, columns }: SparseMatrix): void {
  if (rows !== columns) throw new ShapeError({ where, want: "a square matrix", got: `${rows} x ${columns}` });
}
