import { isFloat } from "../core/dtypes.js";
import { checkOptions, DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { normalizeAxes, normalizeAxis, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { cast } from "./compare.js";
import { dft, half, realDft, rfftAdjoint, weighHalf } from "./dft.js";
import { narrow, padZeros, roll } from "./movement.js";

// Complex arrays are real tensors with a trailing axis of 2: (real, imaginary). Axes are counted without it.

/** Which direction of a transform is divided: "backward" the inverse by n, "forward" the other, "ortho" both by √n. */
export type FftNorm = "backward" | "ortho" | "forward";

/** Options of the Fourier transforms of one axis. */
export interface FftOptions {
  /** Axis to transform, counted without the trailing pair. Default −1. */
  axis?: number;
  /** Length of the transform: the axis is cut or padded with zeros at its end. Default: the size of the axis. */
  n?: number;
  /** Default "backward". */
  norm?: FftNorm;
}

function plan(name: string, options: FftOptions, rank: number): { axis: number; norm: FftNorm } {
  const where = `ops.${name}`;
  checkOptions(where, options, ["axis", "n", "norm"]);
  const { axis = -1, norm = "backward", n } = options;
  if (!["backward", "ortho", "forward"].includes(norm))
    throw new OptionError({ where, want: "norm backward, ortho or forward", got: String(norm) });
  if (n !== undefined && (!Number.isInteger(n) || n < 1))
    throw new OptionError({ where, want: "a whole length n ≥ 1", got: String(n) });
  return { axis: normalizeAxis(where, axis, rank), norm };
}

function complexInput(name: string, z: Tensor): Tensor {
  if (z.rank < 2 || z.shape[z.rank - 1] !== 2) {
    throw new ShapeError({
      where: `ops.${name}`,
      want: "a trailing axis of 2: (real, imaginary)",
      got: showShape(z.shape),
      hint: "stack([real, imaginary], -1), or rfft for real input",
    });
  }
  return floatInput(name, z);
}

function floatInput(name: string, x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new DtypeError({ where: `ops.${name}`, want: "floats", got: x.dtype });
  return x.dtype === "float16" ? cast(x, "float32") : x;
}

/** Cut or padded with zeros to `n` along an axis. */
function fitLength(name: string, x: Tensor, axis: number, n: number): Tensor {
  const size = x.shape[axis]!;
  if (n < 1)
    throw new ShapeError({ where: `ops.${name}`, want: "at least one entry", got: showShape(x.shape) });
  if (size >= n) return narrow(x, axis, 0, n);
  return padZeros(
    x,
    x.shape.map(() => 0),
    x.shape.map((_, i) => (i === axis ? n - size : 0)),
  );
}

const scaleOf = (norm: FftNorm, inverse: boolean, n: number): number => {
  if (norm === "ortho") return 1 / Math.sqrt(n);
  return (norm === "backward") === inverse ? 1 / n : 1;
};

function transform(name: string, z: Tensor, options: FftOptions, inverse: boolean): Tensor {
  const input = complexInput(name, z);
  const { axis, norm } = plan(name, options, z.rank - 1);
  const n = options.n ?? z.shape[axis]!;
  const y = dft(fitLength(name, input, axis, n), { axis, n, inverse });
  return cast(mul(y, scaleOf(norm, inverse, n)), z.dtype);
}

/**
 * Discrete Fourier transform: yₖ = Σⱼ xⱼ e^(−2πijk/n).
 * @param z complex [..., n, ..., 2] float, the last axis (real, imaginary)
 * @returns complex, the axis of length n
 * @throws ShapeError without the trailing pair; DtypeError for integers; OptionError
 */
export const fft = (z: Tensor, options: FftOptions = {}): Tensor => transform("fft", z, options, false);

/** Inverse of `fft`: xⱼ = 1/n Σₖ yₖ e^(2πijk/n). Parameters as there. */
export const ifft = (z: Tensor, options: FftOptions = {}): Tensor => transform("ifft", z, options, true);

/**
 * `fft` of a real array, values k = 0 … ⌊n/2⌋; the others are their conjugates.
 * @param x real [..., n, ...] float
 * @returns complex [..., ⌊n/2⌋ + 1, ..., 2]
 * @throws DtypeError for integers; ShapeError, OptionError
 */
export function rfft(x: Tensor, options: FftOptions = {}): Tensor {
  const input = floatInput("rfft", x);
  const { axis, norm } = plan("rfft", options, x.rank);
  const n = options.n ?? x.shape[axis]!;
  const y = realDft(fitLength("rfft", input, axis, n), { axis, n });
  return cast(mul(y, scaleOf(norm, false, n)), x.dtype);
}

/**
 * Inverse of `rfft`: the real array of n entries of which `z` is the first half of the transform.
 * @param z complex [..., m, ..., 2] float
 * @param options `n` default 2(m − 1); give it where the length was odd
 * @returns real [..., n, ...]; imaginary parts of z₀ (and z of n/2) count for nothing
 * @throws ShapeError, DtypeError, OptionError
 */
export function irfft(z: Tensor, options: FftOptions = {}): Tensor {
  const input = complexInput("irfft", z);
  const { axis, norm } = plan("irfft", options, z.rank - 1);
  const n = options.n ?? 2 * (z.shape[axis]! - 1);
  if (n < 1) throw new ShapeError({ where: "ops.irfft", want: "n ≥ 1", got: String(n), hint: "give n" });
  const whole = weighHalf(fitLength("irfft", input, axis, half(n)), axis, n);
  return cast(mul(rfftAdjoint(whole, { axis, n }), scaleOf(norm, true, n)), z.dtype);
}

/** Options of `fft2` and `ifft2`. */
export interface Fft2Options {
  /** The two axes, counted without the trailing pair. Default [−2, −1]. */
  axes?: readonly [number, number];
  /** Default "backward". */
  norm?: FftNorm;
}

function overAxes(name: string, z: Tensor, options: Fft2Options, f: typeof fft): Tensor {
  checkOptions(`ops.${name}`, options, ["axes", "norm"]);
  const { axes = [-2, -1], norm = "backward" } = options;
  complexInput(name, z);
  const list = normalizeAxes(`ops.${name}`, axes, z.rank - 1);
  return list.reduceRight((y, axis) => f(y, { axis, norm }), z);
}

/** `fft` along two axes of a complex array [..., H, W, 2]. */
export const fft2 = (z: Tensor, options: Fft2Options = {}): Tensor => overAxes("fft2", z, options, fft);

/** Inverse of `fft2`. */
export const ifft2 = (z: Tensor, options: Fft2Options = {}): Tensor => overAxes("ifft2", z, options, ifft);

/** Options of `fftShift` and `ifftShift`. */
export interface FftShiftOptions {
  /** Axes to shift, counted without the trailing pair of a complex array. Default: all of them. */
  axes?: number | readonly number[];
  /** Whether `x` has the trailing pair. Default true; false for real arrays, such as power spectra. */
  complex?: boolean;
}

function shiftBy(name: string, x: Tensor, options: FftShiftOptions, by: (n: number) => number): Tensor {
  checkOptions(`ops.${name}`, options, ["axes", "complex"]);
  const { complex = true } = options;
  if (complex) complexInput(name, x);
  const axes = normalizeAxes(`ops.${name}`, options.axes, x.rank - (complex ? 1 : 0));
  return axes.reduce((y, axis) => roll(y, by(x.shape[axis]!), axis), x);
}

/** Frequency zero moved from the start of each axis to its middle (entry ⌊n/2⌋). */
export const fftShift = (x: Tensor, options: FftShiftOptions = {}): Tensor =>
  shiftBy("fftShift", x, options, (n) => Math.floor(n / 2));

/** Inverse of `fftShift`, for odd sizes too. */
export const ifftShift = (x: Tensor, options: FftShiftOptions = {}): Tensor =>
  shiftBy("ifftShift", x, options, (n) => -Math.floor(n / 2));
