// A table with a target column, from a file of the user's.
import { InvalidArgumentError } from "commander";
import { FormatError, OptionError } from "../../../core/errors.js";
import type { ArrayData } from "../../../data/array-data.js";
import { readLocation } from "../../../data/assets.js";
import { parseCsv } from "../../../data/csv.js";
import { defaultMaxBytes, gunzip } from "../../../data/gunzip.js";
import { readArrayFile } from "../../../data/node/read-array.js";

/** A column for commander: its name or a whole number. */
export function column(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Want the name or the number of a column.");
  return text;
}

/** Features and targets of the rows. */
export interface TargetTable {
  /** float64 [N, D] */
  readonly features: ArrayData<Float64Array>;
  readonly columns: readonly string[];
  /** Name of the target column. */
  readonly target: string;
  /** The target as it stands in the file, [N]. */
  readonly values: readonly string[];
}

/**
 * Reads a `.csv` (also `.tsv`, `.txt`, `.gz`) or `.npy` table.
 * @param target name or index of the target column, negative from the end
 * @throws FormatError naming the file; OptionError for a column that is not there
 */
export async function readTargetTable(path: string, target: string): Promise<TargetTable> {
  if (/\.(csv|tsv|txt)(\.gz)?$/i.test(path)) {
    const bytes = await gunzip(await readLocation(path), path, defaultMaxBytes);
    const text = new TextDecoder().decode(bytes);
    const label = /^-?\d+$/.test(target) ? Number(target) : target;
    const { features, columns, labels, classes } = parseCsv(text, { where: path, label });
    if (columns.length === 0)
      throw new FormatError({ where: path, want: "a column beside the target", got: "none" });
    const values = Array.from(labels.data, (k) => classes[k]!);
    return { features, columns, target, values };
  }
  const { data, shape } = await readArrayFile(path);
  const [n = 0, width = 0] = shape;
  if (shape.length !== 2 || n === 0 || width < 2) {
    const want = "a table [rows, columns] of two columns or more";
    throw new FormatError({ where: path, want, got: `[${shape.join(", ")}]` });
  }
  const at = Number(target) < 0 ? width + Number(target) : Number(target);
  if (!Number.isInteger(at) || at < 0 || at >= width)
    throw new OptionError({ where: "--target", want: `a column in 0 … ${width - 1}`, got: target });
  const others = Array.from({ length: width }, (_, j) => j).filter((j) => j !== at);
  const rows = Array.from({ length: n }, (_, k) => k);
  return {
    features: {
      data: Float64Array.from(rows.flatMap((k) => others.map((j) => data[k * width + j]!))),
      shape: [n, others.length],
    },
    columns: others.map(String),
    target: String(at),
    values: rows.map((k) => String(data[k * width + at]!)),
  };
}
