// What the commands that learn a column of a table share: their data options, the rows in two parts, the saved model.
import { Option, type Command } from "commander";
import { gatherRows } from "../../../data/batches.js";
import type { ArrayData } from "../../../data/array-data.js";
import { fraction, whole } from "../../options.js";
import { shortNumber } from "../../report.js";
import { accuracy, codedTargets, determination, splitRows } from "./judge.js";
import { column, readTargetTable, type TargetTable } from "./table.js";

type Task = "regression" | "classification";

/** Options of every such command. */
export interface SupervisedOptions {
  target: string;
  task?: Task;
  holdout: number;
  seed: number;
  out?: string;
  json?: boolean;
}

/** Adds the table and the options of the group "Data:". @param defaultTask when the task is which, for the help */
export function dataOptions(command: Command, defaultTask: string): Command {
  return command
    .argument("<table>", "a .csv file (with or without names of columns) or a .npy file [rows, columns]")
    .optionsGroup("Data:")
    .option(
      "--target <column>",
      "name or number of the column to predict (negative: from the end)",
      column,
      "-1",
    )
    .addOption(
      new Option("--task <task>", `default: ${defaultTask}`).choices(["regression", "classification"]),
    )
    .option("--holdout <x>", "part of the rows kept for the test, in [0, 1)", fraction, 0.2);
}

/** Adds the options of the group "Other options:". */
export function otherOptions(command: Command, help: { seed: string; out: string }): Command {
  return command
    .optionsGroup("Other options:")
    .option("--seed <n>", help.seed, whole(0, 2 ** 32 - 1), 0)
    .option("--out <file>", help.out)
    .option("--json", "print the result as one JSON document, and nothing else");
}

/** Features and targets of some rows. */
export interface Rows {
  readonly x: ArrayData<Float64Array>;
  readonly y: readonly number[];
}

/** A table ready to be learned from. */
export interface Supervised {
  readonly task: Task;
  readonly rows: number;
  readonly seen: Rows;
  /** Empty where there are too few rows to keep any back. */
  readonly kept: Rows;
  /** "accuracy" or "r2", and its name in tables. */
  readonly measure: { readonly key: string; readonly name: string };
  /** Accuracy or R² of answers; undefined for no rows. */
  readonly quality: (rows: Rows, predict: (x: Rows["x"]) => Float64Array) => number | undefined;
  /** What a saved model needs beside itself. */
  readonly saved: Pick<TargetTable, "columns" | "target"> & { readonly classNames?: readonly string[] };
  /** The sentence about the data. */
  readonly about: string;
}

/** Reads the table and parts its rows. @param limits see `codedTargets` @throws FormatError, OptionError */
export async function readSupervised(
  file: string,
  options: SupervisedOptions,
  limits: Parameters<typeof codedTargets>[3],
): Promise<Supervised> {
  const table = await readTargetTable(file, options.target);
  const { columns, target } = table;
  const { targets, classes } = codedTargets(file, table, options.task, limits);
  const { train, test } = splitRows(targets.length, options, classes ? targets : undefined);
  const rows = (indices: Int32Array): Rows => ({
    x: gatherRows(table.features, indices),
    y: Array.from(indices, (k) => targets[k]!),
  });
  const task = classes ? "classification" : "regression";
  const judge = classes ? accuracy : determination;
  return {
    ...{ task, rows: targets.length, seen: rows(train), kept: rows(test) },
    measure: classes ? { key: "accuracy", name: "accuracy" } : { key: "r2", name: "R²" },
    quality: ({ x, y }, predict) => (y.length === 0 ? undefined : judge(predict(x), y)),
    saved: { columns, target, ...(classes ? { classNames: classes } : {}) },
    about: `${file}: ${targets.length} rows, ${columns.length} features; ${task} of column ${target}`,
  };
}

/** A quality for a table. */
export const shownQuality = (value: number | undefined): string =>
  value === undefined ? "–" : shortNumber(value);
