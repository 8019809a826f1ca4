import { jacobian } from "../core/autodiff.js";
import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { eye } from "../ops/create.js";
import { solve } from "../ops/linalg/solve.js";
import { matmul } from "../ops/matmul.js";
import { swapAxes } from "../ops/movement.js";
import { checkRange, checkWhole } from "../optim/options.js";

/** Options of `unrolledLevenbergMarquardt`. */
export interface UnrolledOptions {
  /** Default 5. */
  iterations?: number;
  /** λ, the same in all iterations, number ≥ 0. Default 1e-3. */
  damping?: number;
}

/**
 * A fixed number of steps of Levenberg's and Marquardt's method as Tensor operations, to be differentiated step by step:
 * the reference and the alternative for `attachArgmin`. Its gradient is that of the last iterate, not of the minimum, and
 * its memory grows with the iterations.
 * @param residual r, [N] → [M]
 * @param start [N]
 * @returns [N]
 * @throws OptionError, ShapeError
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §2 (unrolling); deviates: every step is made
 */
export function unrolledLevenbergMarquardt(
  residual: (x: Tensor) => Tensor,
  start: Tensor,
  options: UnrolledOptions = {},
): Tensor {
  const where = "solve.unrolledLevenbergMarquardt";
  checkOptions(where, options, ["iterations", "damping"]);
  const { iterations = 5, damping = 1e-3 } = options;
  checkWhole(where, "iterations", iterations, 0);
  checkRange(where, "damping", damping, "[0, ∞)");
  const slopes = jacobian(residual);
  let x = start;
  for (let i = 0; i < iterations; i++) {
    const j = slopes(x);
    const gram = matmul(swapAxes(j, -2, -1), j);
    const damped = add(gram, mul(mul(gram, eye(gram.shape[0]!, { dtype: gram.dtype })), damping));
    x = sub(x, solve(damped, matmul(swapAxes(j, -2, -1), residual(x))));
  }
  return x;
}
