import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { softmax } from "../ops/activation.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { take } from "../ops/gather.js";
import { expandDims, flatten, reshape, squeeze } from "../ops/movement.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { topK } from "../ops/sort.js";
import type { Velocity } from "./sample.js";

/** Options of `kernelVelocity`. */
export interface KernelVelocityOptions {
  /** Bandwidth h > 0 of the Gaussian kernel, in units of x. Default 1. */
  bandwidth?: number;
  /** Nearest pairs used, ≥ 1; default 100 (or all, if there are fewer). */
  neighbours?: number;
}

/**
 * Velocity without a network, by Nadaraya-Watson regression on pairs: Σᵢ wᵢ·(x1ᵢ − z)/(1 − t) over the pairs whose
 * interpolation is nearest to z, wᵢ ∝ exp(−‖x_(t,i) − z‖²/(2h²)). For t < 1.
 * @param x0 sources [N, D]
 * @param x1 data [N, D]
 * @returns a velocity for z [B, D]; cost O(B·N·D) a call
 * @throws ShapeError, OptionError
 * @source X. Liu et al., 2022, arXiv 2209.03003, §2.2 (toy examples); deviates: none
 */
export function kernelVelocity(x0: Tensor, x1: Tensor, options: KernelVelocityOptions = {}): Velocity {
  const where = "flow.kernelVelocity";
  checkOptions(where, options, ["bandwidth", "neighbours"]);
  const { bandwidth = 1, neighbours = 100 } = options;
  if (!(bandwidth > 0)) throw new OptionError({ where, want: "bandwidth > 0", got: String(bandwidth) });
  if (!Number.isInteger(neighbours) || neighbours < 1) {
    throw new OptionError({ where, want: "a whole number of neighbours ≥ 1", got: String(neighbours) });
  }
  if (x1.rank !== 2 || !sameShape(x0.shape, x1.shape)) {
    throw new ShapeError({
      where,
      want: "x0 and x1 [N, D]",
      got: `${showShape(x0.shape)}, ${showShape(x1.shape)}`,
    });
  }
  const count = Math.min(neighbours, x1.shape[0]!);
  return (z, t) => {
    const xt = add(mul(x1, t), mul(x0, sub(1, t)));
    const gap = sum(square(sub(expandDims(z, 1), expandDims(xt, 0))), -1);
    const [closeness, index] = topK(mul(gap, -1 / (2 * bandwidth ** 2)), count);
    const near = reshape(take(x1, flatten(index), 0), [z.shape[0]!, count, z.shape[1]!]);
    const target = squeeze(matmul(expandDims(softmax(closeness), 1), near), 1);
    return div(sub(target, z), sub(1, t));
  };
}
