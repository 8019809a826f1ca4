import { SingleBar } from "cli-progress";

/** Where a command's words go: to a person, or with --json only the final result, as one JSON document. */
export interface Report {
  note(text: string): void;
  /** On the standard error output, for persons and machines alike. */
  warn(text: string): void;
  table(rows: readonly Readonly<Record<string, string | number>>[]): void;
  /** A progress bar; it shows itself only on a terminal, and only to a person. */
  bar(label: string, total: number): Bar;
  /** The machine-readable result; nothing for a person, who has been told already. */
  result(value: unknown): void;
}

/** A progress bar. */
export interface Bar {
  update(done: number, note?: string): void;
  stop(): void;
}

const silentBar: Bar = { update: () => undefined, stop: () => undefined };
const warn = (text: string): void => console.error(text);

/** A report for machines if `json`, else for people. */
export function createReport(json = false): Report {
  if (json) {
    return {
      note: () => undefined,
      warn,
      table: () => undefined,
      bar: () => silentBar,
      result: (value) => console.log(JSON.stringify(value, null, 2)),
    };
  }
  const note = (text: string): void => console.log(text);
  return { note, warn, table: printTable, bar: progressBar, result: () => undefined };
}

/** Columns as wide as they need, numbers to the right. */
function printTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const text = (value: string | number | undefined): string =>
    typeof value === "number" ? shortNumber(value) : (value ?? "");
  const widths = columns.map((c) => Math.max(c.length, ...rows.map((r) => text(r[c]).length)));
  const numeric = columns.map((c) => typeof rows[0]?.[c] === "number");
  const print = (cells: readonly string[]): void => {
    const line = cells.map((c, i) => (numeric[i] ? c.padStart(widths[i]!) : c.padEnd(widths[i]!)));
    console.log(`  ${line.join("  ")}`.trimEnd());
  };
  print(columns);
  for (const row of rows) print(columns.map((c) => text(row[c])));
}

/** A number with about four significant digits. */
export const shortNumber = (value: number): string =>
  Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString();

function progressBar(label: string, total: number): Bar {
  // Where output is piped, a line at the start and none in between.
  if (!process.stdout.isTTY) {
    console.log(`${label} ...`);
    return silentBar;
  }
  const bar = new SingleBar({
    format: `${label.padEnd(24)} {bar} {value}/{total}  {eta_formatted}  {note}`,
    stream: process.stdout,
    // A hidden cursor would stay hidden if a second interrupt ends the process.
    hideCursor: false,
    clearOnComplete: false,
    barsize: 28,
  });
  bar.start(total, 0, { note: "" });
  return {
    update: (done, note = "") => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}
