import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { div, mul, sub } from "../ops/arithmetic.js";
import type { TimeDistribution } from "./time.js";

/**
 * By how much times are shifted when a flow goes to images of another size: √(pixels/reference). More pixels show more
 * of the picture through the same noise, so the same uncertainty needs more noise.
 * @param pixels height times width, > 0
 * @param reference pixels of the images that the schedule was made for, > 0
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, eq. 23; deviates: none
 */
export function resolutionShift(pixels: number, reference: number): number {
  if (!(pixels > 0 && reference > 0 && pixels / reference < Infinity)) {
    const where = "flow.resolutionShift";
    throw new OptionError({ where, want: "numbers of pixels > 0", got: `${pixels}, ${reference}` });
  }
  return Math.sqrt(pixels / reference);
}

function checkShift(where: string, shift: number): void {
  if (!(shift > 0 && shift < Infinity))
    throw new OptionError({ where, want: "shift > 0", got: String(shift) });
}

/**
 * t/(shift − (shift − 1)·t): on the linear path the time whose noise-to-signal ratio is `shift` times that at t, so the
 * log-SNR falls by 2·log(shift). Shifts compose by multiplication; 1/shift undoes one.
 * @param t in [0, 1], a number or a tensor of any shape
 * @param shift > 0; above 1 moves times towards the noise
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, eq. 23; deviates: our t runs from noise to data
 */
export function shiftTime(t: number, shift: number): number;
export function shiftTime(t: Tensor, shift: number): Tensor;
export function shiftTime(t: number | Tensor, shift: number): number | Tensor {
  checkShift("flow.shiftTime", shift);
  if (typeof t === "number") return t / (shift - (shift - 1) * t);
  return div(t, sub(shift, mul(t, shift - 1)));
}

/**
 * A distribution of times, shifted: for training at another resolution.
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, §5.3.2; deviates: none
 */
export function shiftedTime(time: TimeDistribution, shift: number): TimeDistribution {
  checkShift("flow.shiftedTime", shift);
  const { density, quantile } = time;
  return {
    name: `${time.name} shifted by ${shift}`,
    sample: (key, count) => shiftTime(time.sample(key, count), shift),
    ...(density
      ? {
          density(t) {
            // dt/dt′ of the inverse, shift/(1 + (shift − 1)·t′)².
            const slope = shift / (1 + (shift - 1) * t) ** 2;
            return t < 0 || t > 1 ? 0 : density(shiftTime(t, 1 / shift)) * slope;
          },
        }
      : {}),
    ...(quantile ? { quantile: (u) => shiftTime(quantile(u), shift) } : {}),
  };
}

/** Options of `shiftedGrid`. */
export interface ShiftedGridOptions {
  /** Number of steps, ≥ 1. Default 50. */
  steps?: number;
  /** > 0. Default 3. */
  shift?: number;
  /**
   * "single": equal steps, shifted. "sd3-ref": the authors' sampler, whose last time before the end has been shifted
   * once before it is shifted with the others. Default "single".
   */
  style?: "single" | "sd3-ref";
}

/**
 * The times of a sampler at another resolution, from 0 to 1; `grid` of the samplers.
 * @throws OptionError
 * @source P. Esser et al., 2024, arXiv 2403.03206, §5.3.2, and the authors' reference sampler; deviates: our t runs from
 *   noise to data
 */
export function shiftedGrid(options: ShiftedGridOptions = {}): number[] {
  const where = "flow.shiftedGrid";
  checkOptions(where, options, ["steps", "shift", "style"]);
  const { steps = 50, shift = 3, style = "single" } = options;
  checkShift(where, shift);
  if (!Number.isInteger(steps) || steps < 1)
    throw new OptionError({ where, want: "a whole number of steps ≥ 1", got: String(steps) });
  if (style !== "single" && style !== "sd3-ref")
    throw new OptionError({ where, want: 'style "single" or "sd3-ref"', got: String(style) });
  // The reference sampler knows 1000 noise levels; its smallest belongs to t = 1 − 1/1000.
  const last = style === "single" ? 1 - 1 / steps : shiftTime(0.999, shift);
  const starts = Array.from({ length: steps }, (_, i) => (steps === 1 ? 0 : (last * i) / (steps - 1)));
  return [...starts.map((t) => shiftTime(t, shift)), 1];
}
