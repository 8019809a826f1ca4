import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError, OptionError } from "../../core/errors.js";
import { mutate } from "../../testing/mutate.js";
import { loadImageFolder } from "./image-folder.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fluxion-images-"));
});
afterAll(() => rm(root, { recursive: true }));

const flat = (width: number, height: number, color: string) =>
  sharp({ create: { width, height, channels: 3, background: color } });

/** A folder made of the given files. */
async function folderOf(name: string, files: Record<string, Uint8Array>): Promise<string> {
  for (const [file, bytes] of Object.entries(files)) {
    const path = join(root, name, file);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, bytes);
  }
  return join(root, name);
}

describe("loadImageFolder", () => {
  it("reads PNG, JPEG and WebP in all sub-folders, in the order of their paths, labelled by top folder", async () => {
    const folder = await folderOf("kinds", {
      "red/b.png": await flat(2, 3, "#ff0000").png().toBuffer(),
      "blue/deep/a.webp": await flat(2, 3, "#0000ff").webp({ lossless: true }).toBuffer(),
      "red/a.JPG": await flat(2, 3, "#ff0000").jpeg({ quality: 100 }).toBuffer(),
      "notes.txt": new Uint8Array(3),
    });
    const { images, files, labels, classes, skipped } = await loadImageFolder(folder);
    expect(files).toEqual(["blue/deep/a.webp", "red/a.JPG", "red/b.png"]);
    expect(images.shape).toEqual([3, 3, 2, 3]);
    expect([...images.data.slice(0, 3)]).toEqual([0, 0, 255]);
    expect([...images.data.slice(36, 39)]).toEqual([255, 0, 0]);
    expect(images.data[18]).toBeGreaterThan(250);
    expect([[...labels.data], classes, skipped]).toEqual([[0, 1, 1], ["blue", "red"], []]);
  });

  it("resizes by cropping, stretching or padding, in grey if asked", async () => {
    const wide = await sharp(Buffer.from([0, 0, 200, 200, 200, 200, 0, 0]), {
      raw: { width: 4, height: 2, channels: 1 },
    })
      .resize(8, 4, { kernel: "nearest" })
      .png()
      .toBuffer();
    const folder = await folderOf("wide", { "w.png": wide });
    const grey = async (fit: "crop" | "stretch" | "pad") =>
      (await loadImageFolder(folder, { size: 4, fit, grayscale: true })).images;
    const crop = await grey("crop");
    expect(crop.shape).toEqual([1, 4, 4, 1]);
    expect([...crop.data.slice(0, 4)]).toEqual([0, 0, 200, 200]);
    expect([...(await grey("pad")).data.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect((await grey("stretch")).shape).toEqual([1, 4, 4, 1]);
    const { images } = await loadImageFolder(folder, { size: [2, 6] });
    expect(images.shape).toEqual([1, 2, 6, 3]);
  });

  it("lays transparency over white, narrows 16 bits to 8 and turns images upright", async () => {
    const clear = {
      create: { width: 1, height: 1, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    } as const;
    const folder = await folderOf("odd", {
      "clear.png": await sharp(clear).png().toBuffer(),
      "deep.png": await flat(1, 1, "#804020").toColourspace("rgb16").png().toBuffer(),
    });
    const { images } = await loadImageFolder(folder);
    expect([...images.data]).toEqual([255, 255, 255, 0x80, 0x40, 0x20]);
    const turned = await flat(4, 2, "#ffffff").withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const upright = await loadImageFolder(await folderOf("turned", { "a.jpg": turned }));
    expect(upright.images.shape).toEqual([1, 4, 2, 3]);
  });

  it("names a damaged file, or lists it when told to skip", async () => {
    const good = await flat(8, 8, "#123456").png().toBuffer();
    const folder = await folderOf("damaged", {
      "a.png": good,
      "b.png": good.subarray(0, 60),
      "c.jpg": new Uint8Array(),
    });
    await expect(loadImageFolder(folder)).rejects.toThrow(
      /damaged\/b\.png: want a whole PNG, JPEG or WebP image/,
    );
    await expect(loadImageFolder(folder)).rejects.toThrow(FormatError);
    const { files, skipped } = await loadImageFolder(folder, { onError: "skip" });
    expect(files).toEqual(["a.png"]);
    expect(skipped.map((entry) => entry.file)).toEqual(["b.png", "c.jpg"]);
  });

  it("names an image of another size when none was asked for", async () => {
    const small = await flat(2, 2, "#000000").png().toBuffer();
    const folder = await folderOf("sizes", {
      "a.png": small,
      "b.png": await flat(3, 2, "#000000").png().toBuffer(),
    });
    await expect(loadImageFolder(folder)).rejects.toThrow(
      /b\.png: want 2 x 2 pixels, as the first image has, got 2 x 3/,
    );
    expect((await loadImageFolder(folder, { onError: "skip" })).skipped).toHaveLength(1);
    expect((await loadImageFolder(folder, { limit: 1 })).files).toEqual(["a.png"]);
    expect((await loadImageFolder(folder, { size: 2 })).files).toHaveLength(2);
  });

  it("refuses a missing or empty folder, too many bytes, and bad options", async () => {
    await expect(loadImageFolder(join(root, "none"))).rejects.toThrow(
      /none: want a folder of images, got ENOENT/,
    );
    const empty = await folderOf("empty", { "a.txt": new Uint8Array() });
    await expect(loadImageFolder(empty)).rejects.toThrow("empty: want PNG, JPEG or WebP files, got none");
    const folder = await folderOf("one", { "a.png": await flat(8, 8, "#000000").png().toBuffer() });
    await expect(loadImageFolder(folder, { maxBytes: 100 })).rejects.toThrow(
      "want at most 100 bytes of pixels",
    );
    await expect(loadImageFolder(folder, { size: 0 })).rejects.toThrow(OptionError);
    await expect(loadImageFolder(folder, { fit: "cover" as "crop" })).rejects.toThrow(OptionError);
    await expect(loadImageFolder(folder, { onError: "ignore" as "skip" })).rejects.toThrow(OptionError);
    await expect(loadImageFolder(folder, { gray: true } as object)).rejects.toThrow(OptionError);
  });

  it("refuses a file that claims 60,000 x 60,000 pixels without unpacking it", async () => {
    const bomb = new Uint8Array(await flat(8, 8, "#000000").png().toBuffer());
    new DataView(bomb.buffer).setUint32(16, 60_000);
    new DataView(bomb.buffer).setUint32(20, 60_000);
    await expect(loadImageFolder(await folderOf("bomb", { "a.png": bomb }))).rejects.toThrow(
      /bomb\/a\.png: want/,
    );
  });
});

it("reads or skips each of 3,000 damaged files: 1,000 PNG, 1,000 JPEG, 1,000 WebP", async () => {
  const picture = sharp(Buffer.from(Array.from({ length: 12 * 12 * 3 }, (_, i) => (i * 37) % 256)), {
    raw: { width: 12, height: 12, channels: 3 },
  });
  const sound = {
    png: await picture.clone().png().toBuffer(),
    jpg: await picture.clone().jpeg().toBuffer(),
    webp: await picture.clone().webp().toBuffer(),
  };
  const damaged: Record<string, Uint8Array> = {};
  for (const [kind, bytes] of Object.entries(sound)) {
    damaged[`sound.${kind}`] = bytes;
    for (let seed = 0; seed < 1000; seed++) damaged[`${seed}.${kind}`] = mutate(bytes, seed);
  }
  const folder = await folderOf("fuzz", damaged);
  const { images, files, skipped } = await loadImageFolder(folder, { size: 6, onError: "skip" });
  expect(files.length + skipped.length).toBe(3003);
  expect(files).toEqual(expect.arrayContaining(["sound.png", "sound.jpg", "sound.webp"]));
  expect(images.shape).toEqual([files.length, 6, 6, 3]);
  expect(images.data.length).toBe(files.length * 108);
  for (const { file, reason } of skipped) expect(reason).toContain(file);
}, 60_000);
