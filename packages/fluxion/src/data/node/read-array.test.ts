import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FormatError, OptionError } from "../../core/errors.js";
import { encodeIdx } from "../idx.js";
import { encodeNpy } from "../npy.js";
import { readArrayFile } from "./read-array.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-array-"));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: Uint8Array | string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
const array = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };

it.each([
  ["points.csv", "x,y\n1,2\n3,4\n"],
  ["points.tsv", "1\t2\n3\t4\n"],
  ["points.csv.gz", gzipSync("1,2\n3,4\n")],
  ["points.npy", encodeNpy(array)],
  ["points-idx2", encodeIdx(array)],
  ["points-idx2.gz", gzipSync(encodeIdx(array))],
])("reads %s", async (name, content) => {
  expect(await readArrayFile(await file(name, content))).toEqual(array);
});

it("names the file and the place of what is wrong", async () => {
  await expect(readArrayFile(await file("bad.csv", "1,2\n3,x"))).rejects.toThrow(
    /bad\.csv \(line 2\): want a number/,
  );
  await expect(readArrayFile(await file("cut.npy", encodeNpy(array).subarray(0, 99)))).rejects.toThrow(
    /cut\.npy \(offset 8\)/,
  );
  await expect(readArrayFile(await file("what.bin", "hello"))).rejects.toThrow(
    /what\.bin: want a \.npy, IDX or \.csv file/,
  );
  await expect(readArrayFile(join(folder, "100% missing.csv"))).rejects.toThrow(
    /100% missing\.csv: want a readable file/,
  );
  await expect(readArrayFile(folder)).rejects.toThrow(FormatError);
});

it("reads no more than maxBytes, packed or unpacked", async () => {
  const path = await file("large.csv", "1\n".repeat(1000));
  await expect(readArrayFile(path, { maxBytes: 100 })).rejects.toThrow("2000 bytes, more than 100");
  const packed = await file("large.csv.gz", gzipSync("1\n".repeat(1000)));
  await expect(readArrayFile(packed, { maxBytes: 100 })).rejects.toThrow("want at most 100 bytes");
  await expect(readArrayFile(path, { limit: 1 } as object)).rejects.toThrow(OptionError);
});
