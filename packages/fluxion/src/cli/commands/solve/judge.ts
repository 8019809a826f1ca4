// Targets of a table as numbers, its rows in two parts, and how good answers are.
import { FormatError } from "../../../core/errors.js";
import { partition } from "../../../data/batches.js";
import type { TargetTable } from "./table.js";

const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Numbers to fit, and the names of the classes where they are classes: as `task` says, or by default if there are no
 * more than `implied` different values.
 * @param limits `implied` default 2; `most` classes that the method takes, default any number
 * @throws FormatError
 */
export function codedTargets(
  file: string,
  { values, target }: TargetTable,
  task: "regression" | "classification" | undefined,
  limits: { implied?: number; most?: number } = {},
): { targets: number[]; classes?: readonly string[] } {
  const { implied = 2, most = Infinity } = limits;
  const names = [...new Set(values)].sort();
  const numbers = names.every((name) => numeric.test(name));
  const where = `${file}, column ${target}`;
  const few = names.length > 1 && names.length <= implied;
  if (task === "classification" || (task === undefined && (few || (!numbers && most > 2)))) {
    if (names.length < 2 || names.length > most) {
      const hint = numbers ? "--task regression predicts numbers" : undefined;
      const want = most === 2 ? "two classes" : "two classes or more";
      throw new FormatError({ where, want, got: `${names.length}`, hint });
    }
    return { targets: values.map((name) => names.indexOf(name)), classes: names };
  }
  const bad = values.find((value) => !numeric.test(value));
  if (bad !== undefined)
    throw new FormatError({
      ...{ where, want: most === 2 ? "numbers, or two classes" : "numbers" },
      got: `"${bad}" among ${names.length} values`,
    });
  return { targets: values.map(Number) };
}

/** Rows to train on and to test on; all to train on where there are fewer than five. */
export function splitRows(
  n: number,
  { holdout, seed }: { holdout: number; seed: number },
  labels: readonly number[] | undefined,
): { train: Int32Array; test: Int32Array } {
  const all = Int32Array.from({ length: n }, (_, k) => k);
  if (holdout === 0 || n < 5) return { train: all, test: new Int32Array() };
  const parts = partition(n, { holdout, seed, ...(labels ? { labels } : {}) });
  return { train: parts.train, test: parts.holdout };
}

/** Part of the answers that is right. */
export const accuracy = (answers: Float64Array, y: readonly number[]): number =>
  answers.reduce((sum, v, k) => sum + (v === y[k] ? 1 : 0), 0) / y.length;

/** R², 1 for a perfect prediction and 0 for the mean. */
export function determination(answers: Float64Array, y: readonly number[]): number {
  const mean = y.reduce((sum, v) => sum + v, 0) / y.length;
  const total = y.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const left = answers.reduce((sum, v, k) => sum + (v - y[k]!) ** 2, 0);
  return total === 0 ? (left === 0 ? 1 : 0) : 1 - left / total;
}
