import sharp from "sharp";
import { checkOptions, ShapeError } from "../../core/errors.js";
import { type ArrayData, rowLength, wholeNumber } from "../array-data.js";
import { writeFileAtomic } from "./atomic-write.js";
import { imageGrid, imageGridKeys, type ImageGridOptions } from "../image-grid.js";

/** How to write a picture. */
export interface PngOptions {
  /** Every pixel becomes a square of scale x scale pixels, default 1. */
  scale?: number;
}

/** How to write a grid of images. */
export type WriteGridOptions = ImageGridOptions & PngOptions;

/**
 * Encodes one image as PNG.
 * @param image uint8 [H, W, C], C = 1 (grey), 3 (RGB) or 4 (RGBA)
 * @returns the file's bytes
 * @throws ShapeError, OptionError
 */
export async function encodePng(image: ArrayData<Uint8Array>, options: PngOptions = {}): Promise<Uint8Array> {
  const where = "data.encodePng";
  checkOptions(where, options, ["scale"]);
  const scale = wholeNumber(where, "scale", options.scale ?? 1, 1);
  rowLength(where, image);
  const [height, width, channels] = image.shape;
  const drawable = channels === 1 || channels === 3 || channels === 4;
  if (!height || !width || !drawable || image.shape.length !== 3) {
    throw new ShapeError({ where, want: "[H, W, C] with C = 1, 3 or 4", got: `[${image.shape.join(", ")}]` });
  }
  let picture = sharp(image.data, { raw: { width, height, channels } });
  if (scale > 1) picture = picture.resize(width * scale, height * scale, { kernel: "nearest" });
  if (channels === 1) picture = picture.toColourspace("b-w");
  return picture.png({ compressionLevel: 9 }).toBuffer();
}

/**
 * Writes images side by side as one PNG file; the file is whole or not there at all.
 * @param images uint8 [N, H, W, C], N >= 1, C = 1, 3 or 4
 * @throws ShapeError, OptionError; FluxionError if the file cannot be written
 */
export async function writeImageGrid(
  path: string,
  images: ArrayData<Uint8Array>,
  options: WriteGridOptions = {},
): Promise<void> {
  checkOptions("data.writeImageGrid", options, [...imageGridKeys, "scale"]);
  const { scale = 1, ...layout } = options;
  await writeFileAtomic(path, await encodePng(imageGrid(images, layout), { scale }));
}
