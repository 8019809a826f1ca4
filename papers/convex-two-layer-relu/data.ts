// The data of the claim and the demo.
import { averagePool, gatherRows, loadDataset, partition, seededUniform, type ArrayData } from "fluxion/data";

/** Features with a last column of ones, and labels −1 or 1 (or numbers). */
export interface Examples {
  x: ArrayData<Float64Array>;
  y: number[];
}

/** Normal numbers from uniform ones. */
function normalOf(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** y = sin 4x + 0.1·noise at `n` points of [−1, 1]. */
export function wave(n: number, seed: number): Examples {
  const uniform = seededUniform(seed);
  const normal = normalOf(uniform);
  const points = Array.from({ length: n }, () => 2 * uniform() - 1);
  return {
    x: { data: Float64Array.from(points.flatMap((v) => [v, 1])), shape: [n, 2] },
    y: points.map((v) => Math.sin(4 * v) + 0.1 * normal()),
  };
}

interface Table {
  rows: ArrayData<Float32Array>;
  labels: number[];
}

/** A table in two parts, standardised by the first. */
function parted({ rows, labels }: Table, seed: number, holdout: number): { train: Examples; test: Examples } {
  const d = rows.shape[1]!;
  const parts = partition(labels.length, { seed, holdout, labels });
  const train = gatherRows(rows, parts.train);
  const column = (j: number): number[] => Array.from(parts.train, (_, k) => train.data[k * d + j]!);
  const moments = Array.from({ length: d }, (_, j) => {
    const values = column(j);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    return { mean, deviation: deviation || 1 };
  });
  const examples = (indices: Int32Array): Examples => {
    const { data } = gatherRows(rows, indices);
    const x = Array.from(indices, (_, k) => [
      ...moments.map(({ mean, deviation }, j) => (data[k * d + j]! - mean) / deviation),
      1,
    ]).flat();
    return {
      x: { data: Float64Array.from(x), shape: [indices.length, d + 1] },
      y: Array.from(indices, (i) => labels[i]!),
    };
  };
  return { train: examples(parts.train), test: examples(parts.holdout) };
}

/** Versicolor and virginica by the length and width of their petals: 70 flowers to train on, 30 to test. */
export async function irisPair(seed: number): Promise<{ train: Examples; test: Examples }> {
  const { features, labels } = await loadDataset("iris");
  const wanted = [...labels.data.keys()].filter((i) => labels.data[i]! > 0);
  const petals = wanted.flatMap((i) => [features.data[4 * i + 2]!, features.data[4 * i + 3]!]);
  const rows = { data: Float32Array.from(petals), shape: [wanted.length, 2] };
  return parted({ rows, labels: wanted.map((i) => (labels.data[i] === 1 ? -1 : 1)) }, seed, 0.3);
}

/** The breast cancer table, 30 features: 398 to train on, 171 to test. */
export async function breastCancer(seed: number): Promise<{ train: Examples; test: Examples }> {
  const { features, labels } = await loadDataset("breast-cancer");
  return parted({ rows: features, labels: Array.from(labels.data, (v) => (v === 0 ? -1 : 1)) }, seed, 0.3);
}

/** Handwritten 3 and 8, the middle 24 × 24 averaged to 8 × 8 pixels in [0, 1]: 200 to train on, 157 to test. */
export async function threeOrEight(seed: number): Promise<{ train: Examples; test: Examples }> {
  const { images, labels } = await loadDataset("digits");
  const wanted = [...labels.data.keys()].filter((i) => labels.data[i] === 3 || labels.data[i] === 8);
  const { holdout } = partition(wanted.length, { seed, holdout: 357 / wanted.length });
  const chosen = Array.from(holdout, (k) => wanted[k]!);
  const middle = chosen.flatMap((i) =>
    Array.from(
      { length: 576 },
      (_, p) => images.data[784 * i + 28 * (2 + Math.floor(p / 24)) + 2 + (p % 24)]! / 255,
    ),
  );
  const small = averagePool({ data: Float32Array.from(middle), shape: [chosen.length, 1, 24, 24] }, 3);
  const examples = (rows: readonly number[]): Examples => {
    const x = rows.flatMap((k) => [...small.data.subarray(64 * k, 64 * (k + 1)), 1]);
    return {
      x: { data: Float64Array.from(x), shape: [rows.length, 65] },
      y: rows.map((k) => (labels.data[chosen[k]!] === 3 ? -1 : 1)),
    };
  };
  const { train, holdout: test } = partition(chosen.length, { seed, holdout: 157 / chosen.length });
  return { train: examples([...train]), test: examples([...test]) };
}
