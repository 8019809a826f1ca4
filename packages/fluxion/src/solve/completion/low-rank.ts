import { OptionError, ShapeError } from "../../core/errors.js";
import { elementCount, type ArrayData } from "../../data/array-data.js";
import { sparseFromTriplets, type SparseMatrix } from "../sparse.js";

/** A matrix as a product of two thin ones: left · rightᵀ. */
export interface LowRankMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** float64 [rows, rank] row-major */
  readonly left: Float64Array;
  /** float64 [columns, rank] row-major; orthonormal columns where a solver made it */
  readonly right: Float64Array;
}

/**
 * Entries of a low-rank matrix at the places (row[e], column[e]), float64.
 * @throws ShapeError for lists of different lengths; OptionError for a place outside
 */
export function lowRankEntries(
  { rows, columns, rank, left, right }: LowRankMatrix,
  row: ArrayLike<number>,
  column: ArrayLike<number>,
): Float64Array {
  const where = "solve.lowRankEntries";
  if (row.length !== column.length)
    throw new ShapeError({ where, want: "as many rows as columns", got: `${row.length}, ${column.length}` });
  return Float64Array.from({ length: row.length }, (_, e) => {
    const [i, j] = [row[e]!, column[e]!];
    if (!(Number.isInteger(i) && i >= 0 && i < rows && Number.isInteger(j) && j >= 0 && j < columns))
      throw new OptionError({ where, want: `places within ${rows} x ${columns}`, got: `(${i}, ${j})` });
    let sum = 0;
    for (let l = 0; l < rank; l++) sum += left[i * rank + l]! * right[j * rank + l]!;
    return sum;
  });
}

/** All entries, float64 [rows, columns]. */
export function lowRankToDense({ rows, columns, rank, left, right }: LowRankMatrix): ArrayData<Float64Array> {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let l = 0; l < rank; l++) sum += left[i * rank + l]! * right[j * rank + l]!;
      data[i * columns + j] = sum;
    }
  }
  return { data, shape: [rows, columns] };
}

/**
 * What is known of a dense matrix: a sparse matrix whose stored entries, zeros included, are the observed ones.
 * @param matrix [rows, columns]; NaN is missing
 * @param mask [rows·columns]: where it is 0 or false, the entry is missing, too. Default: none is
 * @throws ShapeError
 */
export function observedEntries(
  { data, shape }: ArrayData,
  mask?: ArrayLike<number | boolean>,
): SparseMatrix {
  const where = "solve.observedEntries";
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || elementCount(shape) !== data.length)
    throw new ShapeError({
      where,
      want: "a matrix [rows, columns]",
      got: `[${shape.join(", ")}] with ${data.length} elements`,
    });
  if (mask && mask.length !== data.length)
    throw new ShapeError({ where, want: `a mask of ${data.length} elements`, got: `${mask.length}` });
  const seen = (e: number): boolean => !Number.isNaN(data[e]!) && (mask === undefined || Boolean(mask[e]));
  let count = 0;
  for (let e = 0; e < data.length; e++) if (seen(e)) count++;
  const [row, column, value] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  for (let e = 0, at = 0; e < data.length; e++) {
    if (!seen(e)) continue;
    row[at] = Math.floor(e / columns);
    column[at] = e % columns;
    value[at++] = data[e]!;
  }
  return sparseFromTriplets({ rows, columns, row, column, value });
}
