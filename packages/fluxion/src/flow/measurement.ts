import { vjp } from "../core/autodiff.js";
import { OptionError } from "../core/errors.js";
import { constant, type Tensor } from "../core/tensor.js";
import { avgPool } from "../ops/average-pool.js";
import { conv } from "../ops/conv.js";
import { div, mul, square, sub } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";
import { flatten, reshape } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";

/** A linear measurement of images, y = A·x: what a restoration knows of them. */
export interface Measurement {
  readonly name: string;
  /** A·x. @param x [B, C, H, W] */
  readonly apply: (x: Tensor) => Tensor;
  /** Aᵀ·y. */
  readonly adjoint: (y: Tensor) => Tensor;
  /** The largest eigenvalue of A·Aᵀ, or a bound of it: what step sizes are measured by. */
  readonly gain: number;
}

/** The adjoint of a linear `apply` at y, for x of that shape. */
function transposed(apply: (x: Tensor) => Tensor, y: Tensor, shape: readonly number[]): Tensor {
  const dtype = y.dtype === "float64" ? "float64" : "float32";
  const [, pullback] = vjp(apply, zeros(shape, { dtype }));
  return pullback(y)[0];
}

/**
 * Keeps the pixels where `mask` is 1 and puts 0 where it is 0: inpainting.
 * @param mask zeros and ones, broadcasting against the images
 */
export const masking = (mask: Tensor): Measurement => ({
  name: "masking",
  apply: (x) => mul(x, mask),
  adjoint: (y) => mul(y, mask),
  gain: 1,
});

/**
 * The mask [1, height, width] that hides a box in the middle: 1 outside, 0 inside.
 * @param box its side in pixels, or [height, width]
 * @throws OptionError for a box that is no whole number of pixels, or does not fit
 */
export function centreBox(
  [height, width]: readonly [number, number],
  box: number | readonly [number, number],
): Tensor {
  const [h, w] = typeof box === "number" ? [box, box] : box;
  if (![h, w].every((n) => Number.isInteger(n) && n >= 0) || h > height || w > width)
    throw new OptionError({
      where: "flow.centreBox",
      want: `a box in ${height} x ${width} pixels`,
      got: `${h} x ${w}`,
    });
  const [top, left] = [Math.floor((height - h) / 2), Math.floor((width - w) / 2)];
  const hidden = (i: number): boolean => {
    const [row, column] = [Math.floor(i / width) - top, (i % width) - left];
    return row >= 0 && row < h && column >= 0 && column < w;
  };
  const values = Array.from({ length: height * width }, (_, i) => (hidden(i) ? 0 : 1));
  return reshape(constant(values, "float32"), [1, height, width]);
}

/**
 * Means over squares of `side` pixels: super-resolution. A·Aᵀ is the identity over side².
 * @throws OptionError
 */
export function pooling(side: number): Measurement {
  if (!Number.isInteger(side) || side < 1)
    throw new OptionError({ where: "flow.pooling", want: "side, a whole number ≥ 1", got: String(side) });
  const apply = (x: Tensor): Tensor => avgPool(x, side);
  const whole = ([b, c, h, w]: readonly number[]): number[] => [b!, c!, h! * side, w! * side];
  return {
    name: "pooling",
    apply,
    adjoint: (y) => transposed(apply, y, whole(y.shape)),
    gain: 1 / side ** 2,
  };
}

/**
 * Blur of every channel by a Gaussian of `size` x `size` pixels that sums to 1, zeros around the image.
 * @param size odd whole number
 * @param sigma standard deviation in pixels, > 0
 * @throws OptionError
 */
export function gaussianBlur(size: number, sigma: number): Measurement {
  if (!Number.isInteger(size) || size < 1 || size % 2 === 0 || !(sigma > 0 && sigma < Infinity)) {
    const want = "an odd size and sigma > 0";
    throw new OptionError({ where: "flow.gaussianBlur", want, got: `${size}, ${sigma}` });
  }
  const half = (size - 1) / 2;
  const line = Array.from({ length: size }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma ** 2)));
  const total = line.reduce((a, b) => a + b);
  const values = line.flatMap((a) => line.map((b) => (a * b) / total ** 2));
  const apply = (x: Tensor): Tensor => {
    const [b, c, h, w] = x.shape;
    const kernel = reshape(constant(values, x.dtype === "float64" ? "float64" : "float32"), [
      1,
      1,
      size,
      size,
    ]);
    return reshape(conv(reshape(x, [b! * c!, 1, h!, w!]), kernel, { padding: half }), x.shape);
  };
  return { name: "gaussianBlur", apply, adjoint: (y) => transposed(apply, y, y.shape), gain: 1 };
}

/**
 * The cost ‖A·x − y‖²/gain of each example, so that one step size fits all measurements.
 * @param y what was measured, [B, ...]
 * @returns a function from images to costs [B]
 */
export const misfit =
  ({ apply, gain }: Measurement, y: Tensor) =>
  (x: Tensor): Tensor =>
    div(sum(flatten(square(sub(apply(x), y)), 1), 1), gain);
