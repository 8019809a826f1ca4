import { stopGradient } from "../core/backward.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { keys as splitKeys, randint } from "../core/random/index.js";
import { sizeOf } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import type { TrainResult } from "../train/train.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { take } from "../ops/gather.js";
import { concat, flatten, narrow, reshape } from "../ops/movement.js";
import { mean, sum } from "../ops/reduce.js";
import { std } from "../ops/statistics.js";
import { ancestral, ancestralStep } from "./ancestral.js";
import { linearPath, timeLike } from "./path.js";
import { convertPrediction, dataAndNoise } from "./prediction.js";
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
import { sampleTrajectory, timeGrid } from "./sample.js";
import { ddim } from "./solver.js";
import { velocityOf } from "./velocity.js";

const conditionOf = (cond: Tensor | undefined) => (cond ? { cond } : {});

/**
 * The policy gradient of a sampler's reward: −mean(Â·Σ log N(x_k+1; mean(x_k), s²))/D over the random steps of an
 * ancestral sample of D elements, Â the rewards brought to mean 0 and deviation 1 within the batch. The reward is only
 * evaluated. Its gradient is that of DDPO with one update a batch, where all importance weights are 1. The last step has no
 * noise and therefore no part in it.
 * @throws OptionError for fewer than two steps or samples; ShapeError
 * @source K. Black et al., 2023, arXiv 2305.13301, eq. 4 (score function); deviates: divided by D, moments of the batch
 */
export function policyGradient<T, P = T>(objective: RewardObjective<T, P>): RewardLoss<T> {
  const where = "flow.policyGradient";
  checkOptions(where, objective, rewardKeys);
  const { model, reward, path = linearPath(), prediction = "velocity" } = objective;
  return (trained, { cond }, key) => {
    const [starting, redrawing] = splitKeys(key, 2);
    const { params, x0, steps } = samplesOf(where, objective, trained, starting);
    const n = x0.shape[0]!;
    if (steps < 2 || n < 2)
      throw new OptionError({ where, want: "two steps and samples or more", got: `${steps}, ${n}` });
    const velocity = velocityOf(model, params, { path, prediction, ...conditionOf(cond) });
    const states = stopGradient(
      sampleTrajectory(velocity, x0, { steps, solver: ancestral({ key: redrawing, path }) }),
    );
    const x = reshape(narrow(states, 0, steps, steps + 1), x0.shape);
    const rewards = stopGradient(rewardsOf(where, reward, x, cond));
    // The last step has no noise. All others are one batch: rows of a step, then those of the next.
    const rows = (from: number): Tensor => flatten2(narrow(states, 0, from, from + steps - 1));
    const grid = timeGrid({ steps });
    const time = (from: number): Tensor =>
      constant(
        grid.slice(from, from + steps - 1).flatMap((t) => Array.from({ length: n }, () => t)),
        x0.dtype,
      );
    const [now, next, t, to] = [rows(0), rows(1), time(0), time(1)];
    const all =
      cond &&
      concat(
        Array.from({ length: steps - 1 }, () => cond),
        0,
      );
    const out = convertPrediction(path, prediction, "velocity", model(params, now, t, all), now, t);
    const ends = dataAndNoise(path, "velocity", out, now, timeLike(t, now));
    const step = ancestralStep(path, ends, timeLike(t, now), timeLike(to, now), 1);
    // What of the logarithm of the density depends on the model.
    const score = mul(flatten(square(div(sub(next, step.mean), step.std)), 1), -0.5);
    const logProbability = sum(reshape(sum(score, 1), [steps - 1, n]), 0);
    const advantage = div(sub(rewards, mean(rewards)), add(std(rewards), 1e-8));
    const loss = div(mean(mul(advantage, logProbability)), -sizeOf(x0.shape.slice(1)));
    return { loss, metrics: { reward: mean(rewards) } };
  };
}

/** [A, B, ...] → [A·B, ...] */
const flatten2 = (x: Tensor): Tensor => reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);

/** `alignProp` by `policyGradient`: the gradient of the reward is not needed. See there. */
export function ddpo<T, P = T>(options: RewardObjective<T, P> & RewardTuning<T>): Promise<TrainResult<T>> {
  return tune<T, RewardObjective<T, P>>("flow.ddpo", policyGradient, options);
}

/** Options of `lateReward` besides the objective. */
export interface LateRewardObjective<T, P = T> extends RewardObjective<T, P> {
  /** Part of the steps, the last ones, that one is drawn from, in (0, 1]. Default 0.25. */
  late?: number;
}

/**
 * The loss of the reward of the data predicted at one of the last steps, one draw a batch: its gradient goes through that
 * prediction only.
 * @throws OptionError; ShapeError
 * @source J. Xu et al., 2023, arXiv 2304.05977, Algorithm 1 (ReFL); deviates: without the term of pre-training
 */
export function lateReward<T, P = T>(objective: LateRewardObjective<T, P>): RewardLoss<T> {
  const where = "flow.lateReward";
  checkOptions(where, objective, [...rewardKeys, "late"]);
  const { model, reward, path = linearPath(), prediction = "velocity", late = 0.25 } = objective;
  if (!(late > 0 && late <= 1)) throw new OptionError({ where, want: "late in (0, 1]", got: String(late) });
  return (trained, { cond }, key) => {
    const [starting, choosing] = splitKeys(key, 2);
    const { params, x0, steps } = samplesOf(where, objective, trained, starting);
    const velocity = velocityOf(model, params, { path, prediction, ...conditionOf(cond) });
    const states = stopGradient(sampleTrajectory(velocity, x0, { steps, solver: ddim(path) }));
    const index = randint(choosing, [], Math.min(steps - 1, Math.floor(steps * (1 - late))), steps);
    const x = take(states, index, 0);
    const t = take(constant(timeGrid({ steps }), x0.dtype), index, 0);
    const { data } = dataAndNoise(path, "velocity", velocity(x, t), x, t);
    return rewardLoss(rewardsOf(where, reward, data, cond), objective);
  };
}

/** `alignProp` by `lateReward`: ReFL. See there. */
export function refl<T, P = T>(
  options: LateRewardObjective<T, P> & RewardTuning<T>,
): Promise<TrainResult<T>> {
  return tune<T, LateRewardObjective<T, P>>("flow.refl", lateReward, options);
}
