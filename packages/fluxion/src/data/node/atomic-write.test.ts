import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type * as promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { FluxionError } from "../../core/errors.js";
import { writeFileAtomic } from "./atomic-write.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof promises>();
  return { ...real, open: vi.fn(real.open) };
});

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-write-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("writes and replaces, makes parent folders and leaves nothing else", async () => {
  const path = join(folder, "a/b/file.txt");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, Uint8Array.from([0x74, 0x77, 0x6f]));
  expect(await readFile(path, "utf8")).toBe("two");
  expect(await readdir(join(folder, "a/b"))).toEqual(["file.txt"]);
});

it("keeps one whole content when many write at once", async () => {
  const path = join(folder, "race");
  await Promise.all(Array.from({ length: 20 }, (_, i) => writeFileAtomic(path, String(i).repeat(10_000))));
  const text = await readFile(path, "utf8");
  expect(new Set(text.match(/../g)).size).toBe(1);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("names the file when it cannot be written, and leaves no temporary file", async () => {
  const path = join(folder, "taken");
  await mkdir(path);
  await writeFile(join(path, "inside"), "");
  await expect(writeFileAtomic(path, "x")).rejects.toThrow(FluxionError);
  await expect(writeFileAtomic(join(folder, "taken/inside/x"), "x")).rejects.toThrow(
    /inside\/x: want a place to write/,
  );
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("reports a full disk", async () => {
  // Every write to /dev/full fails with ENOSPC; a folder that is no folder stands in elsewhere.
  await expect(writeFileAtomic("/dev/full/x.png", "x")).rejects.toThrow(
    "/dev/full/x.png: want a place to write",
  );
});

it("keeps the old content when the disk is full", async () => {
  const path = join(folder, "samples.png");
  await writeFileAtomic(path, "old");
  const openReally = vi.mocked(open).getMockImplementation()!;
  vi.mocked(open).mockImplementationOnce(async (...args): Promise<FileHandle> => {
    const file = await openReally(...args);
    vi.spyOn(file, "writeFile").mockRejectedValue(new Error("ENOSPC: no space left on device"));
    return file;
  });
  await expect(writeFileAtomic(path, "new")).rejects.toThrow(
    /samples\.png: want a place to write, got ENOSPC/,
  );
  expect(await readFile(path, "utf8")).toBe("old");
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
