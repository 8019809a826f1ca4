import { stopGradient } from "../core/backward.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { keys } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import type { TrainResult } from "../train/train.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { zeros } from "../ops/create.js";
import { mean } from "../ops/reduce.js";
import { gaussianSource, pairsCoupling, type Source } from "./coupling.js";
import { trainPairs, type DistilOptions } from "./fit.js";
import { l2, type Metric } from "./metric.js";
import { flowLoss, type FlowLoss } from "./objective.js";
import { timeLike } from "./path.js";
import type { FlowModel } from "./prediction.js";
import { fixedTime, uniformTime } from "./time.js";

/** Options of the guidance of a one-step student by the flow it is distilled from. */
export interface FlowGuidanceOptions {
  /** Whose velocity makes the first of the two steps. Default "student", which is cheaper and better. */
  first?: "student" | "teacher";
  /** Where the second step begins: uniform between these, within [0, 1]. Default 0.2 and 0.8. */
  from?: number;
  to?: number;
  /** Of the two-step term, against 1 of the regression on the pairs; ≥ 0, default 1. */
  weight?: number;
  /** Distance of images. Default `l2()`. */
  metric?: Metric;
  /** Of the noise that the two-step term is drawn with, anew at every step. Default N(0, I). */
  source?: Source;
}

/** The names of `FlowGuidanceOptions`. */
const guidanceKeys = ["first", "from", "to", "weight", "metric", "source"];

/**
 * Where two Euler steps take noise, 0 → t → 1 on the linear path: z + t·u + (1 − t)·v(z + t·u, t) with u the velocity of
 * the first step.
 * @param z [B, ...]
 * @param u as z
 * @param t [B]
 */
export function twoStepTarget(
  velocity: (x: Tensor, t: Tensor) => Tensor,
  z: Tensor,
  u: Tensor,
  t: Tensor,
): Tensor {
  const time = timeLike(t, z);
  const between = add(z, mul(u, time));
  return add(between, mul(velocity(between, t), sub(1, time)));
}

/**
 * Loss of a one-step student z + v′(z, 0): its distance to the ends of stored pairs, and on fresh noise its distance to
 * where two steps lead, the second one by the teacher. No gradient goes into the target.
 * @param teacher parameters of the flow (of velocities on the linear path) that made the pairs
 * @throws OptionError
 * @source Y. Zhu et al., 2024, arXiv 2407.12718 (flow-guided distillation); deviates: by default as in the official code, where the
 *   student itself takes the first step and t is in [0.2, 0.8]; with `first: "teacher"`, from 0 to 1 as in the paper
 */
export function flowGuidedLoss<P>(
  model: FlowModel<P>,
  teacher: P,
  options: FlowGuidanceOptions = {},
): FlowLoss<P> {
  const where = "flow.flowGuidedLoss";
  checkOptions(where, options, guidanceKeys);
  const { first = "student", from = 0.2, to = 0.8, weight = 1 } = options;
  const { metric = l2(), source = gaussianSource() } = options;
  if (first !== "student" && first !== "teacher")
    throw new OptionError({ where, want: "first student or teacher", got: String(first) });
  if (!(weight >= 0)) throw new OptionError({ where, want: "weight ≥ 0", got: String(weight) });
  const times = uniformTime({ min: from, max: to });
  const regression = flowLoss(model, {
    ...{ coupling: pairsCoupling(), time: fixedTime(0), space: "data", metric },
  });
  return (params, batch, key) => {
    const [pairs, drawing, timing] = keys(key, 3);
    const z = source(drawing, batch.x1);
    const count = z.shape[0]!;
    const start = zeros([count]);
    const own = model(params, z, start, batch.cond);
    const u = first === "student" ? own : model(teacher, z, start, batch.cond);
    const t = times.sample(timing, count);
    const velocity = (x: Tensor, time: Tensor): Tensor => model(teacher, x, time, batch.cond);
    const target = stopGradient(twoStepTarget(velocity, z, stopGradient(u), t));
    return add(regression(params, batch, pairs), mul(mean(metric(add(z, own), target)), weight));
  };
}

/** Options of `distilGuided`. */
export type DistilGuidedOptions<P> = Omit<DistilOptions<P>, "objective" | "samplerSteps"> & {
  /** Parameters of the flow that made the pairs: its average. Default: `params`. */
  teacher?: P;
  guidance?: FlowGuidanceOptions;
};

/**
 * Distils a flow into its own one-step student with guidance by the flow, which stands in for pairs that are too few:
 * `distil` with `flowGuidedLoss`. Velocities on the linear path.
 * @throws ShapeError, OptionError before the first step
 * @source Y. Zhu et al., 2024, arXiv 2407.12718 (flow-guided distillation)
 */
export function distilGuided<P>(options: DistilGuidedOptions<P>): Promise<TrainResult<P>> {
  const { teacher = options.params, guidance = {}, ...rest } = options;
  return trainPairs("flow.distilGuided", rest, flowGuidedLoss(rest.model, teacher, guidance));
}
