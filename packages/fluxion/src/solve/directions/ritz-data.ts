import { checkOptions } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { lanczos } from "../lanczos.js";
import type { LinearOperator } from "../linear-operator.js";
import { addScaled, norm } from "../vectors.js";

/** Options of `ritzResiduals`. */
export interface RitzDataOptions {
  /** Steps of Lanczos' method: Ritz vectors, whole number ≥ 1. */
  ritzVectors: number;
  /** Residuals drawn, whole number ≥ 1. */
  samples: number;
  /** Factor on the coefficients of the lower Ritz values, number > 0. Default 9. */
  lowWeight?: number;
  /** Part of the Ritz vectors that counts as lower, in [0, 1]. Default 0.55. */
  lowFraction?: number;
  /** Whole number in [0, 2^32). Default 0. */
  seed?: number;
  /** Called after every Lanczos step. */
  onStep?: (step: number) => void;
}

/**
 * Residuals to train directions on, from the matrix alone: r = Σ cᵢ·qᵢ / ‖·‖ over the Ritz vectors qᵢ of Lanczos' method
 * started at A·z, z ~ N(0, I); cᵢ ~ N(0, 1), times `lowWeight` for the lower ones. Ritz values below 1e-8 are left out.
 * @returns float32 [samples, size], rows of norm 1
 * @throws OptionError
 * @source Kaneda et al., 2022, arXiv 2205.10763, §4.1; deviates: none
 */
export function ritzResiduals(a: LinearOperator, options: RitzDataOptions): ArrayData<Float32Array> {
  const where = "solve.ritzResiduals";
  checkOptions(where, options, ["ritzVectors", "samples", "lowWeight", "lowFraction", "seed", "onStep"]);
  const { ritzVectors, samples, lowWeight = 9, lowFraction = 0.55, seed = 0, onStep } = options;
  checkWhole(where, "ritzVectors", ritzVectors, 1);
  checkWhole(where, "samples", samples, 1);
  checkRange(where, "lowWeight", lowWeight, "(0, ∞)");
  checkRange(where, "lowFraction", lowFraction, "[0, 1]");
  const normal = normalFrom(seededUniform(seed));
  const z = Float64Array.from({ length: a.size }, normal);
  const { values, vectors } = lanczos(a, a.apply(z), {
    steps: Math.min(ritzVectors, a.size),
    ...(onStep ? { onStep } : {}),
  }).ritz();
  const kept = vectors.filter((_, i) => values[i]! > 1e-8);
  const low = lowFraction * kept.length;
  const data = new Float32Array(samples * a.size);
  for (let n = 0; n < samples; n++) {
    const r = new Float64Array(a.size);
    kept.forEach((q, i) => addScaled(r, normal() * (i < low ? lowWeight : 1), q));
    const length = norm(r);
    data.set(
      r.map((v) => v / length),
      n * a.size,
    );
  }
  return { data, shape: [samples, a.size] };
}
