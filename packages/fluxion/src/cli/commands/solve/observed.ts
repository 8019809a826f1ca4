// The known entries of a matrix, from a file of the user's.
import { FormatError } from "../../../core/errors.js";
import { readLocation } from "../../../data/assets.js";
import { parseCsv } from "../../../data/csv.js";
import { defaultMaxBytes, gunzip } from "../../../data/gunzip.js";
import { parseMatrixMarket } from "../../../data/matrix-market.js";
import { readArrayFile } from "../../../data/node/read-array.js";
import { observedEntries } from "../../../solve/completion/low-rank.js";
import { sparseFromTriplets, type SparseMatrix } from "../../../solve/sparse.js";

/** What a file says of a matrix. */
export interface ObservedTable {
  readonly observed: SparseMatrix;
  /** Names of the columns, where the file has them. */
  readonly columns?: readonly string[];
}

/**
 * Reads a `.mtx` file (its entries are the known ones), or a `.csv` (also `.tsv`, `.txt`) or `.npy` matrix, in which an
 * empty field or NaN is missing; each also as `.gz`.
 * @throws FormatError naming the file
 */
export async function readObserved(path: string): Promise<ObservedTable> {
  const text = /\.(csv|tsv|txt)(\.gz)?$/i.test(path);
  if (!text && !/\.mtx(\.gz)?$/i.test(path)) {
    const array = await readArrayFile(path);
    if (array.shape.length !== 2)
      throw new FormatError({
        where: path,
        want: "a matrix [rows, columns]",
        got: `[${array.shape.join(", ")}]`,
      });
    return { observed: observedEntries(array) };
  }
  const bytes = await gunzip(await readLocation(path), path, defaultMaxBytes);
  if (text) {
    const { features, columns } = parseCsv(new TextDecoder().decode(bytes), { where: path, missing: "nan" });
    const named = columns.some((name, j) => name !== String(j));
    return { observed: observedEntries(features), ...(named ? { columns } : {}) };
  }
  const matrix = parseMatrixMarket(bytes, { where: path });
  return { observed: matrix.format === "array" ? observedEntries(matrix.array) : sparseFromTriplets(matrix) };
}
