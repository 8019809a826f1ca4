import {
  gaussNewtonBartlett,
  hutchinsonDiagonal,
  type HutchinsonOptions,
} from "../analyse/curvature/hessian-diagonal.js";
import { cond } from "../core/cond.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, remainder } from "../ops/arithmetic.js";
import { cast, clip, equal, less } from "../ops/compare.js";
import { zeros } from "../ops/create.js";
import { sum } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { filledTree, mapLeaves } from "./leaves.js";
import { checkRange, checkWhole } from "./options.js";
import { scaleByLearningRate, zeroCount } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Extra, type Transform } from "./transform.js";
import { addDecayedWeights, needParams, type Mask } from "./weight-decay.js";

/** An estimate of the Hessian's diagonal from what `update` is told: a tree like the parameters. */
export type DiagonalEstimator = <P>(params: P, extra: Extra) => P;

/** Options of `scaleBySophia`. */
export interface ScaleBySophiaOptions {
  /** Memory of the mean of gradients, in [0, 1); default 0.96. */
  b1?: number;
  /** Memory of the mean of estimates, in [0, 1); default 0.99. */
  b2?: number;
  /**
   * What the curvature is multiplied by, in [0, ∞); default 0.01, the paper's for Hutchinson's estimate (0.05 for
   * Gauss-Newton-Bartlett). Larger: fewer coordinates are clipped. 0: all are, which is momentum by signs.
   */
  gamma?: number;
  /** Least denominator, in (0, ∞); default 1e-12. */
  eps?: number;
  /** Steps from one estimate to the next, whole number ≥ 1; default 10. */
  interval?: number;
  /** Default `hutchinson()`. */
  estimator?: DiagonalEstimator;
}

/** Options of `sophia`. */
export interface SophiaOptions extends ScaleBySophiaOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-3. No coordinate moves farther in a step, but by decay. */
  learningRate?: number | Schedule;
  /** Decoupled decay in units of the learning rate, in [0, ∞); default 0.1. */
  weightDecay?: number;
  /** What weight decay applies to; default everything. */
  mask?: Mask;
}

/** State of `scaleBySophia`; `mu` and `h` are trees like the parameters. */
export type SophiaState = {
  count: Tensor;
  mu: unknown;
  h: unknown;
  /** Part of the coordinates that were not clipped in the last step, float32 scalar. */
  winRate: Tensor;
};

const keys = ["b1", "b2", "gamma", "eps", "interval", "estimator"] as const;

/** Told apart from what the loss draws from the same key. */
const probes = 0x50f1a;

function needed<Name extends "objective" | "key" | "batch">(
  where: string,
  extra: Extra,
  name: Name,
): NonNullable<Extra[Name]> {
  const value = extra[name];
  if (value !== undefined && value !== null) return value;
  const hint = "call update(grads, state, params, { objective, batch, key }), as train does";
  throw new OptionError({ where, want: `extra.${name}`, got: "none", hint });
}

/**
 * Sophia-H: Hutchinson's estimate from one Hessian-vector product of the step's loss. It needs `extra.objective` and
 * `extra.key`, which `train` gives.
 * @source Liu, Li, Hall, Liang, Ma, "Sophia: A scalable stochastic second-order optimizer for language model
 *   pre-training", 2023, arXiv:2305.14342, algorithm 1; deviates: none
 */
export function hutchinson(options: HutchinsonOptions = {}): DiagonalEstimator {
  const where = "optim.hutchinson";
  return <P>(params: P, extra: Extra): P => {
    const objective = needed(where, extra, "objective") as (p: P) => Tensor;
    return hutchinsonDiagonal(objective, params, foldIn(needed(where, extra, "key"), probes), options);
  };
}

/**
 * Sophia-G: the Gauss-Newton-Bartlett estimate, with labels drawn from the model. It needs `extra.batch` and
 * `extra.key`, which `train` gives.
 * @param logits of the parameters and the step's batch, float [..., K]; take a part of the batch to save time
 * @source Liu, Li, Hall, Liang, Ma, "Sophia: A scalable stochastic second-order optimizer for language model
 *   pre-training", 2023, arXiv:2305.14342, algorithm 2; deviates: none
 */
export function gaussNewton(logits: (params: never, batch: never) => Tensor): DiagonalEstimator {
  const where = "optim.gaussNewton";
  return <P>(params: P, extra: Extra): P => {
    const batch = needed(where, extra, "batch");
    const scores = (p: P): Tensor => logits(p as never, batch as never);
    return gaussNewtonBartlett(scores, params, foldIn(needed(where, extra, "key"), probes));
  };
}

/**
 * m ← b1·m + (1 − b1)·g; every `interval` steps, the first among them, h ← b2·h + (1 − b2)·ĥ; the update is
 * clip(m / max(gamma·h, eps), −1, 1). Where h is not positive that is the sign of m.
 * @throws OptionError; in `update` without params, or without what the estimator needs, too
 * @source Liu, Li, Hall, Liang, Ma, "Sophia: A scalable stochastic second-order optimizer for language model
 *   pre-training", 2023, arXiv:2305.14342, algorithm 3; deviates: none
 */
export function scaleBySophia(options: ScaleBySophiaOptions = {}): Transform<SophiaState> {
  const where = "optim.scaleBySophia";
  checkOptions(where, options, keys);
  const {
    b1 = 0.96,
    b2 = 0.99,
    gamma = 0.01,
    eps = 1e-12,
    interval = 10,
    estimator = hutchinson(),
  } = options;
  checkRange(where, "b1", b1, "[0, 1)");
  checkRange(where, "b2", b2, "[0, 1)");
  checkRange(where, "gamma", gamma, "[0, ∞)");
  checkRange(where, "eps", eps, "(0, ∞)");
  checkWhole(where, "interval", interval, 1);
  return {
    init: (params) => ({
      ...{ count: zeroCount(), mu: filledTree(params), h: filledTree(params) },
      winRate: zeros([]),
    }),
    update(grads, state, params, extra = {}) {
      const given = needParams(where, params);
      // Parameters and key are arguments of the branch, or the estimate would be made before the choice, every step.
      const refreshed = (at: unknown, before: unknown, key: Tensor | undefined): unknown => {
        const told = key === undefined ? extra : { ...extra, key };
        const [h] = mapLeaves(where, before, [estimator(at, told)], (old, [now]) => [
          add(mul(old, b2), mul(cast(now, old.dtype), 1 - b2)),
        ]);
        return h;
      };
      const due = equal(remainder(state.count, interval), 0);
      const { key } = extra;
      const h =
        interval === 1
          ? refreshed(given, state.h, key)
          : key === undefined
            ? cond(
                due,
                (at: unknown, old: unknown) => refreshed(at, old, key),
                (_, old: unknown) => old,
                given,
                state.h,
              )
            : cond(due, refreshed, (_, old: unknown) => old, given, state.h, key);
      let [inside, all] = [zeros([]), 0];
      const [updates, mu] = mapLeaves(where, grads, [state.mu, h], (g, [old, curvature]) => {
        const m = add(mul(old, b1), mul(g, 1 - b1));
        const ratio = div(m, maximum(mul(curvature, gamma), eps));
        inside = add(inside, sum(cast(less(abs(ratio), 1), "float32")));
        all += g.size;
        return [clip(ratio, -1, 1), m];
      });
      return {
        updates,
        state: { count: add(state.count, 1), mu, h, winRate: div(inside, Math.max(1, all)) },
      };
    },
  };
}

/**
 * Sophia: `scaleBySophia`, decoupled weight decay, then −learningRate. Sophia-H by default; with
 * `estimator: gaussNewton(logits)` and gamma 0.05 it is Sophia-G.
 * @throws OptionError
 */
export function sophia(options: SophiaOptions = {}): Transform {
  checkOptions("optim.sophia", options, [...keys, "learningRate", "weightDecay", "mask"]);
  const { learningRate = 1e-3, weightDecay = 0.1, mask, ...rest } = options;
  return chain(
    scaleBySophia(rest),
    addDecayedWeights(weightDecay, { mask }),
    scaleByLearningRate(learningRate),
  );
}

/**
 * Part of the coordinates that Sophia did not clip in its last step, in [0, 1]: the paper's rule is to choose gamma so
 * that it lies between 0.1 and 0.5.
 * @param state of `scaleBySophia`, or of a chain that has it
 * @returns float32 scalar
 * @throws OptionError if there is none
 */
export function sophiaWinRate(state: unknown): Tensor {
  const found = (Array.isArray(state) ? state : [state]).find(
    (s): s is SophiaState => typeof s === "object" && s !== null && "winRate" in s,
  );
  if (found?.winRate instanceof Tensor) return found.winRate;
  throw new OptionError({ where: "optim.sophiaWinRate", want: "a state of sophia", got: typeof state });
}
