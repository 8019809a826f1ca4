import type { Tensor } from "../core/tensor.js";
import { mul, pow, square, sub } from "../ops/arithmetic.js";
import { flatten, narrow } from "../ops/movement.js";
import { max, mean, norm, sum } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";

/** Whether a diagnostic sums over the features, as the papers' formulas do, or averages. Default "mean". */
export interface ReduceOption {
  reduce?: "sum" | "mean";
}

const perExample = (x: Tensor, { reduce = "mean" }: ReduceOption): Tensor => {
  const flat = flatten(x, 1);
  return reduce === "sum" ? sum(flat, 1) : mean(flat, 1);
};

/**
 * S = ∫ E‖(Z1 − Z0) − dZ/dt‖² dt along a trajectory of equal steps in [0, 1]; 0 exactly if every path is straight at
 * constant speed.
 * @param trajectory [T + 1, B, ...]
 * @source X. Liu et al., 2022, arXiv 2209.03003, eq. 6; deviates: averages over features unless `reduce: "sum"`
 */
export function straightness(trajectory: Tensor, options: ReduceOption = {}): Tensor {
  const steps = trajectory.shape[0]! - 1;
  const from = narrow(trajectory, 0, 0, steps);
  const speed = mul(sub(narrow(trajectory, 0, 1, steps + 1), from), steps);
  const chord = sub(narrow(trajectory, 0, steps, steps + 1), narrow(trajectory, 0, 0, 1));
  const gap = square(sub(chord, speed));
  return mean(perExample(flatten(gap, 0, 1), options));
}

/**
 * E c(Z1 − Z0) with c = |·|^p summed (or averaged) over the features.
 * @param p exponent ≥ 1, default 2
 */
export function transportCost(z0: Tensor, z1: Tensor, options: ReduceOption & { p?: number } = {}): Tensor {
  const { p = 2 } = options;
  const d = sub(z1, z0);
  return mean(perExample(p === 2 ? square(d) : pow(abs(d), p), options));
}

/**
 * Largest distance of a path from its chord, over the chord's length, averaged over the examples: 0 for straight
 * paths, whatever their speed.
 * @param trajectory [T + 1, B, ...]
 */
export function curvature(trajectory: Tensor): Tensor {
  const steps = trajectory.shape[0]! - 1;
  const all = trajectory.reshape([steps + 1, trajectory.shape[1]!, -1]);
  const start = narrow(all, 0, 0, 1);
  const chord = sub(narrow(all, 0, steps, steps + 1), start);
  const length = norm(chord, -1, { keepDims: true });
  const unit = chord.div(length.maximum(1e-12));
  const offset = sub(all, start);
  const along = sum(mul(offset, unit), -1, { keepDims: true });
  const away = norm(sub(offset, mul(along, unit)), -1);
  return mean(max(away, 0).div(length.reshape([-1]).maximum(1e-12)));
}
