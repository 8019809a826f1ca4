import { checkOptions } from "../core/errors.js";
import type { DType } from "../core/dtypes.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import { add, div, maximum, mul, square } from "../ops/arithmetic.js";
import { cast, where as choose } from "../ops/compare.js";
import { max, sum } from "../ops/reduce.js";
import { abs, sqrt } from "../ops/unary.js";
import { isFloat } from "../core/dtypes.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `normalizeByNorm`. */
export interface NormalizeOptions {
  /** Whether every leaf is divided by its own norm, not by that of all leaves together; default false. */
  perLeaf?: boolean;
  /** Added to the norm, in [0, ∞); default 0. One above 0 stops progress once gradients are smaller than it. */
  eps?: number;
}

/** Options of `normalizedGd`. */
export interface NormalizedGdOptions extends NormalizeOptions {
  /** Length of a step, number in [0, ∞) or a schedule; default 0.1. */
  learningRate?: number | Schedule;
}

/**
 * g / (‖g‖ + eps): only the direction of a gradient counts. The norm is taken of g / max|g|, so that squares of small
 * gradients do not vanish; a gradient of 0 stays 0.
 * @throws OptionError
 */
export function normalizeByNorm(options: NormalizeOptions = {}): Transform {
  const where = "optim.normalizeByNorm";
  checkOptions(where, options, ["perLeaf", "eps"]);
  const { perLeaf = false, eps = 0 } = options;
  checkRange(where, "eps", eps, "[0, ∞)");
  return {
    init: () => ({}),
    update(grads, state) {
      const leaves = treeLeaves(grads).filter((t) => isFloat(t.dtype));
      const joint = perLeaf ? undefined : lengthOf(leaves);
      const as = perDtype((dtype) => cast(joint!, dtype));
      const [updates] = mapLeaves(where, grads, [], (g) => {
        const norm = joint ? as(g.dtype) : lengthOf([g]);
        return [div(g, eps > 0 ? add(norm, eps) : choose(norm.equal(0), 1, norm))];
      });
      return { updates, state };
    },
  };
}

/** ‖leaves‖ without squares that underflow or overflow; float64 if a leaf is, else float32. @internal */
export function lengthOf(leaves: readonly Tensor[]): Tensor {
  const dtype: DType = leaves.some((t) => t.dtype === "float64") ? "float64" : "float32";
  const wide = leaves.map((t) => cast(t, dtype));
  const top = wide.map((t) => max(abs(t))).reduce(maximum);
  const unit = choose(top.equal(0), 1, top);
  return mul(unit, sqrt(wide.map((t) => sum(square(div(t, unit)))).reduce(add)));
}

/**
 * Gradient descent with steps of a fixed length: p ← p − learningRate·g / (‖g‖ + eps).
 * @throws OptionError
 * @source Nesterov, "Minimization methods for nonsmooth convex and quasiconvex functions", 1984; Tarzanagh, Li,
 *   Thrampoulidis, Oymak, "Transformers as support vector machines", 2023, arXiv:2308.16898, section 6 uses it
 *   (perLeaf for key and query weights); deviates: none
 */
export function normalizedGd(options: NormalizedGdOptions = {}): Transform {
  checkOptions("optim.normalizedGd", options, ["learningRate", "perLeaf", "eps"]);
  const { learningRate = 0.1, ...how } = options;
  return chain(normalizeByNorm(how), scaleByLearningRate(learningRate));
}
