import { checkOptions } from "../core/errors.js";
import { add, mul } from "../ops/arithmetic.js";
import { mapLeaves, filledTree } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";
import { addDecayedWeights, type Mask } from "./weight-decay.js";

/** Options of `sgd`, `momentum` and `nesterov`. */
export interface SgdOptions {
  /** Step size, number in [0, ∞) or a schedule; default 1e-3 (as PyTorch). */
  learningRate?: number | Schedule;
  /** Factor of the velocity, in [0, 1); default 0, of `momentum` and `nesterov` 0.9. */
  momentum?: number;
  /** Whether the step looks ahead along the velocity; default false. */
  nesterov?: boolean;
  /** Factor of ½‖p‖² added to the loss, in [0, ∞); default 0. */
  weightDecay?: number;
  /** What weight decay applies to; default everything. */
  mask?: Mask;
}

/** The option names of `sgd`. @internal */
export const sgdKeys = ["learningRate", "momentum", "nesterov", "weightDecay", "mask"] as const;

/** State of `trace`: the velocity, a tree like the parameters. */
export type TraceState = { velocity: unknown };

/**
 * Velocity v ← momentum·v + g; the update is v, with `nesterov` g + momentum·v.
 * @param momentum in [0, 1)
 * @throws OptionError
 * @source Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever, Martens, Dahl,
 *   Hinton, "On the importance of initialization and momentum in deep learning", 2013, section 2; deviates: the
 *   learning rate is applied to the velocity, not inside it, as in PyTorch and optax
 */
export function trace(momentum: number, options: { nesterov?: boolean } = {}): Transform<TraceState> {
  checkOptions("optim.trace", options, ["nesterov"]);
  checkRange("optim.trace", "momentum", momentum, "[0, 1)");
  return {
    init: (params) => ({ velocity: filledTree(params) }),
    update(grads, state) {
      const [updates, velocity] = mapLeaves("optim.trace", grads, [state.velocity], (g, [old]) => {
        const v = add(mul(old, momentum), g);
        return [options.nesterov ? add(g, mul(v, momentum)) : v, v];
      });
      return { updates, state: { velocity } };
    },
  };
}

/**
 * Stochastic gradient descent: p ← p − learningRate·g, with a velocity if momentum is not 0.
 * @throws OptionError
 */
export function sgd(options: SgdOptions = {}): Transform {
  checkOptions("optim.sgd", options, sgdKeys);
  const {
    learningRate = 1e-3,
    momentum: factor = 0,
    nesterov: ahead = false,
    weightDecay = 0,
    mask,
  } = options;
  return chain(
    ...(weightDecay === 0 ? [] : [addDecayedWeights(weightDecay, { mask })]),
    ...(factor === 0 ? [] : [trace(factor, { nesterov: ahead })]),
    scaleByLearningRate(learningRate),
  );
}

/** `sgd` with momentum 0.9 unless given. @throws OptionError */
export const momentum = (options: SgdOptions = {}): Transform => sgd({ momentum: 0.9, ...options });

/** `sgd` with Nesterov's momentum, 0.9 unless given. @throws OptionError */
export const nesterov = (options: SgdOptions = {}): Transform =>
  sgd({ momentum: 0.9, nesterov: true, ...options });
