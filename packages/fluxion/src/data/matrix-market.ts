import { checkOptions, FormatError, OptionError, ShapeError } from "../core/errors.js";
import { elementCount, type ArrayData } from "./array-data.js";
import { byteTokens } from "./byte-tokens.js";

/** What a Matrix Market file says its matrix is; `parseMatrixMarket` has already written the mirrored entries out. */
export type MatrixSymmetry = "general" | "symmetric" | "skew-symmetric";

/** A Matrix Market file of coordinates: all entries of the matrix, those that symmetry implies included. */
export interface MatrixMarketCoordinates {
  readonly format: "coordinate";
  readonly field: "real" | "integer" | "pattern";
  readonly symmetry: MatrixSymmetry;
  readonly rows: number;
  readonly columns: number;
  /** From 0, int32 [entries]. */
  readonly row: Int32Array;
  /** From 0, int32 [entries]. */
  readonly column: Int32Array;
  /** float64 [entries]; 1 in a pattern. */
  readonly value: Float64Array;
}

/** A Matrix Market file of a dense array. */
export interface MatrixMarketArray {
  readonly format: "array";
  readonly field: "real" | "integer";
  readonly symmetry: MatrixSymmetry;
  readonly rows: number;
  readonly columns: number;
  /** float64 [rows, columns], row-major. */
  readonly array: ArrayData<Float64Array>;
}

/** Options of `parseMatrixMarket`. */
export interface MatrixMarketOptions {
  /** Names the file in errors, default "matrix market". */
  where?: string;
  /** Most entries, mirrored ones included. Default 200,000,000. */
  maxEntries?: number;
  /** Most rows and most columns: a file of two lines may claim any number. Default 50,000,000. */
  maxSide?: number;
}

const banner = /^%%MatrixMarket\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*$/i;

/**
 * Reads a Matrix Market file: coordinates or an array; real, integer or pattern; general, symmetric or skew-symmetric.
 * Complex and Hermitian files are refused. Entries at the same place are kept apart (`sparseFromTriplets` adds them).
 * @param bytes the file
 * @throws FormatError with the line of the first thing that is wrong; OptionError
 */
export function parseMatrixMarket(
  bytes: Uint8Array,
  options: MatrixMarketOptions = {},
): MatrixMarketCoordinates | MatrixMarketArray {
  checkOptions("data.parseMatrixMarket", options, ["where", "maxEntries", "maxSide"]);
  const { where = "matrix market", maxEntries = 200_000_000, maxSide = 50_000_000 } = options;
  const tokens = byteTokens(bytes, where, "%");
  const fail = (line: number, want: string, got: string, hint?: string): FormatError =>
    new FormatError({ where: `${where} (line ${line})`, want, got: got.slice(0, 80), hint });

  const first = tokens.firstLine(1000);
  const [, object, format, field, symmetry] = banner.exec(first)?.map((word) => word.toLowerCase()) ?? [];
  if (object !== "matrix")
    throw fail(1, "%%MatrixMarket matrix <format> <field> <symmetry>", `"${first.trim()}"`);
  if (format !== "coordinate" && format !== "array") throw fail(1, "coordinate or array", `${format}`);
  if (field !== "pattern" && field !== "real" && field !== "integer")
    throw fail(1, "real, integer or pattern", `${field}`);
  if (symmetry !== "general" && symmetry !== "symmetric" && symmetry !== "skew-symmetric")
    throw fail(1, "general, symmetric or skew-symmetric", `${symmetry}`);

  const rows = tokens.whole("the number of rows", 0, maxSide);
  const columns = tokens.whole("the number of columns", 0, maxSide);
  if (symmetry !== "general" && rows !== columns)
    throw fail(tokens.line(), `a square ${symmetry} matrix`, `${rows} x ${columns}`);
  const mirrored = symmetry !== "general";
  /** An entry takes so many bytes at least: checked before anything is allocated. */
  const room = (entries: number, least: number): void => {
    if (entries > maxEntries)
      throw fail(tokens.line(), `at most ${maxEntries} entries`, `${entries}`, "raise maxEntries");
    if (entries * least > tokens.left() + 1)
      throw fail(tokens.line(), `at most ${tokens.left()} bytes of entries`, `${entries} entries`);
  };
  const sign = symmetry === "skew-symmetric" ? -1 : 1;

  if (format === "array") {
    if (field === "pattern") throw fail(1, "an array of real or integer", "pattern");
    const skew = symmetry === "skew-symmetric";
    const stored = mirrored ? (rows * (skew ? rows - 1 : rows + 1)) / 2 : rows * columns;
    room(Math.max(0, stored), 2);
    if (rows * columns > maxEntries)
      throw fail(tokens.line(), `at most ${maxEntries} entries`, `${rows * columns}`);
    const data = new Float64Array(rows * columns);
    // Column after column; of a symmetric matrix the part from the diagonal downwards.
    for (let j = 0; j < columns; j++)
      for (let i = mirrored ? j + (skew ? 1 : 0) : 0; i < rows; i++) {
        const value = tokens.number("a number");
        data[i * columns + j] = value;
        if (mirrored && i !== j) data[j * columns + i] = sign * value;
      }
    tokens.end();
    return { format, field, symmetry, rows, columns, array: { data, shape: [rows, columns] } };
  }

  const stored = tokens.whole("the number of entries", 0, Number.MAX_SAFE_INTEGER);
  room(stored, field === "pattern" ? 4 : 6);
  room(mirrored ? 2 * stored : stored, 0);
  const total = mirrored ? 2 * stored : stored;
  const [row, column, value] = [new Int32Array(total), new Int32Array(total), new Float64Array(total)];
  let at = 0;
  const put = (i: number, j: number, v: number): void => {
    row[at] = i;
    column[at] = j;
    value[at++] = v;
  };
  for (let k = 0; k < stored; k++) {
    const i = tokens.whole("a row", 1, rows) - 1;
    const j = tokens.whole("a column", 1, columns) - 1;
    const v = field === "pattern" ? 1 : tokens.number("a number");
    if (mirrored && j > i)
      throw fail(tokens.line(), `the lower triangle of a ${symmetry} matrix`, `(${i + 1}, ${j + 1})`);
    if (sign < 0 && i === j)
      throw fail(tokens.line(), "no diagonal in a skew-symmetric matrix", `(${i + 1}, ${j + 1})`);
    put(i, j, v);
    if (mirrored && i !== j) put(j, i, sign * v);
  }
  tokens.end();
  const all = { row: row.slice(0, at), column: column.slice(0, at), value: value.slice(0, at) };
  return { format, field, symmetry, rows, columns, ...all };
}

/** Options of `encodeMatrixMarket`. */
export interface EncodeMatrixMarketOptions {
  /** Writes the lower triangle of a symmetric matrix only; entries above it are taken to mirror it. Default false. */
  symmetric?: boolean;
  /** Written below the first line, a line each. Default none. */
  comment?: string;
}

/** What `encodeMatrixMarket` takes for coordinates: what `sparseFromTriplets` takes, too. */
export interface CoordinateEntries {
  readonly rows: number;
  readonly columns: number;
  /** From 0, [entries]. */
  readonly row: ArrayLike<number>;
  /** From 0, [entries]. */
  readonly column: ArrayLike<number>;
  /** Finite, [entries]. */
  readonly value: ArrayLike<number>;
}

/**
 * Writes a Matrix Market file of real numbers, which reading gives back exactly.
 * @param matrix entries, or a dense array [rows, columns] or [rows] (one column)
 * @returns the bytes of an ASCII text
 * @throws ShapeError; OptionError for a number that is not finite or an index out of range
 */
export function encodeMatrixMarket(
  matrix: CoordinateEntries | ArrayData,
  options: EncodeMatrixMarketOptions = {},
): Uint8Array {
  const where = "data.encodeMatrixMarket";
  checkOptions(where, options, ["symmetric", "comment"]);
  const { symmetric = false, comment } = options;
  const lines = comment === undefined ? [] : comment.split(/\r\n|\r|\n/).map((line) => `%${line}`);
  const format = "shape" in matrix ? "array" : "coordinate";
  lines.unshift(`%%MatrixMarket matrix ${format} real ${symmetric ? "symmetric" : "general"}`);
  const text = (value: number): string => {
    if (Number.isFinite(value)) return String(value);
    throw new OptionError({ where, want: "finite numbers", got: String(value) });
  };
  if ("shape" in matrix) {
    const { data, shape } = matrix;
    const [rows = 0, columns = 1] = shape;
    if (
      shape.length < 1 ||
      shape.length > 2 ||
      elementCount(shape) !== data.length ||
      (symmetric && rows !== columns)
    ) {
      const want = `a ${symmetric ? "square " : ""}matrix [rows, columns]`;
      throw new ShapeError({ where, want, got: `[${shape.join(", ")}] with ${data.length} elements` });
    }
    lines.push(`${rows} ${columns}`);
    for (let j = 0; j < columns; j++)
      for (let i = symmetric ? j : 0; i < rows; i++) lines.push(text(data[i * columns + j]!));
  } else {
    const { rows, columns, row, column, value } = matrix;
    if (row.length !== column.length || row.length !== value.length || (symmetric && rows !== columns)) {
      const got = `${row.length}, ${column.length}, ${value.length} of ${rows} x ${columns}`;
      throw new ShapeError({ where, want: "lists of one length, a square matrix if symmetric", got });
    }
    const entries: string[] = [];
    for (let k = 0; k < row.length; k++) {
      const [i, j] = [row[k]!, column[k]!];
      if (!(i >= 0 && i < rows && j >= 0 && j < columns))
        throw new OptionError({ where, want: `entries within ${rows} x ${columns}`, got: `(${i}, ${j})` });
      if (!symmetric || j <= i) entries.push(`${i + 1} ${j + 1} ${text(value[k]!)}`);
    }
    lines.push(`${rows} ${columns} ${entries.length}`);
    for (const entry of entries) lines.push(entry);
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
