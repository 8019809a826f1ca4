import { stopGradient } from "../core/backward.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { flatten } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { abs } from "../ops/unary.js";
import { timeLike } from "./path.js";

/** What `matchingGradient` takes, all of one batch. */
export interface MatchingGradientInput {
  /** Samples of the student [B, ...]. */
  x: Tensor;
  /** The data that the teacher sees in the noised samples. */
  teacher: Tensor;
  /** The data that a model of the student's distribution sees there. */
  fake: Tensor;
  /** Weight of each example, [B]. */
  weight: Tensor;
}

/**
 * The direction in which samples leave the student's distribution for the teacher's, in units of the data:
 * (fake − teacher)·weight/mean|x − teacher|, example by example. A descent step moves x towards what the teacher sees.
 * @returns as x; no gradient goes through it
 * @source T. Yin et al., 2023, arXiv 2311.18828, eq. 7 and 8; Y. Xu et al., 2025, arXiv 2502.15681, §3.1 (weight);
 *   deviates: none
 */
export function matchingGradient({ x, teacher, fake, weight }: MatchingGradientInput): Tensor {
  const distance = add(mean(flatten(abs(sub(x, teacher)), 1), 1), 1e-6);
  return stopGradient(mul(sub(fake, teacher), timeLike(div(weight, distance), x)));
}

/** A loss whose gradient with respect to x is `gradient` over the number of elements: ½·mean(x − sg[x − gradient])². */
export const pseudoLoss = (x: Tensor, gradient: Tensor): Tensor =>
  mul(mean(square(sub(x, stopGradient(sub(x, gradient))))), 0.5);
