import { checkOptions, FormatError, OptionError } from "../core/errors.js";
import type { ArrayData } from "./array-data.js";

/** How to read a table of numbers. */
export interface CsvOptions {
  /** Names the file in errors, default "csv". */
  where?: string;
  /** Default "auto": the commonest of comma, semicolon and tab in the first line. */
  delimiter?: "," | ";" | "\t" | "auto";
  /** Whether the first line names the columns; default "auto": it does if none of its fields is a number. */
  header?: boolean | "auto";
  /** Column of class names, by name or by index (negative: from the end); default none. */
  label?: string | number;
  /** The class names in the order of their numbers; default: those that occur, sorted. */
  classes?: readonly string[];
  /** An empty field, `NA` or `nan`: "error" (default) or "nan". */
  missing?: "error" | "nan";
  /** Most fields the table may have, default 50,000,000. */
  maxFields?: number;
}

/** A table of numbers, with the classes of its rows if a label column was named. */
export interface Table {
  /** float64 [N, D] */
  features: ArrayData<Float64Array>;
  /** Names of the D columns; "0", "1", ... without a header. */
  columns: string[];
  /** int32 [N], indices into `classes`; empty without a label column. */
  labels: ArrayData<Int32Array>;
  classes: string[];
}

const keys = ["where", "delimiter", "header", "label", "classes", "missing", "maxFields"];
const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const missingField = /^(|na|nan)$/i;

/**
 * Reads numbers separated by commas, semicolons or tabs, one row a line. Fields may be quoted ("" inside quotes is one
 * quote), but not across lines; blank lines and lines that begin with # are passed over.
 * @param text the file's text
 * @throws FormatError with the line of the first thing that is wrong; OptionError
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  checkOptions("data.parseCsv", options, keys);
  const { where = "csv", delimiter: wanted = "auto", header = "auto", missing = "error" } = options;
  const { maxFields = 50_000_000 } = options;
  const fail = (line: number, want: string, got: string, hint?: string) =>
    new FormatError({ where: `${where} (line ${line})`, want, got: clip(got), hint });

  const rows = contentLines(text);
  let row = rows.next();
  if (row.done) throw fail(1, "at least one row of numbers", "an empty file");
  const delimiter = wanted === "auto" ? detectDelimiter(row.value.text) : wanted;
  const first = splitFields(row.value.text, delimiter, (got) => fail(1, "a closing quote", got));
  const width = first.length;
  const hasHeader = header === "auto" ? first.every((f) => !numeric.test(f) && f !== "") : header;
  const names = hasHeader ? first : first.map((_, i) => String(i));
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate !== undefined) throw fail(row.value.line, "column names that differ", `"${duplicate}" twice`);
  const labelAt = labelColumn(names, options.label);
  if (hasHeader) row = rows.next();

  const values: number[] = [];
  const rowClasses: { name: string; line: number }[] = [];
  let n = 0;
  for (; !row.done; row = rows.next(), n++) {
    const { line } = row.value;
    const fields = splitFields(row.value.text, delimiter, (got) => fail(line, "a closing quote", got));
    if (fields.length !== width) throw fail(line, `${width} fields`, `${fields.length}`);
    if ((n + 1) * width > maxFields)
      throw fail(line, `at most ${maxFields} fields`, "more", "raise maxFields");
    for (const [i, field] of fields.entries()) {
      if (i === labelAt) {
        rowClasses.push({ name: field, line });
        continue;
      }
      const value = numeric.test(field) ? Number(field) : NaN;
      const accepted = Number.isFinite(value) || (missing === "nan" && missingField.test(field));
      if (!accepted) throw fail(line, `a number in column "${names[i]}"`, `"${field}"`, hintFor(field));
      values.push(value);
    }
  }
  if (n === 0) throw fail(1, "at least one row of numbers", "a header only");

  const classes = [...(options.classes ?? [...new Set(rowClasses.map((c) => c.name))].sort())];
  const labels = rowClasses.map(({ name, line }) => {
    const at = classes.indexOf(name);
    if (at < 0) throw fail(line, `one of ${classes.join(", ")}`, `"${name}"`);
    return at;
  });
  const columns = names.filter((_, i) => i !== labelAt);
  return {
    features: { data: Float64Array.from(values), shape: [n, columns.length] },
    columns,
    labels: { data: Int32Array.from(labels), shape: [labels.length] },
    classes,
  };
}

function* contentLines(text: string): Generator<{ text: string; line: number }, undefined> {
  let line = 0;
  const ends = /\r\n|\n|\r|$/g;
  // The byte order mark that spreadsheets write is no part of the first field.
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at = ends.lastIndex) {
    ends.lastIndex = at;
    const end = ends.exec(text)!;
    const content = text.slice(at, end.index);
    line++;
    if (content.trim() !== "" && !content.startsWith("#")) yield { text: content, line };
    ends.lastIndex = end.index + end[0].length;
  }
}

function detectDelimiter(line: string): string {
  const count = (d: string) => line.split(d).length;
  return ["\t", ";", ","].reduce((best, d) => (count(d) > count(best) ? d : best), ",");
}

function splitFields(line: string, delimiter: string, unclosed: (got: string) => FormatError): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((field) => field.trim());
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quoted && c === '"' && line[i + 1] === '"') field += line[++i]!;
    else if (c === '"') quoted = !quoted;
    else if (c === delimiter && !quoted) {
      fields.push(field.trim());
      field = "";
    } else field += c;
  }
  if (quoted) throw unclosed(line);
  return [...fields, field.trim()];
}

function labelColumn(names: readonly string[], label: string | number | undefined): number {
  if (label === undefined) return -1;
  const at = typeof label === "number" ? (label < 0 ? names.length + label : label) : names.indexOf(label);
  if (names[at] === undefined) {
    const want = `label one of the columns ${names.join(", ")}`;
    throw new OptionError({ where: "data.parseCsv", want, got: String(label) });
  }
  return at;
}

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

function hintFor(field: string): string | undefined {
  if (missingField.test(field)) return 'give missing: "nan" to accept gaps';
  if (/^[+-]?\d+,\d+$/.test(field)) return "decimals are written with a point";
  return "name a column of classes with label, or a first line of names with header: true";
}
