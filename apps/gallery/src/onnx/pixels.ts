// From pixels to what a model takes.
import type { Layout } from "./inputs.js";

/** Values that a model expects of pixels. */
export type Range = "unit" | "signed" | "imagenet";

/** What the ranges are called. */
export const ranges: Readonly<Record<Range, string>> = {
  unit: "0 … 1",
  signed: "−1 … 1",
  imagenet: "ImageNet mean and deviation",
};

const mean = [0.485, 0.456, 0.406] as const;
const deviation = [0.229, 0.224, 0.225] as const;

const scales: Readonly<Record<Range, (byte: number, channel: number) => number>> = {
  unit: (byte) => byte / 255,
  signed: (byte) => byte / 127.5 - 1,
  imagenet: (byte, c) => (byte / 255 - mean[c]!) / deviation[c]!,
};

/**
 * Some images of a batch as a model's input.
 * @param pixels uint8 [N, H, W, C]
 * @param rows which of them
 * @returns float32 [rows, C, H, W] or [rows, H, W, C]
 */
export function toInput(
  pixels: Uint8Array,
  [, h, w, channels]: readonly [number, number, number, number],
  rows: readonly number[],
  { range, layout }: { range: Range; layout: Layout },
): Float32Array {
  const [size, scale] = [h * w, scales[range]];
  const out = new Float32Array(rows.length * size * channels);
  rows.forEach((row, r) => {
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < channels; c++) {
        const value = scale(pixels[(row * size + i) * channels + c]!, c);
        out[r * size * channels + (layout === "nchw" ? c * size + i : i * channels + c)] = value;
      }
    }
  });
  return out;
}
