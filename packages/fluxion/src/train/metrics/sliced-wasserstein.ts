import { checkOptions } from "../../core/errors.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { commonSizes, type Samples } from "./samples.js";

/** Options of `slicedWasserstein`. */
export interface SlicedWassersteinOptions {
  /** Random directions, whole number ≥ 1; default 128. */
  projections?: number;
  /** Exponent p of the cost |x − y|^p, in [1, ∞); default 2. */
  p?: number;
  /** Whole number in [0, 2³²) that fixes the directions; default 0. */
  seed?: number;
}

/**
 * Sliced Wasserstein distance of two empirical distributions: (mean over directions θ of W_p(θ·X, θ·Y)^p)^(1/p), W_p
 * exact on the line. Cost O(L·(N·D + N log N)) for L directions.
 * @param x [N, ...]   @param y [M, ...], rows of the same size; N and M may differ
 * @throws ShapeError, OptionError
 * @source Bonneel, Rabin, Peyré, Pfister, "Sliced and Radon Wasserstein barycenters of measures", 2015; deviates: none
 */
export function slicedWasserstein(x: Samples, y: Samples, options: SlicedWassersteinOptions = {}): number {
  const where = "train.slicedWasserstein";
  checkOptions(where, options, ["projections", "p", "seed"]);
  const { projections = 128, p = 2, seed = 0 } = options;
  checkWhole(where, "projections", projections, 1);
  checkRange(where, "p", p, "[1, ∞)");
  const { d } = commonSizes(where, x, y);
  const normal = normalFrom(seededUniform(seed));
  let total = 0;
  for (let l = 0; l < projections; l++) {
    const direction = Float64Array.from({ length: d }, normal);
    const length = Math.hypot(...direction);
    for (let j = 0; j < d; j++) direction[j]! /= length;
    total += wassersteinCost(project(x, direction), project(y, direction), p);
  }
  return (total / projections) ** (1 / p);
}

function project({ data }: Samples, direction: Float64Array): Float64Array {
  const d = direction.length;
  const out = new Float64Array(data.length / d);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += direction[j]! * data[i * d + j]!;
    out[i] = sum;
  }
  return out;
}

/**
 * W_p^p of two sets of numbers: ∫ |F⁻¹(u) − G⁻¹(u)|^p du over the quantiles, exact also for sets of different sizes.
 * The arrays are sorted in place.
 */
function wassersteinCost(a: Float64Array, b: Float64Array, p: number): number {
  a.sort();
  b.sort();
  let total = 0;
  let at = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    // Both quantile functions are constant up to the nearer of their next jumps, compared without division.
    const side = (i + 1) * b.length - (j + 1) * a.length;
    const next = side <= 0 ? (i + 1) / a.length : (j + 1) / b.length;
    total += (next - at) * Math.abs(a[i]! - b[j]!) ** p;
    at = next;
    if (side <= 0) i++;
    if (side >= 0) j++;
  }
  return total;
}
