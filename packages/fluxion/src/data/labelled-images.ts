import { FormatError } from "../core/errors.js";
import type { ArrayData } from "./array-data.js";
import { decodeIdx } from "./idx.js";

/** A file's bytes and the name that errors give it. */
export interface NamedBytes {
  where: string;
  bytes: Uint8Array;
}

/** Images with one class number each. */
export interface LabelledImages {
  /** uint8 [N, H, W, 1] */
  images: ArrayData<Uint8Array>;
  /** int32 [N] */
  labels: ArrayData<Int32Array>;
}

/**
 * Decodes the two IDX files of an MNIST-like set, gzip-compressed or not.
 * @param images uint8 [N, H, W]
 * @param labels uint8 [N], each below `classCount`
 * @throws FormatError naming the file that is damaged or does not fit the other
 */
export async function decodeLabelledImages(
  images: NamedBytes,
  labels: NamedBytes,
  classCount: number,
): Promise<LabelledImages> {
  const pixels = await decodeIdx(images.bytes, { where: images.where });
  const numbers = await decodeIdx(labels.bytes, { where: labels.where });
  const [n, height, width] = pixels.shape;
  if (!(pixels.data instanceof Uint8Array) || pixels.shape.length !== 3 || pixels.data.length === 0) {
    throw new FormatError({
      where: images.where,
      want: "uint8 images [N, H, W]",
      got: `[${pixels.shape.join(", ")}]`,
    });
  }
  if (!(numbers.data instanceof Uint8Array) || numbers.shape.length !== 1 || numbers.shape[0] !== n) {
    throw new FormatError({
      where: labels.where,
      want: `uint8 labels [${n}]`,
      got: `[${numbers.shape.join(", ")}]`,
    });
  }
  const bad = numbers.data.findIndex((label) => label >= classCount);
  if (bad >= 0) {
    const got = `${numbers.data[bad]} for image ${bad}`;
    throw new FormatError({ where: labels.where, want: `labels below ${classCount}`, got });
  }
  return {
    images: { data: pixels.data, shape: [n!, height!, width!, 1] },
    labels: { data: Int32Array.from(numbers.data), shape: [n!] },
  };
}
