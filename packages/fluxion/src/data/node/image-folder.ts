import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import sharp, { type Sharp } from "sharp";
import { checkOptions, FormatError, OptionError } from "../../core/errors.js";
import { type ArrayData, wholeNumber } from "../array-data.js";

/** What to make of a folder of images. */
export interface ImageFolderOptions {
  /** Height and width of every image; a number means a square. Default: all images must have the size of the first. */
  size?: number | readonly [height: number, width: number];
  /** How an image of another shape comes to `size`: "crop" (default, centred), "stretch" or "pad" (black). */
  fit?: "crop" | "stretch" | "pad";
  /** One grey channel instead of RGB, default false. */
  grayscale?: boolean;
  /** Most images to read, in the order of their paths; default all. */
  limit?: number;
  /** A damaged file: "throw" (default) or "skip", which lists it in `skipped`. */
  onError?: "throw" | "skip";
  /** Most bytes the result may take, default 2 GiB. */
  maxBytes?: number;
}

/** The images of a folder. */
export interface ImageFolder {
  /** uint8 [N, H, W, C], C = 3, or 1 with `grayscale`; transparency is laid over white */
  images: ArrayData<Uint8Array>;
  /** Path of each image below the folder, with forward slashes, in ascending order. */
  files: string[];
  /** int32 [N], index into `classes` of the image's top folder. */
  labels: ArrayData<Int32Array>;
  /** Names of the top folders that hold images, ascending; "." stands for the folder itself. */
  classes: string[];
  /** Files that were passed over, with the reason; empty unless `onError` is "skip". */
  skipped: { file: string; reason: string }[];
}

const keys = ["size", "fit", "grayscale", "limit", "onError", "maxBytes"];
const fits = { crop: "cover", stretch: "fill", pad: "contain" } as const;
const imageName = /\.(png|jpe?g|webp)$/i;
/** A file that claims more pixels than this is refused before it is unpacked. */
const maxPixels = 2 ** 26;
/** Images unpacked at a time: enough to keep a few cores busy, few enough to bound the memory. */
const parallel = 8;

/**
 * Reads every PNG, JPEG and WebP file in a folder and its sub-folders (links are not followed), turned upright by its
 * EXIF orientation.
 * @throws FormatError naming the file that is damaged or of another size, or the folder without images; OptionError
 */
export async function loadImageFolder(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const where = "data.loadImageFolder";
  checkOptions(where, options, keys);
  const { fit = "crop", onError = "throw", maxBytes = 2 ** 31, grayscale = false } = options;
  if (!Object.hasOwn(fits, fit)) throw new OptionError({ where, want: "fit crop, stretch or pad", got: fit });
  if (onError !== "throw" && onError !== "skip") {
    throw new OptionError({ where, want: "onError throw or skip", got: String(onError) });
  }
  const found = await listImages(folder);
  const names = found.slice(0, wholeNumber(where, "limit", options.limit ?? found.length, 1));
  const skipped: ImageFolder["skipped"] = [];
  const pixels: Uint8Array[] = [];
  const files: string[] = [];
  let size = asSize(options.size);
  for (let at = 0; at < names.length; at += parallel) {
    const chunk = names.slice(at, at + parallel);
    const results = await Promise.all(chunk.map((name) => decode(join(folder, name), size, fit, grayscale)));
    for (const [i, result] of results.entries()) {
      const error =
        "error" in result ? result.error : sizeError(result, (size ??= [result.height, result.width]));
      if (error && onError === "throw") throw error;
      if (error) skipped.push({ file: chunk[i]!, reason: error.message });
      if (error || "error" in result) continue;
      pixels.push(result.data);
      files.push(chunk[i]!);
    }
    const bytes = pixels.length * (pixels[0]?.length ?? 0);
    if (bytes > maxBytes) {
      throw new FormatError({
        where: folder,
        want: `at most ${maxBytes} bytes of pixels`,
        got: "more",
        hint: "set limit or a smaller size",
      });
    }
  }
  if (!size || files.length === 0) {
    throw new FormatError({
      where: folder,
      want: "at least one readable image",
      got: `${skipped.length} damaged ones`,
    });
  }
  const rowBytes = pixels[0]!.length;
  const data = new Uint8Array(rowBytes * files.length);
  pixels.forEach((row, i) => data.set(row, i * rowBytes));
  const tops = files.map((file) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "."));
  const classes = [...new Set(tops)].sort();
  return {
    images: { data, shape: [files.length, ...size, grayscale ? 1 : 3] },
    files,
    labels: { data: Int32Array.from(tops, (top) => classes.indexOf(top)), shape: [files.length] },
    classes,
    skipped,
  };
}

async function listImages(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError({ where: folder, want: "a folder of images", got, cause });
  });
  const files = entries
    .filter((entry) => entry.isFile() && imageName.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  if (files.length === 0)
    throw new FormatError({ where: folder, want: "PNG, JPEG or WebP files", got: "none" });
  // By code unit and not by locale: the same order on every machine.
  return files.sort((a, b) => (a < b ? -1 : 1));
}

type Size = readonly [height: number, width: number];
interface Decoded {
  path: string;
  data: Uint8Array;
  height: number;
  width: number;
}

async function decode(
  path: string,
  size: Size | undefined,
  fit: keyof typeof fits,
  grayscale: boolean,
): Promise<Decoded | { error: FormatError }> {
  try {
    let image: Sharp = sharp(path, { limitInputPixels: maxPixels, failOn: "warning" }).autoOrient();
    image = image.flatten({ background: "white" });
    if (size) image = image.resize(size[1], size[0], { fit: fits[fit], background: "black" });
    image = image.toColourspace(grayscale ? "b-w" : "srgb");
    const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    return { path, data, height: info.height, width: info.width };
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    return { error: new FormatError({ where: path, want: "a whole PNG, JPEG or WebP image", got, cause }) };
  }
}

function sizeError({ path, height, width }: Decoded, size: Size): FormatError | undefined {
  if (height === size[0] && width === size[1]) return undefined;
  const want = `${size[0]} x ${size[1]} pixels, as the first image has`;
  return new FormatError({ where: path, want, got: `${height} x ${width}`, hint: "give size to resize all" });
}

function asSize(size: ImageFolderOptions["size"]): Size | undefined {
  if (size === undefined) return undefined;
  const pair = typeof size === "number" ? ([size, size] as const) : size;
  pair.forEach((side) => wholeNumber("data.loadImageFolder", "size", side, 1));
  return pair;
}
