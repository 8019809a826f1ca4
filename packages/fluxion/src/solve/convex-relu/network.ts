// Two-layer ReLU networks as plain data: prediction, cost, and recovery from the convex program's solution.
import { ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { checkFeatures, checkObjective, type ReluObjective } from "./problem.js";

/** f(x) = Σⱼ (x·uⱼ)₊·αⱼ. */
export interface ReluNetwork {
  /** Hidden weights uⱼ, float64 [M, D] row-major. */
  readonly hidden: Float64Array;
  /** Output weights αⱼ, float64 [M]. */
  readonly output: Float64Array;
}

/** Weights of the convex program: vᵢ and wᵢ of pattern i, float64 [P, D] row-major each. */
export interface ConvexWeights {
  readonly v: Float64Array;
  readonly w: Float64Array;
}

/**
 * The network's outputs.
 * @param features float [N, D]
 * @returns float64 [N]
 * @throws ShapeError, FormatError
 */
export function reluOutputs(network: ReluNetwork, features: ArrayData): Float64Array {
  const where = "solve.reluOutputs";
  const { x, n, d } = checkFeatures(where, features);
  const { hidden, output } = network;
  if (hidden.length !== output.length * d)
    throw new ShapeError({
      where,
      want: `hidden weights [${output.length}, ${d}]`,
      got: `${hidden.length} numbers`,
    });
  return outputsOf(network, x, n, d);
}

/** `reluOutputs` of checked data. @internal */
export function outputsOf(
  { hidden, output }: ReluNetwork,
  x: Float64Array,
  n: number,
  d: number,
): Float64Array {
  const yhat = new Float64Array(n);
  for (let j = 0; j < output.length; j++) {
    for (let k = 0; k < n; k++) {
      let dot = 0;
      for (let i = 0; i < d; i++) dot += x[k * d + i]! * hidden[j * d + i]!;
      if (dot > 0) yhat[k]! += dot * output[j]!;
    }
  }
  return yhat;
}

/**
 * The cost of training, l(f(X), y) + (β/2)·Σⱼ(‖uⱼ‖² + αⱼ²).
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, the non-convex problem of §2.1; deviates: none
 */
export function reluCost(network: ReluNetwork, objective: ReluObjective): number {
  const { y, beta, loss } = checkObjective("solve.reluCost", objective);
  const yhat = reluOutputs(network, objective.x);
  const squares = (a: Float64Array): number => a.reduce((sum, v) => sum + v * v, 0);
  return (
    yhat.reduce((sum, v, k) => sum + loss.value(v, y[k]!), 0) +
    (beta / 2) * (squares(network.hidden) + squares(network.output))
  );
}

/**
 * The network of a solution of the convex program: uᵢ = vᵢ/√‖vᵢ‖, αᵢ = √‖vᵢ‖, and for wᵢ the same with αᵢ negative.
 * Pairs that are zero give no unit. Its cost is the convex program's if the solution is feasible.
 * @throws ShapeError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, theorem 2.1's recovery; Pilanci, Ergen, 2020, eq. 12;
 *   deviates: none
 */
export function recoverNetwork({ v, w }: ConvexWeights, d: number): ReluNetwork {
  if (v.length !== w.length || !(d >= 1) || v.length % d !== 0)
    throw new ShapeError({
      where: "solve.recoverNetwork",
      want: `v, w [P, ${d}]`,
      got: `${v.length} and ${w.length}`,
    });
  const [hidden, output]: [number[], number[]] = [[], []];
  for (const [weights, sign] of [
    [v, 1],
    [w, -1],
  ] as const) {
    for (let i = 0; i < weights.length; i += d) {
      const row = weights.subarray(i, i + d);
      const root = row.reduce((sum, v) => sum + v * v, 0) ** 0.25;
      if (root === 0) continue;
      for (const value of row) hidden.push(value / root);
      output.push(sign * root);
    }
  }
  return { hidden: Float64Array.from(hidden), output: Float64Array.from(output) };
}
