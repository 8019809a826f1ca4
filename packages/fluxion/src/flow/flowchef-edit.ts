import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { less, where as choose } from "../ops/compare.js";
import { onesLike } from "../ops/create.js";
import { broadcastTo, flatten } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { flowChef } from "./flowchef.js";
import type { SampleHook } from "./hooks.js";
import type { Velocity } from "./sample.js";

/** Options of `flowChefEdit`. */
export interface FlowChefEditOptions {
  /** The image to edit, as the sampler's x. */
  reference: Tensor;
  /** 1 where the image is to be kept, 0 where it may change; broadcasts against x. Default: 0 everywhere. */
  keep?: Tensor;
  /** The velocity under the condition that describes the image, or none. */
  base: Velocity;
  /** Extra weight of the wanted condition where the image may change, ≥ 0. Default 2. */
  guidance?: number;
  /** Steps from the start that hold on to the whole image: what is small there decides the layout. Default 0. */
  fullSteps?: number;
  /** Steps from the start that are steered. Default: all but the last. */
  maxSteps?: number;
  /** As of `flowChef`. Default 0.5. */
  stepSize?: number;
  /** Default 1. */
  innerSteps?: number;
  /** Which velocity the predicted data are of while steering. Default "combined". */
  steerWith?: "base" | "combined";
}

/**
 * Editing without inversion: a sampler under the wanted condition that is steered towards the image where it is to be
 * kept, v = v_wanted + (1 − keep)·guidance·(v_wanted − v_base).
 * @throws OptionError
 * @source M. Patel et al., 2024, arXiv 2412.00100, Algorithm 3; deviates: plain gradient steps
 */
export function flowChefEdit(options: FlowChefEditOptions): SampleHook {
  const where = "flow.flowChefEdit";
  const known = ["reference", "keep", "base", "guidance", "fullSteps", "maxSteps", "stepSize", "innerSteps"];
  checkOptions(where, options, [...known, "steerWith"]);
  const { reference, keep = mul(reference, 0), base, guidance = 2, fullSteps = 0 } = options;
  const { steerWith = "combined", stepSize = 0.5, innerSteps = 1, maxSteps = Infinity } = options;
  if (!Number.isFinite(guidance) || guidance < 0)
    throw new OptionError({ where, want: "guidance ≥ 0", got: String(guidance) });
  if (!(fullSteps >= 0)) throw new OptionError({ where, want: "fullSteps ≥ 0", got: String(fullSteps) });
  if (steerWith !== "base" && steerWith !== "combined")
    throw new OptionError({ where, want: 'steerWith "base" or "combined"', got: String(steerWith) });
  const steering = { stepSize, innerSteps, maxSteps };
  // Options are checked before anything is traced.
  flowChef({ ...steering, cost: (x) => sum(flatten(x, 1), 1) });
  return {
    name: "flowChefEdit",
    predict(velocity, { x, t }) {
      const wanted = velocity(x, t);
      const more = mul(sub(1, keep), mul(sub(wanted, base(x, t)), guidance));
      return { v: add(wanted, more) };
    },
    steer(at, velocity, memory) {
      const { x, t, v, step } = at;
      const mask = broadcastTo(keep, x.shape);
      const kept = choose(less(step.index, fullSteps), onesLike(mask), mask);
      const cost = (data: Tensor): Tensor => sum(flatten(square(mul(sub(data, reference), kept)), 1), 1);
      const chef = flowChef({ ...steering, cost });
      const seen = steerWith === "base" ? base(x, t) : v;
      const { x: moved } = chef.steer!({ ...at, v: seen }, velocity, memory);
      return { x: moved, v };
    },
  };
}
