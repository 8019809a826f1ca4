import { lbfgs } from "../lbfgs.js";
import { sigmoid } from "./boosting-loss.js";

/** J sigmoid units and a linear map of them, flat: hidden [J, d + 1] (last column the bias), then output [J + 1, c] (last row). @internal */
export interface WeakShape {
  readonly d: number;
  readonly units: number;
  readonly outputs: number;
}

/** Numbers in a learner. @internal */
export const weakSize = ({ d, units, outputs }: WeakShape): number => units * (d + 1) + (units + 1) * outputs;

/** h [n, c] of a learner on x [n, d]. @internal */
export function weakOutputs(
  weights: Float64Array,
  shape: WeakShape,
  x: Float64Array,
  n: number,
): Float64Array {
  const { d, units, outputs: c } = shape;
  const out = new Float64Array(n * c);
  const to = units * (d + 1);
  const active = new Float64Array(units);
  for (let i = 0; i < n; i++) {
    activate(weights, shape, x, i, active);
    for (let k = 0; k < c; k++) {
      let sum = weights[to + units * c + k]!;
      for (let j = 0; j < units; j++) sum += active[j]! * weights[to + j * c + k]!;
      out[i * c + k] = sum;
    }
  }
  return out;
}

function activate(
  weights: Float64Array,
  { d, units }: WeakShape,
  x: Float64Array,
  i: number,
  out: Float64Array,
): void {
  for (let j = 0; j < units; j++) {
    const row = j * (d + 1);
    let sum = weights[row + d]!;
    for (let l = 0; l < d; l++) sum += weights[row + l]! * x[i * d + l]!;
    out[j] = sigmoid(sum);
  }
}

/** How a learner is fitted. @internal */
export interface WeakFit {
  readonly l2: number;
  readonly maxIterations: number;
  readonly uniform: () => number;
}

/**
 * Fits a learner to residuals by least squares with L-BFGS from fresh random weights:
 * ½·mean (r − h)² + (l2/2n)·(squares of the weights, biases left out).
 * @param x [n, d]
 * @param r [n, c]
 * @returns weights, and the multiply-adds that it took
 * @source Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, Algorithm 1 (line 4); deviates: none
 * @internal
 */
export async function fitWeakLearner(
  x: Float64Array,
  r: Float64Array,
  n: number,
  shape: WeakShape,
  { l2, maxIterations, uniform }: WeakFit,
): Promise<{ weights: Float64Array; work: number }> {
  const { d, units, outputs: c } = shape;
  const to = units * (d + 1);
  const spread = (fanIn: number, fanOut: number): number =>
    Math.sqrt(2 / (fanIn + fanOut)) * (2 * uniform() - 1);
  const start = Float64Array.from({ length: weakSize(shape) }, (_, i) =>
    i < to ? spread(d, units) : spread(units, c),
  );
  const penalised = (i: number): boolean => (i < to ? i % (d + 1) !== d : i < to + units * c);
  const active = new Float64Array(units);
  const error = new Float64Array(c);
  const value = (weights: Float64Array): { value: number; gradient: Float64Array } => {
    const gradient = new Float64Array(weights.length);
    let squares = 0;
    for (let i = 0; i < n; i++) {
      activate(weights, shape, x, i, active);
      for (let k = 0; k < c; k++) {
        let sum = weights[to + units * c + k]! - r[i * c + k]!;
        for (let j = 0; j < units; j++) sum += active[j]! * weights[to + j * c + k]!;
        error[k] = sum;
        squares += sum * sum;
        gradient[to + units * c + k]! += sum;
        for (let j = 0; j < units; j++) gradient[to + j * c + k]! += active[j]! * sum;
      }
      for (let j = 0; j < units; j++) {
        let back = 0;
        for (let k = 0; k < c; k++) back += error[k]! * weights[to + j * c + k]!;
        back *= active[j]! * (1 - active[j]!);
        const row = j * (d + 1);
        for (let l = 0; l < d; l++) gradient[row + l]! += back * x[i * d + l]!;
        gradient[row + d]! += back;
      }
    }
    let norm = 0;
    for (let i = 0; i < weights.length; i++) {
      gradient[i]! /= n * c;
      if (!penalised(i)) continue;
      gradient[i]! += (l2 / n) * weights[i]!;
      norm += weights[i]! ** 2;
    }
    return { value: squares / (2 * n * c) + (l2 / (2 * n)) * norm, gradient };
  };
  const { x: weights, evaluations } = await lbfgs(value, start, {
    maxIterations,
    tolerance: 1e-5,
    valueTolerance: 1e-9,
  });
  return { weights, work: evaluations * n * 2 * (units * (d + 1) + (units + 1) * c) };
}
