import { parseArgs, type ParseArgsConfig } from "node:util";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Something that `npm run bench -- <suite>` measures. */
export interface Suite {
  /** What `--help` prints. */
  readonly usage: string;
  /** Measures and prints. @param args what follows the suite's name */
  run(args: string[]): Promise<void>;
}

/** The options of a suite beside `--help`, which main.ts answers. @throws Error for others */
export const optionsOf = <const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: Options,
) => parseArgs({ args, options, strict: true }).values;

/** The names in a comma-separated option; all known ones without it. @throws Error for an unknown one */
export function names<T extends string>(
  option: string,
  text: string | undefined,
  known: readonly T[],
): readonly T[] {
  if (text === undefined) return known;
  return text.split(",").map((name) => {
    const found = known.find((k) => k === name.trim());
    if (!found) throw new Error(`--${option}: "${name}" is none of ${known.join(", ")}`);
    return found;
  });
}

/** @throws Error unless `text` is a whole number of at least 1 */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${option}: want a whole number ≥ 1, got ${text}`);
  return value;
}

/** Writes a file of bench/results, whole or not at all. */
export function saveResult(name: string, text: string): void {
  const file = path.join(import.meta.dirname, "results", name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
