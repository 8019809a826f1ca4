import { OptionError, ShapeError } from "../core/errors.js";

/** A plain array with a shape: what every loader returns, free of the engine. Row-major. */
export interface ArrayData<T extends ArrayStorage = ArrayStorage> {
  data: T;
  shape: number[];
}

/** Storage that loaders return: narrower integers of a file are widened to int32. */
export type ArrayStorage = Float32Array | Uint8Array | Int32Array | Float64Array;

/** Number of elements of a shape; the empty shape has one. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Elements of one row, after a check that `data` fills `shape`.
 * @throws ShapeError if there is no first axis or the lengths differ
 */
export function rowLength(where: string, { data, shape }: ArrayData): number {
  if (shape.length === 0 || elementCount(shape) !== data.length) {
    throw new ShapeError({
      where,
      want: `[N, ...] with as many elements as the shape says`,
      got: `shape [${shape.join(", ")}] with ${data.length} elements`,
    });
  }
  return elementCount(shape.slice(1));
}

/** The sizes N, H, W, C of images. @throws ShapeError if `images` is not [N, H, W, C] */
export function imageSizes(where: string, images: ArrayData): [number, number, number, number] {
  rowLength(where, images);
  const [n, h, w, c] = images.shape;
  if (n === undefined || h === undefined || w === undefined || c === undefined || images.shape.length !== 4) {
    throw new ShapeError({ where, want: "[N, H, W, C]", got: `[${images.shape.join(", ")}]` });
  }
  return [n, h, w, c];
}

/** `value` if it is a whole number of at least `least`. @throws OptionError naming the option */
export function wholeNumber(where: string, name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new OptionError({ where, want: `${name} a whole number >= ${least}`, got: String(value) });
}
