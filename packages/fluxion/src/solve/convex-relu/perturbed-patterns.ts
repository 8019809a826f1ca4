// Activation patterns of examples and of their perturbed copies.
import { checkOptions } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { maskOf, patternsOf, type ReluPatterns } from "./patterns.js";
import { checkFeatures } from "./problem.js";
import { freeColumns } from "./robust-problem.js";

/** Options of `perturbedPatterns`. */
export interface PerturbedPatternsOptions {
  /** Radius of the l∞ ball, number ≥ 0. */
  eps: number;
  /** Random directions, whole number ≥ 1. Default 10. */
  count?: number;
  /** Copies of the examples a direction is tried on, the unperturbed one included: whole number ≥ 1. Default 4. */
  copies?: number;
  /** Columns that no attack changes. Default: none. */
  fixed?: readonly number[];
  /** Whole number in [0, 2³²). Default 0. */
  seed?: number;
}

/**
 * The distinct patterns of random directions on the examples and on copies with ±eps added to every free element.
 * @param features float [N, D]
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §4.1 (sampling for adversarial training); deviates: none
 */
export function perturbedPatterns(features: ArrayData, options: PerturbedPatternsOptions): ReluPatterns {
  const where = "solve.perturbedPatterns";
  checkOptions(where, options, ["eps", "count", "copies", "fixed", "seed"]);
  const { eps, count = 10, copies = 4, fixed = [], seed = 0 } = options;
  checkRange(where, "eps", eps, "[0, ∞)");
  checkWhole(where, "count", count, 1);
  checkWhole(where, "copies", copies, 1);
  const { x, n, d } = checkFeatures(where, features);
  const free = freeColumns(where, fixed, d);
  const uniform = seededUniform(seed);
  const normal = normalFrom(uniform);
  const found = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const h = Float64Array.from({ length: d }, normal);
    for (let c = 0; c < copies; c++) {
      const near = c === 0 ? x : x.map((v, j) => v + eps * free[j % d]! * (uniform() < 0.5 ? -1 : 1));
      const mask = maskOf(near, n, d, h);
      found.set(mask.join(""), mask);
    }
  }
  return patternsOf(n, [...found.values()], false);
}
