import type { SparseMatrix } from "../sparse.js";

/** A part in [0, parts) for every entry. @internal */
export function splitEntries(entries: number, parts: number, uniform: () => number): Uint32Array {
  return Uint32Array.from({ length: entries }, () => Math.floor(parts * uniform()));
}

/** The entries of one part. @internal */
export function partOf(a: SparseMatrix, labels: Uint32Array, wanted: number): SparseMatrix {
  let count = 0;
  for (const label of labels) if (label === wanted) count++;
  const starts = new Int32Array(a.rows + 1);
  const [indices, values] = [new Int32Array(count), new Float64Array(count)];
  let at = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let e = a.starts[i]!; e < a.starts[i + 1]!; e++) {
      if (labels[e] !== wanted) continue;
      indices[at] = a.indices[e]!;
      values[at++] = a.values[e]!;
    }
    starts[i + 1] = at;
  }
  return { rows: a.rows, columns: a.columns, starts, indices, values };
}
