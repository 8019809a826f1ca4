import { jvp } from "../core/autodiff.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { sameShape, showShape } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { div, maximum, mul, pow, square, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { expandDims, flatten, narrow, reshape, stack } from "../ops/movement.js";
import { max, mean, sum } from "../ops/reduce.js";
import { norm, variance } from "../ops/statistics.js";
import { abs } from "../ops/unary.js";
import type { FlowBatch } from "./coupling.js";
import { flowLoss, type FlowObjective } from "./objective.js";
import type { Path } from "./path.js";
import { endsThrough, type FlowModel } from "./prediction.js";
import { uniformTime } from "./time.js";
import { sampleOde, sampleTrajectory, type Velocity } from "./sample.js";

/** Whether a diagnostic sums over the features, as the paper's formulas do, or averages. Default "mean". */
export interface ReduceOption {
  reduce?: "sum" | "mean";
}

/** [B, ...] → [B] */
function perExample(where: string, x: Tensor, reduce: "sum" | "mean" = "mean"): Tensor {
  if (reduce !== "sum" && reduce !== "mean") {
    throw new OptionError({ where, want: 'reduce "sum" or "mean"', got: String(reduce) });
  }
  const flat = x.rank === 1 ? expandDims(x, 1) : flatten(x, 1);
  return reduce === "sum" ? sum(flat, 1) : mean(flat, 1);
}

function stepsOf(where: string, trajectory: Tensor): number {
  if (trajectory.rank < 2 || trajectory.shape[0]! < 2) {
    throw new ShapeError({
      where,
      want: "a trajectory [T + 1, B, ...], T ≥ 1",
      got: showShape(trajectory.shape),
    });
  }
  return trajectory.shape[0]! - 1;
}

/**
 * S = ∫ E‖(Z1 − Z0) − dZ/dt‖² dt along a trajectory of equal steps in [0, 1]; 0 exactly if every path is straight at
 * constant speed.
 * @param trajectory [T + 1, B, ...], e.g. of `sampleTrajectory`
 * @returns scalar ≥ 0
 * @source X. Liu et al., 2022, arXiv 2209.03003, eq. 6; deviates: averages over features unless `reduce: "sum"`
 */
export function straightness(trajectory: Tensor, options: ReduceOption = {}): Tensor {
  const where = "flow.straightness";
  checkOptions(where, options, ["reduce"]);
  const steps = stepsOf(where, trajectory);
  const speed = mul(sub(narrow(trajectory, 0, 1, steps + 1), narrow(trajectory, 0, 0, steps)), steps);
  const chord = sub(narrow(trajectory, 0, steps, steps + 1), narrow(trajectory, 0, 0, 1));
  return mean(perExample(where, flatten(square(sub(chord, speed)), 0, 1), options.reduce));
}

/**
 * E c(Z1 − Z0) with c = |·|^p summed (or averaged) over the features.
 * @param z0 [B, ...]
 * @param z1 as z0
 * @param options `p` exponent ≥ 1, default 2: rectifying never increases any of these costs
 * @returns scalar ≥ 0
 * @source X. Liu et al., 2022, arXiv 2209.03003, Theorem 3.5; deviates: averages over features unless `reduce: "sum"`
 */
export function transportCost(z0: Tensor, z1: Tensor, options: ReduceOption & { p?: number } = {}): Tensor {
  const where = "flow.transportCost";
  checkOptions(where, options, ["reduce", "p"]);
  const { p = 2, reduce } = options;
  if (!(p >= 1 && p < Infinity)) throw new OptionError({ where, want: "p ≥ 1", got: String(p) });
  if (!sameShape(z0.shape, z1.shape)) {
    throw new ShapeError({ where, want: showShape(z0.shape), got: showShape(z1.shape) });
  }
  const d = sub(z1, z0);
  return mean(perExample(where, p === 2 ? square(d) : pow(abs(d), p), reduce));
}

/**
 * Largest distance of a path from its chord, over the chord's length, averaged over the examples: 0 for straight paths,
 * whatever their speed.
 * @param trajectory [T + 1, B, ...]
 * @returns scalar ≥ 0
 * @source own definition
 */
export function curvature(trajectory: Tensor): Tensor {
  const steps = stepsOf("flow.curvature", trajectory);
  const all = reshape(trajectory, [steps + 1, trajectory.shape[1]!, -1]);
  const start = narrow(all, 0, 0, 1);
  const chord = sub(narrow(all, 0, steps, steps + 1), start);
  const length = maximum(norm(chord, -1, { keepDims: true }), 1e-12);
  const unit = div(chord, length);
  const offset = sub(all, start);
  const along = sum(mul(offset, unit), -1, { keepDims: true });
  const away = norm(sub(offset, mul(along, unit)), -1);
  return mean(div(max(away, 0), reshape(length, [-1])));
}

/**
 * How far a trajectory is from first order: the variance over its steps of the noise that the path through both ends of
 * a step has, averaged over examples and features. 0 exactly for a first-order path, where one step of `ddim` is exact,
 * straight or not. With a trajectory of `ddim` it is the variance of the noise that the model predicts along it.
 * @param trajectory [T + 1, B, ...], T ≥ 1
 * @param grid its T + 1 times
 * @returns scalar ≥ 0
 * @throws ShapeError
 * @source F.-Y. Wang et al., 2024, arXiv 2410.07303, Theorem 1; deviates: none
 */
export function noiseVariance(path: Path, trajectory: Tensor, grid: readonly number[]): Tensor {
  const where = "flow.noiseVariance";
  const steps = stepsOf(where, trajectory);
  if (grid.length !== steps + 1) {
    throw new ShapeError({ where, want: `${steps + 1} times`, got: String(grid.length) });
  }
  const all = reshape(trajectory, [steps + 1, -1]);
  const times = constant(grid, all.dtype === "float64" ? "float64" : "float32").reshape([-1, 1]);
  const part = (x: Tensor, first: 0 | 1): Tensor => narrow(x, 0, first, steps + first);
  const { noise } = endsThrough(path, part(all, 0), part(times, 0), part(all, 1), part(times, 1));
  return mean(variance(noise, 0));
}

/** Options of `lossProfile`. */
export interface LossProfileOptions {
  /** The objective that the loss is of; its `time` is replaced. */
  objective?: FlowObjective;
  /** Equal intervals of [0, 1]. Default 10. */
  bins?: number;
}

/**
 * The training loss against t: its mean over each of equal intervals.
 * @returns float [bins]
 * @throws OptionError
 */
export function lossProfile<P>(
  model: FlowModel<P>,
  params: P,
  batch: FlowBatch,
  key: Tensor,
  options: LossProfileOptions = {},
): Tensor {
  const where = "flow.lossProfile";
  checkOptions(where, options, ["objective", "bins"]);
  const { objective = {}, bins = 10 } = options;
  if (!Number.isInteger(bins) || bins < 1)
    throw new OptionError({ where, want: "a whole number of bins ≥ 1", got: String(bins) });
  const losses = Array.from({ length: bins }, (_, i) => {
    const time = uniformTime({ min: i / bins, max: (i + 1) / bins });
    return flowLoss(model, { ...objective, time })(params, batch, key);
  });
  return stack(losses);
}

/**
 * d²x/dt² = ∂v/∂t + (∂v/∂x)·v of the paths that a velocity makes; 0 everywhere exactly if they are straight at constant
 * speed.
 * @param x [B, ...]
 * @param t scalar
 * @returns as x
 * @source X. Liu et al., 2022, arXiv 2209.03003, §3.2 (the equation of straight flows)
 */
export const acceleration = (velocity: Velocity, x: Tensor, t: Tensor): Tensor =>
  jvp((state: Tensor, time: Tensor) => velocity(state, time), [x, t], [velocity(x, t), onesLike(t)])[1];

/** Options of `inspectFlow`. */
export interface InspectFlowOptions {
  /** Euler steps of the trajectory, whole number ≥ 1. Default 40. */
  steps?: number;
  /** Where paths end. Default 1. */
  to?: number;
  /** Numbers of Euler steps to compare. Default [1]. */
  counts?: readonly number[];
}

/** What there is to see of a flow. */
export interface FlowInspection {
  /** [steps + 1, B, ...] */
  readonly trajectory: Tensor;
  /** As z0, for each of `counts`: where samplers of that many Euler steps end. */
  readonly ends: Tensor[];
  /** Scalars, of the trajectory. */
  readonly straightness: Tensor;
  readonly curvature: Tensor;
  readonly cost: Tensor;
}

/**
 * The paths of a flow, how straight and how long they are, and where fewer steps end: pure, so that it is compiled with
 * what binds the velocity.
 * @param velocity dx/dt
 * @param z0 starts [B, ...]
 * @throws OptionError
 */
export function inspectFlow(
  velocity: Velocity,
  z0: Tensor,
  options: InspectFlowOptions = {},
): FlowInspection {
  checkOptions("flow.inspectFlow", options, ["steps", "to", "counts"]);
  const { steps = 40, to = 1, counts = [1] } = options;
  const trajectory = sampleTrajectory(velocity, z0, { steps, to });
  const ends = counts.map((n) =>
    n === steps ? trajectory.slice(-1) : sampleOde(velocity, z0, { steps: n, to }),
  );
  return {
    ...{ trajectory, ends },
    straightness: straightness(trajectory),
    curvature: curvature(trajectory),
    cost: transportCost(z0, trajectory.slice(-1)),
  };
}
