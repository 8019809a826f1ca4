// The tables of the claim and the demo, each in two parts.
import { gatherRows, loadDataset, partition, type ArrayData } from "fluxion/data";
import { loadDigits8 } from "../digits8.js";

/** Rows with their targets. */
export interface Part {
  readonly features: ArrayData;
  readonly targets: number[];
}

/** A table to train on and one to test on. */
export interface Parted {
  readonly task: "regression" | "classification";
  readonly train: Part;
  readonly test: Part;
}

const parted = (
  task: Parted["task"],
  features: ArrayData,
  targets: readonly number[],
  seed: number,
): Parted => {
  const strata = task === "classification" ? { labels: targets } : {};
  const { train, holdout } = partition(targets.length, { seed, holdout: 0.3, ...strata });
  const part = (rows: Int32Array): Part => ({
    features: gatherRows(features, rows),
    targets: Array.from(rows, (i) => targets[i]!),
  });
  return { task, train: part(train), test: part(holdout) };
};

/** Tables by name: 178 wines, 569 cell samples, 1797 digits; and for numbers the width of an iris's petal by the rest. */
export const tables = {
  async wine(seed: number): Promise<Parted> {
    const { features, labels } = await loadDataset("wine");
    return parted("classification", features, Array.from(labels.data), seed);
  },
  async cancer(seed: number): Promise<Parted> {
    const { features, labels } = await loadDataset("breast-cancer");
    return parted("classification", features, Array.from(labels.data), seed);
  },
  async digits(seed: number): Promise<Parted> {
    const { rows, labels } = await loadDigits8(1797);
    return parted("classification", rows, labels, seed);
  },
  async petals(seed: number): Promise<Parted> {
    const { features } = await loadDataset("iris");
    const others = Float64Array.from(
      { length: 450 },
      (_, i) => features.data[4 * Math.floor(i / 3) + (i % 3)]!,
    );
    const widths = Array.from({ length: 150 }, (_, i) => features.data[4 * i + 3]!);
    return parted("regression", { data: others, shape: [150, 3] }, widths, seed);
  },
} as const;

/** Name of a table. */
export type TableName = keyof typeof tables;

/** Part of the answers that is right. */
export const accuracy = (answers: Float64Array, wanted: readonly number[]): number =>
  answers.filter((v, i) => v === wanted[i]).length / wanted.length;

/** Root mean square error over the deviation of what is wanted. */
export function relativeError(answers: Float64Array, wanted: readonly number[]): number {
  const mean = wanted.reduce((sum, v) => sum + v, 0) / wanted.length;
  const [gap, all] = wanted.reduce(
    ([g, a], v, i) => [g + (answers[i]! - v) ** 2, a + (v - mean) ** 2],
    [0, 0],
  );
  return Math.sqrt(gap / all);
}
