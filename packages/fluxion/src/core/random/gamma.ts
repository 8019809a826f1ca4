import { customGradient } from "../custom.js";
import { isFloat } from "../dtypes.js";
import { DtypeError, GradientError, OptionError, ShapeError } from "../errors.js";
import { broadcastShapes, sameShape, showShape, type Shape } from "../shape.js";
import { constant, Tensor } from "../tensor.js";
import { add, div, mul, square, sub } from "../../ops/arithmetic.js";
import { cast, greater, less, logicalAnd, where } from "../../ops/compare.js";
import { onesLike, zerosLike } from "../../ops/create.js";
import { broadcastTo, slice } from "../../ops/movement.js";
import { max, sum } from "../../ops/reduce.js";
import { exp, log, sigmoid, sqrt } from "../../ops/unary.js";
import { keys } from "./key.js";
import { normal } from "./normal.js";
import { uniform } from "./uniform.js";

/** Candidates per number; each is refused with probability below 0.049, so all are with probability below 1.4e-8. */
const CANDIDATES = 6;

/** A parameter as float32, checked if it is a number. @internal */
export function positive(where: string, name: string, value: number | Tensor): Tensor {
  if (value instanceof Tensor) {
    if (!isFloat(value.dtype)) throw new DtypeError({ where, want: `float ${name}`, got: value.dtype });
    return cast(value, "float32");
  }
  if (!(value > 0 && value < Infinity))
    throw new OptionError({ where, want: `finite ${name} > 0`, got: String(value) });
  return constant(value, "float32");
}

/** The shape of the draw: that of the parameters, or one they broadcast to. @internal */
export function drawShape(where: string, shape: Shape | undefined, ...params: Tensor[]): Shape {
  const common = broadcastShapes(where, ...params.map((t) => t.shape));
  if (shape && !sameShape(broadcastShapes(where, common, shape), shape))
    throw new ShapeError({
      where,
      want: `a shape that ${showShape(common)} broadcasts to`,
      got: showShape(shape),
    });
  return shape ?? common;
}

/** Logarithms of gamma numbers: those of small α are too small for a float. */
function logGamma(where_: string, key: Tensor, alpha: Tensor, shape: Shape): Tensor {
  const draw = (a: Tensor): Tensor => {
    const [first, second, third] = keys(key, 3);
    const one = onesLike(a);
    const small = less(a, 1);
    const d = sub(where(small, add(a, 1), a), 1 / 3);
    const c = div(1 / 3, sqrt(d));
    const x = normal(first, [CANDIDATES, ...shape]);
    const root = add(mul(c, x), 1);
    const inside = greater(root, 0);
    const logV = mul(log(where(inside, root, onesLike(root))), 3);
    // 1 − u lies in (0, 1]: its logarithm is finite.
    const logU = log(sub(1, uniform(second, [CANDIDATES, ...shape])));
    const bound = add(mul(square(x), 0.5), mul(d, add(sub(1, exp(logV)), logV)));
    const accepted = logicalAnd(inside, less(logU, bound));
    let v = zerosLike(slice(logV, 0));
    for (let i = CANDIDATES - 1; i >= 0; i--) v = where(slice(accepted, i), slice(logV, i), v);
    const boost = div(log(sub(1, uniform(third, shape))), where(small, a, one));
    const value = add(add(log(d), v), where(small, boost, zerosLike(boost)));
    return where(greater(a, 0), value, constant(NaN, "float32"));
  };
  return customGradient(draw, () => {
    const hint = "draw with stopGradient(parameter), or use a score-function estimate";
    throw new GradientError({ where: where_, got: "a request for the gradient of its numbers", hint });
  })(broadcastTo(alpha, shape));
}

/**
 * Gamma numbers of shape α and scale 1, by G. Marsaglia and W. W. Tsang's rejection with six candidates for each
 * number; below 1.4e-8 of the numbers, whose candidates were all refused, are α − 1/3 instead (for α < 1: of α + 1).
 * α < 1 goes by x·u^(1/α). Scale by multiplication. float32.
 * @param key uint32 [2]
 * @param alpha > 0; a Tensor broadcasts to the shape, and gives NaN where it is not positive
 * @param shape default: that of alpha
 * @throws OptionError unless a number α is positive and finite. Differentiating by α throws GradientError.
 * @source G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000), §4; deviates:
 *   a bounded number of candidates, no squeeze
 */
export function gamma(key: Tensor, alpha: number | Tensor, shape?: Shape): Tensor {
  const a = positive("random.gamma", "alpha", alpha);
  return exp(logGamma("random.gamma", key, a, drawShape("random.gamma", shape, a)));
}

/**
 * Beta numbers, x/(x + y) of gamma numbers x of shape a, y of shape b. float32; accuracy as `gamma`.
 * @param key uint32 [2]
 * @param a > 0
 * @param b > 0
 * @param shape default: the common one of a and b
 * @throws OptionError unless numbers a and b are positive and finite
 */
export function beta(key: Tensor, a: number | Tensor, b: number | Tensor, shape?: Shape): Tensor {
  const where_ = "random.beta";
  const [p, q] = [positive(where_, "a", a), positive(where_, "b", b)];
  const dims = drawShape(where_, shape, p, q);
  const [first, second] = keys(key, 2);
  return sigmoid(sub(logGamma(where_, first, p, dims), logGamma(where_, second, q, dims)));
}

/**
 * Points of the simplex: gamma numbers divided by their sum. float32; accuracy as `gamma`.
 * @param key uint32 [2]
 * @param alpha > 0, [..., K]
 * @param shape leading axes of the result; default those of alpha
 * @returns [...shape, K], non-negative with sum 1
 * @throws ShapeError for a scalar alpha
 */
export function dirichlet(key: Tensor, alpha: Tensor, shape?: Shape): Tensor {
  const where_ = "random.dirichlet";
  const a = positive(where_, "alpha", alpha);
  if (a.rank === 0) throw new ShapeError({ where: where_, want: "alpha of shape [..., K]", got: "[]" });
  const dims = drawShape(where_, shape && [...shape, a.shape[a.rank - 1]!], a);
  const logs = logGamma(where_, key, a, dims);
  const weights = exp(sub(logs, max(logs, -1, { keepDims: true })));
  return div(weights, sum(weights, -1, { keepDims: true }));
}
