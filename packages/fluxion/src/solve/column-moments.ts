// Mean and deviation of the columns of a table, by which estimators standardise.

/** @internal */
export interface ColumnMoments {
  readonly center: readonly number[];
  /** 1 for a column that does not vary. */
  readonly scale: readonly number[];
}

/** Means and deviations of the columns of x [n, d]. @internal */
export function columnMoments(x: Float64Array, n: number, d: number): ColumnMoments {
  const center = columnMeans(x, n, d);
  const squares = columnMeans(
    x.map((v, i) => (v - center[i % d]!) ** 2),
    n,
    d,
  );
  return { center, scale: squares.map((v) => Math.sqrt(v) || 1) };
}

const columnMeans = (x: Float64Array, n: number, d: number): number[] =>
  Array.from({ length: d }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += x[k * d + j]!;
    return sum / n;
  });
