import { customGradient } from "../core/custom.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";

/**
 * A function with another derivative than its own: the value is value(x), the gradient that comes back is multiplied by
 * slope(x). Rounding, signs and hard choices are trained through such slopes.
 * @param x float [...]
 * @param value elementwise, keeps the shape
 * @param slope elementwise, of x's shape
 * @param given Tensors that the slope depends on besides; they get no gradient
 * @returns float [...]
 * @source Y. Bengio, N. Léonard, A. Courville, 2013, arXiv 1308.3432, §4; deviates: the slope is given, not always 1
 */
export function straightThrough<Given extends Tensor[]>(
  x: Tensor,
  value: (x: Tensor) => Tensor,
  slope: (x: Tensor, ...given: Given) => Tensor,
  ...given: Given
): Tensor {
  const forward = (at: Tensor, _: Given): Tensor => value(at);
  return customGradient(forward, (gradient, [at, by]) => [mul(gradient, slope(at, ...by)), undefined])(
    x,
    given,
  );
}
