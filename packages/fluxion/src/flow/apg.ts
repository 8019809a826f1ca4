import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, minimum, mul, sub } from "../ops/arithmetic.js";
import { zerosLike } from "../ops/create.js";
import { reshape } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { norm } from "../ops/statistics.js";
import { checkScale, inner, type GuidanceRule } from "./guidance-rule.js";
import type { Prediction } from "./prediction.js";

/** Options of `apg`. */
export interface ApgOptions {
  /** w, any number: 1 is no guidance. */
  scale: number;
  /** Part of the parallel component that stays, in [0, 1]; with 1 and no momentum it is `cfg`. Default 0. */
  eta?: number;
  /**
   * Length r that the difference of the two predictions is shortened to, > 0: a norm over all but the batch axis, or
   * with `rms` per element, so that it holds for any size. About the typical length; see `Apg.output`. Default: none.
   */
  normThreshold?: number | { readonly rms: number };
  /** Beta in (−1, 1): the weight of the differences of the steps before; below 0 it pushes away from them. Default −0.5. */
  momentum?: number;
  /** What is projected. Default "data", as in the paper; in others the parallel direction is mostly noise. */
  space?: Prediction;
}

/** Differences of the step before and of this one, with momentum, as a prediction. */
export type ApgState = { readonly before: Tensor; readonly now: Tensor };

/** `apg` gives out the length of the difference [B] before it is shortened: what `normThreshold` is chosen by. */
export type Apg = GuidanceRule<ApgState, { readonly length: Tensor }>;

/**
 * Adaptive projected guidance. The difference c − u of the predictions with and without condition gains momentum, is
 * shortened to r, and loses its component along c, which only makes pictures more glaring:
 * m ← c − u + beta·m, d = m·min(1, r/‖m‖), guided = c + (w − 1)·(d⊥ + eta·d∥).
 * Momentum moves on once a step, whatever the evaluations of the solver.
 * @throws OptionError
 * @source S. Sadat, O. Hilliges, R. Weber, 2024, arXiv 2410.02416, §4 and Algorithm 1; deviates: several evaluations a
 *   step share the momentum of the step before
 */
export function apg(options: ApgOptions): Apg {
  const where = "flow.apg";
  checkOptions(where, options, ["scale", "eta", "normThreshold", "momentum", "space"]);
  const { scale, eta = 0, normThreshold, momentum = -0.5, space = "data" } = options;
  checkScale(where, scale);
  if (!(eta >= 0 && eta <= 1)) throw new OptionError({ where, want: "eta in [0, 1]", got: String(eta) });
  if (!(momentum > -1 && momentum < 1))
    throw new OptionError({ where, want: "momentum in (−1, 1)", got: String(momentum) });
  const bound = typeof normThreshold === "object" ? normThreshold.rms : normThreshold;
  if (bound !== undefined && !(bound > 0))
    throw new OptionError({ where, want: "normThreshold > 0", got: String(bound) });
  /** r for predictions of this size. */
  const longest = (like: Tensor): number =>
    typeof normThreshold === "object" ? bound! * Math.sqrt(like.size / like.shape[0]!) : bound!;
  return {
    ...{ name: "apg", space },
    init: (like) => ({ before: zerosLike(like), now: zerosLike(like) }),
    combine({ cond, uncond }, { stage }, state) {
      const before = stage === 0 ? state.now : state.before;
      const now = add(sub(cond, uncond), mul(before, momentum));
      const length = norm(now, inner(now), { keepDims: true });
      const short =
        bound === undefined ? now : mul(now, minimum(div(longest(now), maximum(length, tiny)), 1));
      const { parallel, orthogonal } = projection(short, cond);
      return {
        guided: add(cond, mul(add(orthogonal, mul(parallel, eta)), scale - 1)),
        ...(stage === 0
          ? { state: { before, now }, output: { length: reshape(length, [now.shape[0]!]) } }
          : {}),
      };
    },
  };
}

const tiny = 1e-12;

/**
 * The parts of d along and across a direction, example by example: d = parallel + orthogonal, ⟨orthogonal, along⟩ = 0.
 * Where `along` is 0 there is no parallel part.
 * @param d, along [B, ...]
 * @source S. Sadat et al., 2024, arXiv 2410.02416, eq. 8 and 9; deviates: projected twice in place of double precision
 */
export function projection(d: Tensor, along: Tensor): { parallel: Tensor; orthogonal: Tensor } {
  const axes = inner(d);
  const unit = div(along, maximum(norm(along, axes, { keepDims: true }), tiny));
  const part = (v: Tensor): Tensor => mul(sum(mul(v, unit), axes, { keepDims: true }), unit);
  const once = sub(d, part(d));
  const orthogonal = sub(once, part(once));
  return { parallel: sub(d, orthogonal), orthogonal };
}
