import { checkOptions } from "../core/errors.js";
import { adamKeys, scaleByAdam, type AdamOptions } from "./adam.js";
import { scaleByLearningRate } from "./scale.js";
import { chain, type Transform } from "./transform.js";
import { addDecayedWeights, type Mask } from "./weight-decay.js";

/** Options of `adamw`. */
export interface AdamwOptions extends AdamOptions {
  /** Decay in units of the learning rate, in [0, ∞); default 0.01 (as PyTorch; optax has 1e-4). */
  weightDecay?: number;
  /** What weight decay applies to; default everything. */
  mask?: Mask;
}

/**
 * Adam with decoupled weight decay: p ← p − learningRate·(m̂ / (√v̂ + eps) + weightDecay·p).
 * @throws OptionError
 * @source Loshchilov, Hutter, "Decoupled weight decay regularization", 2019, arXiv:1711.05101, algorithm 2; deviates:
 *   the decay is multiplied by the learning rate, as PyTorch and optax do
 */
export function adamw(options: AdamwOptions = {}): Transform {
  checkOptions("optim.adamw", options, [...adamKeys, "learningRate", "weightDecay", "mask"]);
  const { learningRate = 1e-3, weightDecay = 0.01, mask, ...moments } = options;
  return chain(
    scaleByAdam(moments),
    addDecayedWeights(weightDecay, { mask }),
    scaleByLearningRate(learningRate),
  );
}
