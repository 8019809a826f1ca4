import { ShapeError } from "../core/errors.js";
import { type ArrayData, imageSizes, rowLength } from "./array-data.js";

/**
 * Images as a network takes them: y[n, c, h, w] = x[n, h, w, c] / 255.
 * @param images uint8 [N, H, W, C]
 * @returns float32 [N, C, H, W] in [0, 1]
 * @throws ShapeError if `images` is not [N, H, W, C]
 */
export const toUnit = (images: ArrayData<Uint8Array>): ArrayData<Float32Array> =>
  toPlanes("data.toUnit", images, 1 / 255, 0);

/**
 * Images as a flow takes them: y[n, c, h, w] = x[n, h, w, c] / 127.5 - 1.
 * @param images uint8 [N, H, W, C]
 * @returns float32 [N, C, H, W] in [-1, 1]
 * @throws ShapeError if `images` is not [N, H, W, C]
 */
export const toSigned = (images: ArrayData<Uint8Array>): ArrayData<Float32Array> =>
  toPlanes("data.toSigned", images, 1 / 127.5, -1);

/**
 * The inverse of `toUnit`; values outside [0, 1] are clamped and NaN gives 0.
 * @param planes float [N, C, H, W]
 * @returns uint8 [N, H, W, C]
 * @throws ShapeError if `planes` is not [N, C, H, W]
 */
export const fromUnit = (planes: ArrayData): ArrayData<Uint8Array> =>
  toPixels("data.fromUnit", planes, 255, 0);

/**
 * The inverse of `toSigned`; values outside [-1, 1] are clamped and NaN gives 0.
 * @param planes float [N, C, H, W]
 * @returns uint8 [N, H, W, C]
 * @throws ShapeError if `planes` is not [N, C, H, W]
 */
export const fromSigned = (planes: ArrayData): ArrayData<Uint8Array> =>
  toPixels("data.fromSigned", planes, 127.5, 127.5);

function toPlanes(where: string, images: ArrayData<Uint8Array>, scale: number, shift: number) {
  const [n, h, w, c] = imageSizes(where, images);
  const out = new Float32Array(images.data.length);
  const plane = h * w;
  for (let i = 0; i < n; i++) {
    const base = i * plane * c;
    for (let p = 0; p < plane; p++) {
      for (let k = 0; k < c; k++) out[base + k * plane + p] = images.data[base + p * c + k]! * scale + shift;
    }
  }
  return { data: out, shape: [n, c, h, w] };
}

function toPixels(where: string, planes: ArrayData, scale: number, shift: number): ArrayData<Uint8Array> {
  rowLength(where, planes);
  const [n, c, h, w] = planes.shape;
  if (n === undefined || c === undefined || h === undefined || w === undefined || planes.shape.length !== 4) {
    throw new ShapeError({ where, want: "[N, C, H, W]", got: `[${planes.shape.join(", ")}]` });
  }
  // The clamped view rounds half to even and turns NaN into 0.
  const clamped = new Uint8ClampedArray(planes.data.length);
  const plane = h * w;
  for (let i = 0; i < n; i++) {
    const base = i * plane * c;
    for (let p = 0; p < plane; p++) {
      for (let k = 0; k < c; k++)
        clamped[base + p * c + k] = planes.data[base + k * plane + p]! * scale + shift;
    }
  }
  return { data: new Uint8Array(clamped.buffer), shape: [n, h, w, c] };
}

/**
 * Means over squares of `side` x `side` pixels.
 * @param planes float32 [N, C, H, W], H and W multiples of `side`
 * @returns float32 [N, C, H / side, W / side]
 * @throws ShapeError if `planes` is not such an array
 */
export function averagePool(planes: ArrayData<Float32Array>, side: number): ArrayData<Float32Array> {
  const where = "data.averagePool";
  rowLength(where, planes);
  const [n, c, h, w] = planes.shape;
  const fits =
    planes.shape.length === 4 && Number.isInteger(side) && side >= 1 && h! % side === 0 && w! % side === 0;
  if (!fits) {
    throw new ShapeError({
      where,
      want: `[N, C, H, W] in squares of ${side}`,
      got: `[${planes.shape.join(", ")}]`,
    });
  }
  const [rows, columns] = [h! / side, w! / side];
  const out = new Float32Array(n! * c! * rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < n! * c! * rows; row++) {
    sums.fill(0);
    for (let i = 0; i < side * w!; i++)
      sums[Math.floor((i % w!) / side)]! += planes.data[row * side * w! + i]!;
    for (let x = 0; x < columns; x++) out[row * columns + x] = sums[x]! / (side * side);
  }
  return { data: out, shape: [n!, c!, rows, columns] };
}
