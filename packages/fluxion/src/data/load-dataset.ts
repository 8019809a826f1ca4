import { checkOptions, FormatError, OptionError } from "../core/errors.js";
import type { ArrayData } from "./array-data.js";
import { type AssetName, hasFiles, readAsset, readLocation } from "./assets.js";
import { gatherRows, partition } from "./batches.js";
import { parseCsv } from "./csv.js";
import { decodeLabelledImages, type NamedBytes } from "./labelled-images.js";

/** Which rows: the split that the set's authors made, or for sets without one a fixed part (stratified, 80 : 20). */
export type Split = "train" | "test" | "all";

/** Where and what to load. */
export interface LoadOptions {
  /** Default: "test" for fashion-mnist, "all" for the others. fashion-mnist has no "all". */
  split?: Split;
  /**
   * Folder or base URL that holds the original files instead of the embedded ones: `train-images-idx3-ubyte`,
   * `train-labels-idx1-ubyte` and the `t10k-` pair for image sets, each with or without `.gz`; `<name>.csv` for tables.
   */
  path?: string;
}

/** Labelled images. */
export interface ImageDataset {
  kind: "images";
  name: string;
  split: Split;
  /** uint8 [N, 28, 28, 1] */
  images: ArrayData<Uint8Array>;
  /** int32 [N], indices into `classes` */
  labels: ArrayData<Int32Array>;
  classes: readonly string[];
}

/** A labelled table of measurements. */
export interface TableDataset {
  kind: "table";
  name: string;
  split: Split;
  /** float32 [N, D], in the units of the file */
  features: ArrayData<Float32Array>;
  /** Names of the D columns. */
  columns: string[];
  /** int32 [N], indices into `classes` */
  labels: ArrayData<Int32Array>;
  classes: readonly string[];
}

interface ImageSource {
  split: Split;
  images: AssetName;
  labels: AssetName;
  classes: readonly string[];
}

const imageSets = {
  "fashion-mnist": {
    split: "test",
    images: "fashion-mnist/t10k-images-idx3-ubyte.gz",
    labels: "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    classes: [
      ...["T-shirt/top", "trouser", "pullover", "dress", "coat"],
      ...["sandal", "shirt", "sneaker", "bag", "ankle boot"],
    ],
  },
  digits: {
    split: "all",
    images: "digits/digits-images-idx3-ubyte.gz",
    labels: "digits/digits-labels-idx1-ubyte.gz",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  },
} as const satisfies Record<string, ImageSource>;

const tables = {
  iris: { label: "species", classes: ["setosa", "versicolor", "virginica"] },
  wine: { label: "cultivar", classes: ["class_0", "class_1", "class_2"] },
  "breast-cancer": { label: "diagnosis", classes: ["malignant", "benign"] },
} as const;

/** Name of an embedded set of images. */
export type ImageDatasetName = keyof typeof imageSets;
/** Name of an embedded table. */
export type TableDatasetName = keyof typeof tables;
/** Name of an embedded data set. */
export type DatasetName = ImageDatasetName | TableDatasetName;

/** The names that `loadDataset` knows. */
export const datasetNames = [...Object.keys(imageSets), ...Object.keys(tables)] as DatasetName[];

/** Where Debian's package `dataset-fashion-mnist` puts the full set. */
const debianFolder = "/usr/share/datasets/fashion-mnist";

/**
 * Loads a real data set by name, in Node and in browsers, from the files shipped with the package; nothing is
 * downloaded unless `path` is a URL. `assets/README.md` names sources and licences.
 * @throws OptionError for an unknown name, option or split; FormatError if a file is missing or damaged
 */
export function loadDataset(name: ImageDatasetName, options?: LoadOptions): Promise<ImageDataset>;
export function loadDataset(name: TableDatasetName, options?: LoadOptions): Promise<TableDataset>;
export function loadDataset(name: DatasetName, options?: LoadOptions): Promise<ImageDataset | TableDataset>;
export async function loadDataset(
  name: DatasetName,
  options: LoadOptions = {},
): Promise<ImageDataset | TableDataset> {
  const where = "data.loadDataset";
  checkOptions(where, options, ["split", "path"]);
  const known = Object.hasOwn(imageSets, name) || Object.hasOwn(tables, name);
  if (!known) throw new OptionError({ where, want: `one of ${datasetNames.join(", ")}`, got: String(name) });
  const { split } = options;
  const authorsSplit = name === "fashion-mnist" || (name === "digits" && options.path !== undefined);
  const splits = authorsSplit ? ["test", "train"] : ["all", "train", "test"];
  if (split !== undefined && !splits.includes(split)) {
    throw new OptionError({ where, want: `split ${splits.join(" or ")} of ${name}`, got: `"${split}"` });
  }
  if (name === "fashion-mnist" || name === "digits") return loadImages(name, options);
  return loadTable(name, options);
}

async function loadImages(name: ImageDatasetName, { split, path }: LoadOptions): Promise<ImageDataset> {
  const source: ImageSource = imageSets[name];
  const decode = async (part: Split, { images, labels }: FilePair): Promise<ImageDataset> => {
    const decoded = await decodeLabelledImages(images, labels, source.classes.length);
    return { kind: "images", name, split: part, ...decoded, classes: source.classes };
  };
  if (path !== undefined) return decode(split ?? "test", await readOriginals(path, split ?? "test"));
  if (name === "fashion-mnist" && split === "train") return decode(split, await readFullTrain());
  const read = async (where: AssetName): Promise<NamedBytes> => ({ where, bytes: await readAsset(where) });
  const whole = await decode(source.split, {
    images: await read(source.images),
    labels: await read(source.labels),
  });
  const rows = partRows(split ?? source.split, source.split, whole.labels);
  if (rows === undefined) return whole;
  const { images, labels } = whole;
  return { ...whole, split: split!, images: gatherRows(images, rows), labels: gatherRows(labels, rows) };
}

async function loadTable(
  name: TableDatasetName,
  { split = "all", path }: LoadOptions,
): Promise<TableDataset> {
  const { label, classes } = tables[name];
  const where = path === undefined ? `tables/${name}.csv` : join(path, `${name}.csv`);
  const bytes = path === undefined ? await readAsset(`tables/${name}.csv`) : await readLocation(where);
  const table = parseCsv(new TextDecoder().decode(bytes), { where, header: true, label, classes });
  const whole = { data: Float32Array.from(table.features.data), shape: table.features.shape };
  const rows = partRows(split, "all", table.labels);
  return {
    kind: "table",
    name,
    split,
    features: rows ? gatherRows(whole, rows) : whole,
    columns: table.columns,
    labels: rows ? gatherRows(table.labels, rows) : table.labels,
    classes,
  };
}

/** The rows of a part that we fix ourselves, or undefined for the whole file. */
function partRows(split: Split, whole: Split, labels: ArrayData<Int32Array>): Int32Array | undefined {
  if (split === whole) return undefined;
  const { train, holdout } = partition(labels.data.length, { labels: labels.data });
  return split === "train" ? train : holdout;
}

interface FilePair {
  images: NamedBytes;
  labels: NamedBytes;
}

/** The two original files of a split, compressed or not. */
async function readOriginals(folder: string, split: Split): Promise<FilePair> {
  const read = async (name: string): Promise<NamedBytes> => {
    const where = join(folder, name);
    try {
      return { where: `${where}.gz`, bytes: await readLocation(`${where}.gz`) };
    } catch (compressed) {
      // The error of the first attempt is the one to show if neither file is there: it names the usual form.
      return readLocation(where).then(
        (bytes) => ({ where, bytes }),
        () => Promise.reject(compressed as Error),
      );
    }
  };
  const prefix = split === "train" ? "train" : "t10k";
  return {
    images: await read(`${prefix}-images-idx3-ubyte`),
    labels: await read(`${prefix}-labels-idx1-ubyte`),
  };
}

async function readFullTrain(): Promise<FilePair> {
  try {
    if (hasFiles()) return await readOriginals(debianFolder, "train");
  } catch (cause) {
    throw notInstalled(cause);
  }
  throw notInstalled(undefined);
}

const notInstalled = (cause: unknown): FormatError =>
  new FormatError({
    where: `${debianFolder}/train-images-idx3-ubyte.gz`,
    want: "the 60,000 training images, which are not shipped with the package",
    got: hasFiles() ? "no readable file" : "no file system here",
    hint: 'install Debian\'s dataset-fashion-mnist, give path: "<folder or URL with the original files>", or use split: "test"',
    cause,
  });

const join = (folder: string, name: string): string => `${folder.replace(/[\\/]+$/, "")}/${name}`;
