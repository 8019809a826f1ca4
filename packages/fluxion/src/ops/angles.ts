import { isFloat, promote } from "../core/dtypes.js";
import { apply1, type Op } from "../core/node.js";
import { broadcastShapes } from "../core/shape.js";
import { asTensor, Tensor, type TensorLike } from "../core/tensor.js";
import { add, div, maximum, mul, square, sub } from "./arithmetic.js";
import { cast, equal, greater, less, logicalAnd, where } from "./compare.js";
import { onesLike, zerosLike } from "./create.js";
import { batchElementwise } from "./batching.js";
import { composedOp, floatFunction, inDouble, odd } from "./composed.js";
import { sumTo } from "./reduce.js";
import { abs, cos, neg, reciprocal, sin, sqrt } from "./unary.js";

/** tan x, x in radians. */
export const tan = floatFunction(
  composedOp(
    "Tan",
    (_, ct, y) => mul(ct, add(square(y), 1)),
    inDouble((x) => div(sin(x), cos(x))),
  ),
);

/** Inverse tangent in (−π/2, π/2). */
export const atan = floatFunction(
  composedOp(
    "Atan",
    (x, ct) => div(ct, add(square(x), 1)),
    inDouble(
      odd((a) => {
        const steep = greater(a, 1);
        const b = where(steep, reciprocal(a), a);
        // The angle in single precision, and the small angle that it lacks: tan(α − β) by the addition theorem.
        const rough = cast(atan(cast(b, "float32")), "float64");
        const [c, s] = [cos(rough), sin(rough)];
        const angle = add(rough, div(sub(mul(b, c), s), add(c, mul(b, s))));
        return where(steep, sub(Math.PI / 2, angle), angle);
      }),
    ),
  ),
);

/** Inverse sine in [−π/2, π/2]. */
export const asin = floatFunction(
  composedOp(
    "Asin",
    (x, ct) => div(ct, cosineOf(x)),
    inDouble((x) => mul(atan(div(x, add(cosineOf(x), 1))), 2)),
  ),
);

/** Inverse cosine in [0, π]. */
export const acos = floatFunction(
  composedOp(
    "Acos",
    (x, ct) => neg(div(ct, cosineOf(x))),
    inDouble((x) => mul(atan(sqrt(div(sub(1, x), add(x, 1)))), 2)),
  ),
);

/** √(1 − x²), without cancellation near ±1. */
const cosineOf = (x: Tensor): Tensor => sqrt(mul(sub(1, x), add(x, 1)));

const atan2Op: Op = {
  name: "Atan2",
  infer: ([y, x]) => [{ shape: broadcastShapes("ops.atan2", y!.shape, x!.shape), dtype: y!.dtype }],
  grad({ inputs: [y, x] }, [ct], needs) {
    const origin = logicalAnd(equal(y!, 0), equal(x!, 0));
    // Numerator and denominator divided by the larger of the two, so that squares do not overflow.
    const scale = where(origin, onesLike(ct!), maximum(abs(x!), abs(y!)));
    const [u, v] = [div(x!, scale), div(y!, scale)];
    const part = div(ct!, mul(where(origin, onesLike(ct!), add(square(u), square(v))), scale));
    return [
      needs[0] ? sumTo(mul(part, u), y!.shape) : undefined,
      needs[1] ? sumTo(neg(mul(part, v)), x!.shape) : undefined,
    ];
  },
  batch: (inputs, batched, attrs) => batchElementwise(atan2Op, inputs, batched, attrs),
  simplify: ({ inputs: [y, x] }) => [angleOf(y!, x!)],
  flops: ({ outputs }) => 20 * outputs[0]!.size,
};

/** Half-angle form on the side where it does not cancel: 2·atan(y / (r + |x|)), mirrored for x < 0. */
function angleOf(y: Tensor, x: Tensor): Tensor {
  const origin = logicalAnd(equal(y, 0), equal(x, 0));
  const larger = maximum(abs(x), abs(y));
  const scale = where(origin, onesLike(larger), larger);
  const [u, v] = [where(origin, onesLike(larger), div(x, scale)), div(y, scale)];
  const r = sqrt(add(square(u), square(v)));
  const half = mul(atan(div(v, add(r, abs(u)))), 2);
  const side = where(less(v, 0), add(zerosLike(half), -Math.PI), Math.PI);
  return where(less(u, 0), sub(side, half), half);
}

/** Angle of the point (x, y) in (−π, π]; gradient (x, −y)/(x² + y²), 0 at the origin. */
export function atan2(y: TensorLike, x: TensorLike): Tensor {
  const [a, b] = [
    asTensor(y, x instanceof Tensor ? x.dtype : undefined),
    asTensor(x, y instanceof Tensor ? y.dtype : undefined),
  ];
  const common = promote(a.dtype, b.dtype);
  const dtype = isFloat(common) ? common : "float32";
  return apply1(atan2Op, [cast(a, dtype), cast(b, dtype)], {});
}
