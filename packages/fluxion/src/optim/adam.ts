import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, square } from "../ops/arithmetic.js";
import { sqrt } from "../ops/unary.js";
import { biasCorrection } from "./bias-correction.js";
import { mapLeaves, perDtype, filledTree } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate, zeroCount } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `scaleByAdam`. */
export interface ScaleByAdamOptions {
  /** Memory of the mean of gradients, in [0, 1); default 0.9. */
  b1?: number;
  /** Memory of the mean of squares, in [0, 1); default 0.999. */
  b2?: number;
  /** Added to the root of the corrected mean of squares, in [0, ∞); default 1e-8. */
  eps?: number;
  /** Whether to divide by the largest mean of squares so far; default false. */
  amsgrad?: boolean;
  /** Whether the step looks ahead along the mean: b1·m + (1 − b1)·g stands for m; default false. */
  nesterov?: boolean;
}

/** Options of `adam`. */
export interface AdamOptions extends ScaleByAdamOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-3. */
  learningRate?: number | Schedule;
}

/**
 * State of `scaleByAdam`; `mu`, `nu` and (with amsgrad) `nuMax` are trees like the parameters: the sums m/(1 − b1),
 * v/(1 − b2) and the largest of the latter, which take a pass over the parameters less each than the means.
 */
export type AdamState = { count: Tensor; mu: unknown; nu: unknown; nuMax?: unknown };

/** The option names of `scaleByAdam`. @internal */
export const adamKeys = ["b1", "b2", "eps", "amsgrad", "nesterov"] as const;

/**
 * m ← b1·m + (1 − b1)·g, v ← b2·v + (1 − b2)·g²; the update is m̂ / (√v̂ + eps) with m̂ = m/(1 − b1ᵗ), v̂ = v/(1 − b2ᵗ).
 * @throws OptionError
 * @source Kingma, Ba, "Adam: a method for stochastic optimization", 2015, arXiv:1412.6980, algorithm 1; Reddi, Kale,
 *   Kumar, "On the convergence of Adam and beyond", 2018, arXiv:1904.09237, algorithm 2 for amsgrad; deviates: amsgrad
 *   corrects the bias, as PyTorch does; nesterov has the one correction 1/(1 − b1ᵗ) for both terms
 */
export function scaleByAdam(options: ScaleByAdamOptions = {}): Transform<AdamState> {
  return adamMoments("optim.scaleByAdam", options, (grads) => grads);
}

/** `scaleByAdam` whose first moment sees `first(grads)` and whose second sees the gradients. @internal */
export function adamMoments(
  where: string,
  options: ScaleByAdamOptions,
  first: <P>(grads: P) => P,
): Transform<AdamState> {
  checkOptions(where, options, adamKeys);
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, amsgrad = false, nesterov = false } = options;
  checkRange(where, "b1", b1, "[0, 1)");
  checkRange(where, "b2", b2, "[0, 1)");
  checkRange(where, "eps", eps, "[0, ∞)");
  return {
    init: (params) => ({
      count: zeroCount(),
      mu: filledTree(params),
      nu: filledTree(params),
      ...(amsgrad ? { nuMax: filledTree(params) } : {}),
    }),
    update(grads, state) {
      const count = add(state.count, 1);
      // Every factor is gathered into two scalars: the corrections, and what the sums lack to be means.
      const root = perDtype((dtype) => sqrt(div(biasCorrection(b2, count, dtype), 1 - b2)));
      const size = perDtype((dtype) => div(mul(root(dtype), 1 - b1), biasCorrection(b1, count, dtype)));
      const floor = perDtype((dtype) => mul(root(dtype), eps));
      type Moments = readonly [f: Tensor, mu: Tensor, nu: Tensor];
      const step = (g: Tensor, [f, mu, nu]: Moments, nuMax?: Tensor): [Tensor, Tensor, Tensor, Tensor] => {
        const m = add(mul(mu, b1), f);
        const v = add(mul(nu, b2), square(g));
        const top = nuMax ? maximum(nuMax, v) : v;
        const ahead = nesterov ? add(mul(m, b1), f) : m;
        return [mul(div(ahead, add(sqrt(top), floor(g.dtype))), size(g.dtype)), m, v, top];
      };
      const before = [first(grads), state.mu, state.nu] as const;
      // What `step` gives comes behind the leaf and its first-moment gradient, which are not kept.
      if (!amsgrad) {
        const [updates, , mu, nu] = mapLeaves(where, grads, before, (g, moments) => {
          const [u, m, v] = step(g, moments);
          return [u, moments[0], m, v];
        });
        return { updates, state: { count, mu, nu } };
      }
      const all = [...before, state.nuMax] as const;
      const [updates, , mu, nu, nuMax] = mapLeaves(where, grads, all, (g, [f, mOld, vOld, top]) => {
        const [u, m, v, newTop] = step(g, [f, mOld, vOld], top);
        return [u, f, m, v, newTop];
      });
      return { updates, state: { count, mu, nu, nuMax } };
    },
  };
}

/** Adam: `scaleByAdam`, then −learningRate. @throws OptionError */
export function adam(options: AdamOptions = {}): Transform {
  checkOptions("optim.adam", options, [...adamKeys, "learningRate"]);
  const { learningRate = 1e-3, ...moments } = options;
  return chain(scaleByAdam(moments), scaleByLearningRate(learningRate));
}
