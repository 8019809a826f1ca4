import { checkOptions } from "../core/errors.js";
import { scaleByAdam } from "./adam.js";
import { projectionKeys, withProjection, type ProjectionOptions } from "./projection.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { trace } from "./sgd.js";
import { chain, type Transform } from "./transform.js";

/** Options of `adamp`. */
export interface AdampOptions extends ProjectionOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-3. Let it fall: steps no longer shrink by themselves. */
  learningRate?: number | Schedule;
  /** Memory of the mean of gradients, in [0, 1); default 0.9. */
  b1?: number;
  /** Memory of the mean of squares, in [0, 1); default 0.999. */
  b2?: number;
  /** Decay in units of the learning rate, in [0, ∞); default 0. The authors recommend 0.01. */
  weightDecay?: number;
  /** Whether the step looks ahead along the mean; default false. */
  nesterov?: boolean;
}

/**
 * AdamP: Adam's update without its part along scale-invariant weights, then decoupled weight decay, times 0.1 where the
 * projection acts: p ← p − learningRate·(Π(m̂ / (√v̂ + eps)) + weightDecay·ratio·p).
 * @throws OptionError; in `update` without params, too
 * @source Heo et al., "AdamP: Slowing down the slowdown for momentum optimizers on scale-invariant weights", 2020,
 *   arXiv:2006.08217, algorithm 2; deviates: channels are found by `channelAxis`, as linear weights here are [in, out]
 */
export function adamp(options: AdampOptions = {}): Transform {
  const where = "optim.adamp";
  const own = ["learningRate", "b1", "b2", "weightDecay", "nesterov"];
  checkOptions(where, options, [...own, ...projectionKeys]);
  const { learningRate = 1e-3, b1 = 0.9, b2 = 0.999, weightDecay = 0, nesterov = false, ...rest } = options;
  const { eps = 1e-8 } = rest;
  const moments = scaleByAdam({ b1, b2, eps, nesterov });
  return chain(withProjection(where, moments, { ...rest, weightDecay }), scaleByLearningRate(learningRate));
}

/** Options of `sgdp`. */
export interface SgdpOptions extends ProjectionOptions {
  /** Step size, number in [0, ∞) or a schedule; default 0.1. Let it fall: steps no longer shrink by themselves. */
  learningRate?: number | Schedule;
  /** Factor of the velocity, in [0, 1); default 0.9. */
  momentum?: number;
  /** Decay in units of the learning rate, divided by 1 − momentum, in [0, ∞); default 0. The authors recommend 1e-5. */
  weightDecay?: number;
  /** Whether the step looks ahead along the velocity; default false. */
  nesterov?: boolean;
}

/**
 * SGDP: momentum's update without its part along scale-invariant weights, then decoupled weight decay:
 * p ← p − learningRate·(Π(v) + weightDecay·ratio/(1 − momentum)·p). The factor 1/(1 − momentum) makes the decay
 * comparable to an L2 penalty under momentum.
 * @throws OptionError; in `update` without params, too
 * @source Heo et al., "AdamP: Slowing down the slowdown for momentum optimizers on scale-invariant weights", 2020,
 *   arXiv:2006.08217, algorithm 1; deviates: the velocity itself is not projected (the authors' code does so where
 *   nesterov is off, the paper does not); channels are found by `channelAxis`
 */
export function sgdp(options: SgdpOptions = {}): Transform {
  const where = "optim.sgdp";
  checkOptions(where, options, [
    ...["learningRate", "momentum", "weightDecay", "nesterov"],
    ...projectionKeys,
  ]);
  const { learningRate = 0.1, momentum = 0.9, weightDecay = 0, nesterov = false, ...rest } = options;
  const velocity = trace(momentum, { nesterov });
  const decay = weightDecay / (1 - momentum);
  return chain(
    withProjection(where, velocity, { ...rest, weightDecay: decay }),
    scaleByLearningRate(learningRate),
  );
}
