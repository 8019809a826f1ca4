import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { FormatError, OptionError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import type { ArrayData } from "../data/array-data.js";
import { toSigned } from "../data/images.js";
import {
  loadDataset,
  parseCsv,
  pointSetNames,
  samplePoints,
  seededUniform,
  type PointSetName,
} from "../data/index.js";
import { loadImageFolder } from "../data/node/index.js";

/** Training data as a run's config holds it. */
export interface SourceConfig {
  /** `fashion-mnist`, `digits`, a point set, a folder of images, or a CSV of points. */
  data: string;
  /** Side that images of a folder are resized to. */
  size: number;
  /** Rows used; 0: all. */
  limit: number;
}

/** Data ready for a flow. */
export interface Source {
  /** float32 [N, C, H, W] in [−1, 1], or [N, D] */
  x1: ArrayData<Float32Array>;
  /** int32 [N], where the set has classes. */
  labels?: ArrayData<Int32Array>;
  classes: readonly string[];
  /** One example: [C, H, W] or [D]. */
  shape: Shape;
}

const imageSets = ["fashion-mnist", "digits"] as const;
const pointCount = 20_000;

/** What `--data` may be, for help texts. */
export const sourceHelp = `${[...imageSets, ...pointSetNames].join(", ")}, a folder of images, or a CSV of points`;

/** Loads what `--data` names. @throws OptionError, FormatError */
export async function loadSource({ data, size, limit }: SourceConfig): Promise<Source> {
  const cut = <A extends ArrayData>(array: A): A => {
    const n = limit > 0 ? Math.min(limit, array.shape[0]!) : array.shape[0]!;
    const row = array.data.length / array.shape[0]!;
    return { ...array, data: array.data.subarray(0, n * row), shape: [n, ...array.shape.slice(1)] };
  };
  if ((imageSets as readonly string[]).includes(data)) {
    const set = await loadDataset(data as (typeof imageSets)[number]);
    const x1 = toSigned(cut(set.images));
    return { x1, labels: cut(set.labels), classes: set.classes, shape: x1.shape.slice(1) };
  }
  if ((pointSetNames as readonly string[]).includes(data)) {
    const x1 = samplePoints(data as PointSetName, limit > 0 ? limit : pointCount, seededUniform(0));
    return { x1, classes: [], shape: x1.shape.slice(1) };
  }
  if (!existsSync(data)) throw new OptionError({ where: "--data", want: sourceHelp, got: data });
  if (statSync(data).isDirectory()) {
    const folder = await loadImageFolder(data, { size });
    const x1 = toSigned(cut(folder.images));
    return { x1, classes: [], shape: x1.shape.slice(1) };
  }
  if (!/\.(csv|tsv|txt)$/i.test(data))
    throw new FormatError({ where: data, want: sourceHelp, got: "another kind of file" });
  const table = parseCsv(await readFile(data, "utf8"), { where: data });
  const x1 = cut(standardised(table.features));
  return { x1, classes: [], shape: x1.shape.slice(1) };
}

/** Columns brought to mean 0 and deviation 1, as the flows' noise has. */
function standardised({ data, shape }: ArrayData<Float64Array>): ArrayData<Float32Array> {
  const [n, d] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let j = 0; j < d; j++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) sum += data[i * d + j]!;
    const mean = sum / n;
    for (let i = 0; i < n; i++) squares += (data[i * d + j]! - mean) ** 2;
    const deviation = Math.sqrt(squares / n) || 1;
    for (let i = 0; i < n; i++) out[i * d + j] = (data[i * d + j]! - mean) / deviation;
  }
  return { data: out, shape };
}
