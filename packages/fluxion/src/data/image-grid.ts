import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { type ArrayData, imageSizes, wholeNumber } from "./array-data.js";

/** Layout of an image grid. */
export interface ImageGridOptions {
  /** Images in a row; default: the smallest whole number >= sqrt(N). */
  columns?: number;
  /** Pixels between images, default 2. */
  gap?: number;
  /** Value 0-255 of the gaps and of empty places, in every channel, default 255. */
  background?: number;
}

/** Option keys of `imageGrid`. */
export const imageGridKeys = ["columns", "gap", "background"] as const;

/**
 * Lays images out in rows on one canvas.
 * @param images uint8 [N, H, W, C], N >= 1
 * @returns one image, uint8 [rows * (H + gap) - gap, columns * (W + gap) - gap, C]
 * @throws ShapeError if `images` is not [N, H, W, C] or empty; OptionError
 */
export function imageGrid(
  images: ArrayData<Uint8Array>,
  options: ImageGridOptions = {},
): ArrayData<Uint8Array> {
  const where = "data.imageGrid";
  checkOptions(where, options, imageGridKeys);
  const [n, h, w, c] = imageSizes(where, images);
  if (images.data.length === 0) {
    throw new ShapeError({ where, want: "at least one image", got: `[${images.shape.join(", ")}]` });
  }
  const columns = wholeNumber(where, "columns", options.columns ?? Math.ceil(Math.sqrt(n)), 1);
  const gap = wholeNumber(where, "gap", options.gap ?? 2, 0);
  const background = wholeNumber(where, "background", options.background ?? 255, 0);
  if (background > 255)
    throw new OptionError({ where, want: "background in 0-255", got: String(background) });
  const rows = Math.ceil(n / columns);
  const height = rows * (h + gap) - gap;
  const width = columns * (w + gap) - gap;
  const out = new Uint8Array(height * width * c).fill(background);
  for (let i = 0; i < n; i++) {
    const top = Math.floor(i / columns) * (h + gap);
    const left = (i % columns) * (w + gap);
    for (let y = 0; y < h; y++) {
      const from = (i * h + y) * w * c;
      out.set(images.data.subarray(from, from + w * c), ((top + y) * width + left) * c);
    }
  }
  return { data: out, shape: [height, width, c] };
}
