// A table as boosting and its baselines take it: standardised columns, coded targets, and the way back.
import { FormatError, OptionError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { columnMoments, type ColumnMoments } from "../column-moments.js";
import { checkFeatures, checkTargets } from "../convex-relu/problem.js";
import type { BoostingTask } from "./boosting-loss.js";

/** How scores become answers. */
export interface Answer {
  /** Regression: the answer is offset + factor·score. */
  readonly target?: { readonly offset: number; readonly factor: number };
  /** Classification: the class values in the order of the scores; two classes have one score, half their log-odds. */
  readonly classes?: readonly number[];
}

/** @internal */
export interface CodedTable {
  /** Standardised, [n, d]. */
  readonly x: Float64Array;
  readonly n: number;
  readonly d: number;
  readonly moments: ColumnMoments;
  /** Standardised numbers; −1 and 1; or 0 … classes − 1. */
  readonly y: Float64Array;
  readonly kind: BoostingTask;
  readonly answer: Answer;
}

/** @throws ShapeError, FormatError, OptionError @internal */
export function codedTable(
  where: string,
  features: ArrayData,
  targets: ArrayLike<number>,
  task: "regression" | "classification",
): CodedTable {
  if (task !== "regression" && task !== "classification")
    throw new OptionError({ where, want: 'task "regression" or "classification"', got: String(task) });
  const { x: raw, n, d } = checkFeatures(where, features);
  const values = checkTargets(where, targets, n);
  const moments = columnMoments(raw, n, d);
  const common = { x: standardised(raw, n, d, moments), n, d, moments };
  if (task === "regression") {
    const { center, scale } = columnMoments(values, n, 1);
    const target = { offset: center[0]!, factor: scale[0]! };
    const y = values.map((v) => (v - target.offset) / target.factor);
    return { ...common, y, kind: "regression", answer: { target } };
  }
  const classes = [...new Set(values)].sort((a, b) => a - b);
  if (classes.length < 2)
    throw new FormatError({ where, want: "two classes or more", got: `${classes.length}` });
  if (classes.length === 2) {
    const y = values.map((v) => (v === classes[0] ? -1 : 1));
    return { ...common, y, kind: "binary", answer: { classes } };
  }
  return { ...common, y: values.map((v) => classes.indexOf(v)), kind: "multiclass", answer: { classes } };
}

/** (x − center)/scale of [n, d]. @internal */
export const standardised = (
  x: Float64Array,
  n: number,
  d: number,
  { center, scale }: ColumnMoments,
): Float64Array => Float64Array.from({ length: n * d }, (_, i) => (x[i]! - center[i % d]!) / scale[i % d]!);

/** Numbers or class values from scores [n, c]. @internal */
export function answersOf({ target, classes }: Answer, { data, shape }: ArrayData): Float64Array {
  const [n, c] = shape as [number, number];
  const scores = Float64Array.from(data);
  if (!classes) return scores.map((v) => target!.offset + target!.factor * v);
  if (c === 1) return scores.map((v) => classes[v < 0 ? 0 : 1]!);
  return Float64Array.from({ length: n }, (_, i) => {
    const row = scores.subarray(i * c, (i + 1) * c);
    return classes[row.indexOf(Math.max(...row))]!;
  });
}
