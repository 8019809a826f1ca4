import type { DType } from "../core/dtypes.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { ones } from "../ops/create.js";
import { tanh } from "../ops/unary.js";

/**
 * 1 − decay^count, the weight that a moving average started at 0 has gathered after `count` steps. Written as
 * 2·tanh y / (1 + tanh y) with y = −count·ln(decay)/2, which in float32 neither cancels while decay^count is close to 1
 * nor overflows later.
 * @param decay in [0, 1)
 * @param count int32 scalar, ≥ 1
 * @returns scalar of `dtype` in (0, 1]
 * @internal
 */
export function biasCorrection(decay: number, count: Tensor, dtype: DType): Tensor {
  if (decay === 0) return ones([], { dtype });
  const th = tanh(mul(cast(count, dtype), -Math.log(decay) / 2));
  return div(mul(th, 2), add(th, 1));
}
