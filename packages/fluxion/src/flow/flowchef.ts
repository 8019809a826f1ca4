import { grad, vjp } from "../core/autodiff.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { less, where as choose } from "../ops/compare.js";
import { flatten } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { sqrt } from "../ops/unary.js";
import type { SampleHook } from "./hooks.js";
import type { Velocity } from "./sample.js";

/** What a sampler is steered by: the cost of predicted data [B, ...], one number an example, [B]. */
export type SteeringCost = (data: Tensor) => Tensor;

/** Options that steering hooks share. */
export interface SteeringOptions {
  cost: SteeringCost;
  /** s of x ← x − ½·s·∇cost, > 0: for ‖x − y‖² the part of the distance that a step goes. Default 0.08. */
  stepSize?: number;
  /** Steps at the end that are not steered, ≥ 0. Default 1: what the last one adds, no step would clean. */
  skipLast?: number;
  /** Steps from the start that are steered. Default: all. */
  maxSteps?: number;
}

/** Options of `flowChef`. */
export interface FlowChefOptions extends SteeringOptions {
  /** Gradient steps within a step of the sampler, ≥ 1. Default 1. */
  innerSteps?: number;
}

const sharedKeys = ["cost", "stepSize", "skipLast", "maxSteps"];

/** @throws OptionError */
function checkSteering(where: string, options: SteeringOptions, innerSteps: number): void {
  const { cost, stepSize = 0.08, skipLast = 1, maxSteps = Infinity } = options;
  const bad = (want: string, got: unknown): never => {
    throw new OptionError({ where, want, got: String(got) });
  };
  if (typeof cost !== "function") bad("cost, a function of the predicted data", typeof cost);
  if (!(stepSize >= 0 && stepSize < Infinity)) bad("stepSize ≥ 0", stepSize);
  if (!Number.isInteger(skipLast) || skipLast < 0) bad("skipLast, a whole number ≥ 0", skipLast);
  if (!(maxSteps >= 0)) bad("maxSteps ≥ 0", maxSteps);
  if (!Number.isInteger(innerSteps) || innerSteps < 1) bad("innerSteps, a whole number ≥ 1", innerSteps);
}

/** The data that a velocity of the linear path points to: x + (1 − t)·v. */
const dataOf = (x: Tensor, t: Tensor, v: Tensor): Tensor => add(x, mul(v, sub(1, t)));

/** `moved` in the steps that are steered, `x` in the rest. */
function whileSteered(
  { skipLast = 1, maxSteps = Infinity }: SteeringOptions,
  { index, steps }: { index: Tensor; steps: number },
  moved: Tensor,
  x: Tensor,
): Tensor {
  const until = Math.max(0, Math.min(steps - skipLast, maxSteps));
  return until >= steps ? moved : choose(less(index, until), moved, x);
}

/** ½·s·∇cost at predicted data. */
const push = ({ cost, stepSize = 0.08 }: SteeringOptions, data: Tensor): Tensor =>
  mul(grad((z: Tensor) => sum(cost(z)))(data), stepSize / 2);

/**
 * FlowChef: steers a flow by the gradient of a cost at the data it predicts, x ← x − ½·s·∇cost(x̂) with x̂ = x + (1 − t)·v
 * and v held fixed; then the step goes on with that v. No gradient enters the network, which is evaluated once a step:
 * it may be one that only evaluates (`sampleOdeAsync`). For velocities of the linear path, best of a straightened flow.
 * @throws OptionError
 * @source M. Patel et al., 2024, arXiv 2412.00100, Theorem 4.3 and Algorithm 1; deviates: plain gradient steps with a size that
 *   does not depend on the number of pixels, where the latent pipelines take Adam
 */
export function flowChef(options: FlowChefOptions): SampleHook {
  const where = "flow.flowChef";
  checkOptions(where, options, [...sharedKeys, "innerSteps"]);
  const { innerSteps = 1 } = options;
  checkSteering(where, options, innerSteps);
  return {
    name: "flowChef",
    steer({ x, t, v, step }) {
      let moved = x;
      for (let i = 0; i < innerSteps; i++) moved = sub(moved, push(options, dataOf(moved, t, v)));
      return { x: whileSteered(options, step, moved, x), v };
    },
  };
}

/**
 * Steering with the exact gradient, x ← x − ½·s·∇ₓcost(x + (1 − t)·v(x, t)), back through the network; then the velocity is
 * evaluated again. FreeDoM's rule for a flow: the dearer and, by quality, the better baseline.
 * @throws OptionError
 * @source J. Yu et al., 2023, arXiv 2303.09833, Algorithm 1, as compared with in arXiv 2412.00100; deviates: a flow, no
 *   time travel
 */
export function freeDom(options: SteeringOptions): SampleHook {
  const where = "flow.freeDom";
  checkOptions(where, options, sharedKeys);
  checkSteering(where, options, 1);
  const { cost, stepSize = 0.08 } = options;
  return {
    name: "freeDom",
    steer({ x, t, step }, velocity) {
      const total = (z: Tensor): Tensor => sum(cost(dataOf(z, t, velocity(z, t))));
      const moved = sub(x, mul(grad(total)(x), stepSize / 2));
      const start = whileSteered(options, step, moved, x);
      return { x: start, v: velocity(start, t) };
    },
  };
}

/**
 * How well FlowChef's gradient stands in for the exact one: the cosine of ∇ₓcost(x̂) through the network and ∇cost at x̂,
 * by example. 1 for a flow that is straight around x, and towards t = 1 for any.
 * @param x [B, ...]
 * @param t scalar
 * @returns [B], in [−1, 1]
 * @source M. Patel et al., 2024, arXiv 2412.00100, Fig. 9; deviates: none
 */
export function gradientAlignment(velocity: Velocity, x: Tensor, t: Tensor, cost: SteeringCost): Tensor {
  const [data, pullback] = vjp((z: Tensor) => dataOf(z, t, velocity(z, t)), x);
  const skipped = grad((z: Tensor) => sum(cost(z)))(data);
  const [exact] = pullback(skipped);
  const dot = (a: Tensor, b: Tensor): Tensor => sum(flatten(mul(a, b), 1), 1);
  return div(dot(exact, skipped), sqrt(mul(dot(exact, exact), dot(skipped, skipped))));
}
