import { FormatError } from "../core/errors.js";
import { defaultMaxBytes } from "./gunzip.js";

// Each address is one literal `new URL(..., import.meta.url)`, the form that bundlers recognise and copy; the depth
// is the same from src/data and from dist/data.
const embedded = {
  "fashion-mnist/t10k-images-idx3-ubyte.gz": () =>
    new URL("../../assets/fashion-mnist/t10k-images-idx3-ubyte.gz", import.meta.url),
  "fashion-mnist/t10k-labels-idx1-ubyte.gz": () =>
    new URL("../../assets/fashion-mnist/t10k-labels-idx1-ubyte.gz", import.meta.url),
  "digits/digits-images-idx3-ubyte.gz": () =>
    new URL("../../assets/digits/digits-images-idx3-ubyte.gz", import.meta.url),
  "digits/digits-labels-idx1-ubyte.gz": () =>
    new URL("../../assets/digits/digits-labels-idx1-ubyte.gz", import.meta.url),
  "features/fashion-mnist.onnx": () => new URL("../../assets/features/fashion-mnist.onnx", import.meta.url),
  "features/fashion-mnist-7.onnx": () =>
    new URL("../../assets/features/fashion-mnist-7.onnx", import.meta.url),
  "features/fashion-mnist-7-perceptual.onnx": () =>
    new URL("../../assets/features/fashion-mnist-7-perceptual.onnx", import.meta.url),
  "directions/poisson-2d.safetensors": () =>
    new URL("../../assets/directions/poisson-2d.safetensors", import.meta.url),
  "directions/poisson-3d.safetensors": () =>
    new URL("../../assets/directions/poisson-3d.safetensors", import.meta.url),
  "text/moby-dick.txt.gz": () => new URL("../../assets/text/moby-dick.txt.gz", import.meta.url),
  "tables/iris.csv": () => new URL("../../assets/tables/iris.csv", import.meta.url),
  "tables/wine.csv": () => new URL("../../assets/tables/wine.csv", import.meta.url),
  "tables/breast-cancer.csv": () => new URL("../../assets/tables/breast-cancer.csv", import.meta.url),
};

/** Path of an embedded file below `assets/`. */
export type AssetName = keyof typeof embedded;

/** Bytes of an embedded file, from the package's folder in Node and by fetch in a browser. @throws FormatError */
export const readAsset = (name: AssetName): Promise<Uint8Array> => readLocation(embedded[name]());

/**
 * Bytes of a file at a path or URL: `file:` URLs and, in Node, plain paths are read from disk; all else is fetched.
 * @param maxBytes most bytes the file may have, default 1 GiB
 * @throws FormatError naming the file if it cannot be read or is larger
 */
export async function readLocation(location: URL | string, maxBytes = defaultMaxBytes): Promise<Uint8Array> {
  const where = nameOf(location);
  const failed = (got: string, cause?: unknown) =>
    new FormatError({ where, want: "a readable file", got, cause });
  const target = typeof location === "string" && location.startsWith("file:") ? new URL(location) : location;
  const files = isOnDisk(target) ? nodeFiles() : undefined;
  try {
    if (files) {
      const { size } = await files.stat(target);
      if (size > maxBytes) throw failed(`${size} bytes, more than ${maxBytes}`);
      return await files.readFile(target);
    }
    const response = await fetch(target);
    if (!response.ok) throw failed(`HTTP status ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > maxBytes) throw failed(`${bytes.length} bytes, more than ${maxBytes}`);
    return bytes;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Whether there is a file system here, so that a plain path means a file. */
export const hasFiles = (): boolean => nodeFiles() !== undefined;

// `process.getBuiltinModule` and not an import: bundlers for browsers need not know that the module exists.
const nodeFiles = () =>
  typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:fs/promises");

const isOnDisk = (location: URL | string): boolean =>
  typeof location === "string" ? !/^[a-z][a-z0-9+.-]+:/i.test(location) : location.protocol === "file:";

/** The location as errors show it. */
function nameOf(location: URL | string): string {
  if (typeof location === "string") return location;
  return location.protocol === "data:" ? "embedded file" : decodeURI(location.href).replace(/^file:\/\//, "");
}
