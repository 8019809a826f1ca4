import { OptionError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { softmax } from "../ops/activation.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { expandDims, flatten, reshape } from "../ops/movement.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { take } from "../ops/indexing.js";
import { topK } from "../ops/sort.js";
import type { Velocity } from "./sample.js";

/** Options of `kernelVelocity`. */
export interface KernelVelocityOptions {
  /** Bandwidth h > 0 of the Gaussian kernel. Default 1. */
  bandwidth?: number;
  /** Nearest pairs used; default 100 (or all, if fewer). */
  neighbours?: number;
}

/**
 * Velocity without a network, by Nadaraya-Watson regression on pairs: Σᵢ wᵢ·(x1ᵢ − z)/(1 − t) over the pairs whose
 * interpolation is nearest to z, wᵢ ∝ exp(−‖x_(t,i) − z‖²/(2h²)). For t < 1.
 * @param x0 sources [N, D]
 * @param x1 data [N, D]
 * @source X. Liu et al., 2022, arXiv 2209.03003, §2.2 (toy examples); deviates: none
 */
export function kernelVelocity(x0: Tensor, x1: Tensor, options: KernelVelocityOptions = {}): Velocity {
  const { bandwidth = 1, neighbours = 100 } = options;
  if (!(bandwidth > 0))
    throw new OptionError({ where: "flow.kernelVelocity", want: "bandwidth > 0", got: String(bandwidth) });
  const count = Math.min(neighbours, x0.shape[0]!);
  return (z, t) => {
    const xt = add(mul(x1, t), mul(x0, sub(1, t)));
    const distance = sum(square(sub(expandDims(z, 1), expandDims(xt, 0))), -1);
    const { values, indices } = topK(mul(distance, -1 / (2 * bandwidth ** 2)), count);
    const weights = softmax(values);
    const near = reshape(take(x1, flatten(indices), 0), [z.shape[0]!, count, sizeOf(x1.shape.slice(1))]);
    const target = reshape(matmul(expandDims(weights, 1), near), z.shape);
    return target.sub(z).div(sub(1, t));
  };
}
