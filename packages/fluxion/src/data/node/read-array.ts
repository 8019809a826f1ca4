import { checkOptions, FormatError } from "../../core/errors.js";
import type { ArrayData } from "../array-data.js";
import { readLocation } from "../assets.js";
import { parseCsv } from "../csv.js";
import { defaultMaxBytes, gunzip } from "../gunzip.js";
import { parseIdx } from "../idx.js";
import { parseNpy } from "../npy.js";

/** How to read an array file. */
export interface ReadArrayOptions {
  /** Most bytes the file may hold, unpacked, default 1 GiB. */
  maxBytes?: number;
}

/**
 * Reads a file of numbers: `.npy`, IDX or CSV (also `.tsv` and `.txt`), each also as `.gz`. `.npy` and IDX are told by
 * their first bytes, CSV by its name.
 * @param path the file
 * @returns the array; a CSV file gives float32 [N, D]
 * @throws FormatError naming the file and the offset or line
 */
export async function readArrayFile(path: string, options: ReadArrayOptions = {}): Promise<ArrayData> {
  checkOptions("data.readArrayFile", options, ["maxBytes"]);
  const { maxBytes = defaultMaxBytes } = options;
  const bytes = await gunzip(await readLocation(path, maxBytes), path, maxBytes);
  if (/\.(csv|tsv|txt)(\.gz)?$/i.test(path)) {
    const { features } = parseCsv(new TextDecoder().decode(bytes), { where: path });
    return { data: Float32Array.from(features.data), shape: features.shape };
  }
  if (bytes[0] === 0x93) return parseNpy(bytes, path);
  if (bytes[0] === 0 && bytes[1] === 0) return parseIdx(bytes, path);
  throw new FormatError({ where: path, want: "a .npy, IDX or .csv file", got: "unknown first bytes" });
}
