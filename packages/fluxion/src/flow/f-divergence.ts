import { jvp } from "../core/autodiff.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { log, neg, sqrt } from "../ops/unary.js";

/**
 * D_f(p‖q) = ∫ q·f(p/q) for a convex f, and what its gradient takes: the score difference weighted by h(r) = f″(r)·r²
 * at the ratio r = p/q of teacher to student.
 */
export interface FDivergence {
  readonly name: string;
  /** f of a ratio > 0, of any shape; constants and multiples of r − 1 left out. */
  readonly f: (r: Tensor) => Tensor;
  /** h = f″·r². */
  readonly weight: (r: Tensor) => Tensor;
}

/** A divergence from f alone; h by differentiating twice. @param f smooth and convex on r > 0 */
export function customDivergence(name: string, f: (r: Tensor) => Tensor): FDivergence {
  const slope = (g: (r: Tensor) => Tensor) => (r: Tensor) => jvp(g, [r], [onesLike(r)])[1];
  const second = slope(slope(f));
  return { name, f, weight: (r) => mul(second(r), square(r)) };
}

/**
 * Divergences by name, from mode-seeking to mode-covering.
 * @source Y. Xu et al., 2025, arXiv 2502.15681, Table 1; deviates: exact constants (h of Hellinger is ¼√r, of Neyman
 *   2/r), which normalising weights takes out
 */
export const fDivergences = {
  /** h = 2/r, which grows where the student has mass and the teacher none. */
  neyman: { name: "neyman", f: (r) => div(square(sub(1, r)), r), weight: (r) => div(2, r) },
  /** KL(q‖p): h = 1, plain distribution matching. Seeks modes. */
  "reverse-kl": { name: "reverse-kl", f: (r) => neg(log(r)), weight: onesLike },
  /** h = 1/(1 + r). Seeks modes. */
  "softened-reverse-kl": {
    name: "softened-reverse-kl",
    f: (r) => mul(add(r, 1), log(add(div(0.5, r), 0.5))),
    weight: (r) => div(1, add(r, 1)),
  },
  /** h = r/(1 + r), which saturates: little variance. */
  "jensen-shannon": {
    name: "jensen-shannon",
    f: (r) => sub(mul(r, log(r)), mul(add(r, 1), log(mul(add(r, 1), 0.5)))),
    weight: (r) => div(r, add(r, 1)),
  },
  /** h = ¼·√r. */
  "squared-hellinger": {
    name: "squared-hellinger",
    f: (r) => sub(1, sqrt(r)),
    weight: (r) => mul(sqrt(r), 0.25),
  },
  /** KL(p‖q): h = r. Covers modes; much variance. */
  "forward-kl": { name: "forward-kl", f: (r) => mul(r, log(r)), weight: (r) => mul(r, 1) },
  /** The sum of both KL divergences: h = 1 + r. */
  jeffreys: { name: "jeffreys", f: (r) => mul(sub(r, 1), log(r)), weight: (r) => add(r, 1) },
  /** h = 2·r². Covers modes; very much variance. */
  pearson: { name: "pearson", f: (r) => square(sub(r, 1)), weight: (r) => mul(square(r), 2) },
} as const satisfies Record<string, FDivergence>;

/** A name in `fDivergences`. */
export type FDivergenceName = keyof typeof fDivergences;
