import { add, div, mul, square, sub } from "./arithmetic.js";
import { abs, exp, log, neg, sqrt } from "./unary.js";
import { composedOp, floatFunction, inDouble, odd } from "./composed.js";
import { equal, greater, less, where } from "./compare.js";

/** e^x − 1, accurate near 0. */
export const expm1 = floatFunction(
  composedOp(
    "Expm1",
    (_, ct, y) => mul(ct, add(y, 1)),
    (x) => {
      const far = sub(exp(x), 1);
      const small = less(abs(x), 1);
      if (x.dtype !== "float64") {
        const half = mul(x, 0.5);
        return where(small, mul(mul(sinh(half), exp(half)), 2), far);
      }
      // The rounding of u = e^x is made good by the log of that very u.
      const u = exp(x);
      return where(equal(u, 1), x, where(small, div(mul(far, x), log(u)), far));
    },
  ),
);

/** log(1 + x), accurate near 0. */
export const log1p = floatFunction(
  composedOp(
    "Log1p",
    (x, ct) => div(ct, add(x, 1)),
    (x) => {
      const u = add(x, 1);
      const small = less(abs(x), 0.5);
      if (x.dtype !== "float64") return where(small, mul(atanh(div(x, add(x, 2))), 2), log(u));
      return where(equal(u, 1), x, where(small, div(mul(log(u), x), sub(u, 1)), log(u)));
    },
  ),
);

/** sinh x. */
export const sinh = floatFunction(
  composedOp(
    "Sinh",
    (x, ct) => mul(ct, cosh(x)),
    inDouble(
      odd((a) => {
        const e = expm1(a);
        return where(greater(a, 20), exp(sub(a, Math.LN2)), mul(add(e, div(e, add(e, 1))), 0.5));
      }),
    ),
  ),
);

/** cosh x. */
export const cosh = floatFunction(
  composedOp(
    "Cosh",
    (x, ct) => mul(ct, sinh(x)),
    inDouble((x) => add(exp(sub(x, Math.LN2)), exp(sub(neg(x), Math.LN2)))),
  ),
);

/** Beyond this, 1 under a root beside x² makes no difference in double, and x² may overflow. */
const HUGE = 1e9;

/** Inverse of sinh. */
export const asinh = floatFunction(
  composedOp(
    "Asinh",
    (x, ct) => div(ct, sqrt(add(square(x), 1))),
    inDouble(
      odd((a) => {
        const squared = square(a);
        const near = log1p(add(a, div(squared, add(sqrt(add(squared, 1)), 1))));
        return where(greater(a, HUGE), add(log(a), Math.LN2), near);
      }),
    ),
  ),
);

/** Inverse of cosh, x ≥ 1. */
export const acosh = floatFunction(
  composedOp(
    "Acosh",
    (x, ct) => div(ct, sqrt(mul(sub(x, 1), add(x, 1)))),
    inDouble((x) => {
      const t = sub(x, 1);
      const near = log1p(add(t, sqrt(mul(t, add(t, 2)))));
      return where(greater(x, HUGE), add(log(x), Math.LN2), near);
    }),
  ),
);

/** Inverse of tanh, |x| < 1. */
export const atanh = floatFunction(
  composedOp(
    "Atanh",
    (x, ct) => div(ct, mul(sub(1, x), add(x, 1))),
    inDouble(odd((a) => mul(log1p(div(mul(a, 2), sub(1, a))), 0.5))),
  ),
);
