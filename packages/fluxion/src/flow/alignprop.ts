import { checkOptions } from "../core/errors.js";
import { keys as splitKeys } from "../core/random/index.js";
import type { TrainResult } from "../train/train.js";
import { ancestral } from "./ancestral.js";
import { truncateGradient, truncationMask, type Truncation } from "./gradient-truncation.js";
import type { SampleHook } from "./hooks.js";
import { linearPath } from "./path.js";
import {
  rewardKeys,
  rewardLoss,
  rewardsOf,
  samplesOf,
  tune,
  type RewardLoss,
  type RewardObjective,
  type RewardTuning,
} from "./reward.js";
import { sampleOde } from "./sample.js";
import { ddim } from "./solver.js";
import { velocityOf } from "./velocity.js";

/** What AlignProp differentiates. */
export interface AlignPropObjective<T, P = T> extends RewardObjective<T, P> {
  /** Default: random, one draw a batch. */
  truncation?: Truncation;
  /** Noise redrawn on the way, in [0, 1]: 0 is the deterministic sampler, 1 the ancestral one. Default 0. */
  eta?: number;
  /** Hooks of the sampler, differentiated with it. Default: none. */
  hooks?: readonly SampleHook[];
}

/**
 * The loss of a sampler's reward, differentiable through its steps: −coefficient·mean(R(x_T)), x_T the end of the whole
 * loop. The loop keeps the points between steps and computes each step again for its gradient, so memory is that of T
 * points and one network.
 * @throws OptionError; ShapeError for rewards that are not one a sample
 * @source M. Prabhudesai et al., 2023, arXiv 2310.03739, eq. 3 and Algorithm 1; deviates: without a target the mean
 *   reward itself, where the authors have |R − 10|
 */
export function rewardBackprop<T, P = T>(objective: AlignPropObjective<T, P>): RewardLoss<T> {
  const where = "flow.rewardBackprop";
  checkOptions(where, objective, [...rewardKeys, "truncation", "eta", "hooks"]);
  const { model, reward, path = linearPath(), prediction = "velocity" } = objective;
  const { truncation = { mode: "random" }, eta = 0, hooks = [] } = objective;
  return (trained, { cond }, key) => {
    const [starting, truncating, redrawing] = splitKeys(key, 3);
    const { params, x0, steps } = samplesOf(where, objective, trained, starting);
    const mask = truncationMask(truncating, steps, truncation);
    const x = sampleOde(velocityOf(model, params, { path, prediction, ...(cond ? { cond } : {}) }), x0, {
      ...{ steps, solver: eta === 0 ? ddim(path) : ancestral({ key: redrawing, eta, path }) },
      hooks: [...hooks, truncateGradient(mask)],
    });
    return rewardLoss(rewardsOf(where, reward, x, cond), objective);
  };
}

/**
 * Tunes a sampler to a reward by the gradient through its own steps, best into low-rank weights: `params` a LoRA and
 * `weights` what merges it. `history` has the mean reward of every step. Stop at a target, early, or both: what no
 * reward sees gets worse.
 * @returns what `train` returns
 * @throws OptionError, ShapeError before the first step
 * @source M. Prabhudesai et al., 2023, arXiv 2310.03739, Algorithm 1; deviates: none
 */
export function alignProp<T, P = T>(
  options: AlignPropObjective<T, P> & RewardTuning<T>,
): Promise<TrainResult<T>> {
  return tune<T, AlignPropObjective<T, P>>("flow.alignProp", rewardBackprop, options);
}
