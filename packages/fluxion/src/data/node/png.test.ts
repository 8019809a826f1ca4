import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptionError, ShapeError } from "../../core/errors.js";
import { encodePng, writeImageGrid } from "./png.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fluxion-png-"));
});
afterAll(() => rm(folder, { recursive: true }));

const decode = async (bytes: Uint8Array) => {
  // Without this sharp hands out grey files as RGB.
  const { space } = await sharp(bytes).metadata();
  const { data, info } = await sharp(bytes).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), shape: [info.height, info.width, info.channels] };
};

describe("encodePng", () => {
  it.each([1, 3, 4] as const)("keeps every value with %i channels", async (channels) => {
    const image = {
      data: Uint8Array.from({ length: 6 * channels }, (_, i) => 10 * i),
      shape: [2, 3, channels],
    };
    expect(await decode(await encodePng(image))).toEqual(image);
  });

  it("makes squares of pixels", async () => {
    const image = { data: Uint8Array.of(7, 200), shape: [1, 2, 1] };
    const scaled = await decode(await encodePng(image, { scale: 2 }));
    expect(scaled).toEqual({ data: Uint8Array.of(7, 7, 200, 200, 7, 7, 200, 200), shape: [2, 4, 1] });
  });

  it("refuses other shapes and options", async () => {
    await expect(encodePng({ data: new Uint8Array(8), shape: [2, 2, 2] })).rejects.toThrow(ShapeError);
    await expect(encodePng({ data: new Uint8Array(4), shape: [2, 2] })).rejects.toThrow(ShapeError);
    await expect(encodePng({ data: new Uint8Array(), shape: [0, 2, 1] })).rejects.toThrow(ShapeError);
    await expect(encodePng({ data: new Uint8Array(1), shape: [1, 1, 1] }, { scale: 1.5 })).rejects.toThrow(
      OptionError,
    );
  });
});

describe("writeImageGrid", () => {
  const images = { data: Uint8Array.of(1, 2, 3, 4), shape: [4, 1, 1, 1] };

  it("writes one file and nothing else", async () => {
    const path = join(folder, "grids/samples.png");
    await writeImageGrid(path, images, { gap: 0, scale: 3 });
    expect((await decode(await readFile(path))).shape).toEqual([6, 6, 1]);
    expect(await readdir(join(folder, "grids"))).toEqual(["samples.png"]);
  });

  it("writes nothing when the images or the options are wrong", async () => {
    const path = join(folder, "none.png");
    await expect(writeImageGrid(path, { ...images, shape: [4, 1] })).rejects.toThrow(ShapeError);
    await expect(writeImageGrid(path, images, { zoom: 2 } as object)).rejects.toThrow(OptionError);
    expect(await readdir(folder)).not.toContain("none.png");
  });
});
