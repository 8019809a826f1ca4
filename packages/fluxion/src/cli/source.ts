import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { FormatError, OptionError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import type { ArrayData } from "../data/array-data.js";
import { toSigned } from "../data/images.js";
import { loadDataset, pointSetNames, samplePoints, seededUniform, type PointSetName } from "../data/index.js";
import { loadImageFolder, readArrayFile } from "../data/node/index.js";

/** Training data as a run's config holds it. */
export interface SourceConfig {
  /** `fashion-mnist`, `digits`, a point set, or the path of a folder of images or of a file of points. */
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
const names: readonly string[] = [...imageSets, ...pointSetNames];
const pointCount = 20_000;

/** What `--data` may be, for help texts. */
export const sourceHelp = `${names.join(", ")}, a folder of images, or a .csv or .npy file of points`;

/** What a config keeps of `--data`: names as they are, paths in full. */
export const sourceName = (data: string): string => (names.includes(data) ? data : resolve(data));

/** Loads what `--data` names. @throws OptionError, FormatError */
export async function loadSource({ data, size, limit }: SourceConfig): Promise<Source> {
  const cut = <A extends ArrayData>(array: A): A => {
    const n = limit > 0 ? Math.min(limit, array.shape[0]!) : array.shape[0]!;
    const row = array.data.length / array.shape[0]!;
    return { ...array, data: array.data.subarray(0, n * row), shape: [n, ...array.shape.slice(1)] };
  };
  if (imageSets.includes(data as (typeof imageSets)[number])) {
    const set = await loadDataset(data as (typeof imageSets)[number]);
    const x1 = toSigned(cut(set.images));
    return { x1, labels: cut(set.labels), classes: set.classes, shape: x1.shape.slice(1) };
  }
  if (pointSetNames.includes(data as PointSetName)) {
    const x1 = samplePoints(data as PointSetName, limit > 0 ? limit : pointCount, seededUniform(0));
    return { x1, classes: [], shape: x1.shape.slice(1) };
  }
  if (!existsSync(data)) throw new OptionError({ where: "--data", want: sourceHelp, got: data });
  if (statSync(data).isDirectory()) {
    const { images, labels, classes } = await loadImageFolder(data, { size });
    const x1 = toSigned(cut(images));
    const shape = x1.shape.slice(1);
    return classes.length > 1 ? { x1, labels: cut(labels), classes, shape } : { x1, classes: [], shape };
  }
  const x1 = cut(standardised(data, await readArrayFile(data)));
  return { x1, classes: [], shape: x1.shape.slice(1) };
}

/** Columns brought to mean 0 and deviation 1, as the flows' noise has. */
function standardised(where: string, { data, shape }: ArrayData): ArrayData<Float32Array> {
  const [n, d] = shape as [number, number];
  if (shape.length !== 2 || n === 0 || d === 0)
    throw new FormatError({ where, want: "points [N, D]", got: `[${shape.join(", ")}]` });
  const out = new Float32Array(data.length);
  for (let j = 0; j < d; j++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) sum += data[i * d + j]!;
    const mean = sum / n;
    for (let i = 0; i < n; i++) squares += (data[i * d + j]! - mean) ** 2;
    const deviation = Math.sqrt(squares / n) || 1;
    if (!Number.isFinite(deviation))
      throw new FormatError({ where, want: "finite numbers", got: `others in column ${j}` });
    for (let i = 0; i < n; i++) out[i * d + j] = (data[i * d + j]! - mean) / deviation;
  }
  return { data: out, shape };
}
