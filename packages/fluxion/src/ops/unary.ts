import { isFloat } from "../core/dtypes.js";
import { apply1 } from "../core/node.js";
import { asTensor, type Tensor, type TensorLike } from "../core/tensor.js";
import { add, div, mul, sub, square } from "./arithmetic.js";
import { cast, equal, less, logicalAnd, where } from "./compare.js";
import { onesLike, zerosLike } from "./create.js";
import { unaryOp } from "./elementwise.js";

const plain = (name: string, grad: Parameters<typeof unaryOp>[1], more?: Parameters<typeof unaryOp>[2]) => {
  const op = unaryOp(name, grad, more);
  return (x: Tensor): Tensor => apply1(op, [x], {});
};

/** Operators that exist for floats only: integers are taken as float32. */
const smooth = (name: string, grad: Parameters<typeof unaryOp>[1], more?: Parameters<typeof unaryOp>[2]) => {
  const f = plain(name, grad, more);
  return (x: TensorLike): Tensor => f(toFloat(x));
};

const toFloat = (x: TensorLike): Tensor => {
  const t = asTensor(x);
  return isFloat(t.dtype) ? t : cast(t, "float32");
};

/** −x. */
export const neg = plain("Neg", (_, ct) => neg(ct), {
  simplify: ({ inputs: [x] }) => (x!.node.op.name === "Neg" ? [x!.node.inputs[0]!] : undefined),
});
/** |x|; gradient 0 at 0. */
export const abs = plain("Abs", (x, ct) => mul(ct, sign(x)));
/** −1, 0 or 1. */
export const sign = plain("Sign", "zero");
/** Integers are whole already. */
const rounding = (name: string) => {
  const f = plain(name, "zero");
  return (x: Tensor): Tensor => (isFloat(x.dtype) ? f(x) : x);
};

/** Largest whole number ≤ x. */
export const floor = rounding("Floor");
/** Smallest whole number ≥ x. */
export const ceil = rounding("Ceil");
/** Nearest whole number, halves to even. */
export const round = rounding("Round");
/** e^x. */
export const exp = smooth("Exp", (_, ct, y) => mul(ct, y));
/** Natural logarithm. */
export const log = smooth("Log", (x, ct) => div(ct, x));
/** √x. */
export const sqrt = smooth("Sqrt", (_, ct, y) => div(mul(ct, 0.5), y));
/** 1/x. */
export const reciprocal = smooth("Reciprocal", (_, ct, y) => sub(0, mul(ct, mul(y, y))));
/** sin x, x in radians. */
export const sin = smooth("Sin", (x, ct) => mul(ct, cos(x)));
/** cos x, x in radians. */
export const cos = smooth("Cos", (x, ct) => neg(mul(ct, sin(x))));
/** tanh x. */
export const tanh = smooth("Tanh", (_, ct, y) => mul(ct, sub(1, mul(y, y))));
/** The error function. float32 and float16 only. */
export const erf = smooth("Erf", (x, ct) => mul(ct, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))));
/** 1/(1 + e^−x). */
export const sigmoid = smooth("Sigmoid", (_, ct, y) => mul(ct, mul(y, sub(1, y))));

const single = {
  tan: smooth("Tan", (x, ct) => div(ct, square(cos(x)))),
  sinh: smooth("Sinh", (x, ct) => mul(ct, cosh(x))),
  cosh: smooth("Cosh", (x, ct) => mul(ct, sinh(x))),
  asinh: smooth("Asinh", (x, ct) => div(ct, sqrt(add(square(x), 1)))),
  acosh: smooth("Acosh", (x, ct) => div(ct, sqrt(sub(square(x), 1)))),
  atanh: smooth("Atanh", (x, ct) => div(ct, sub(1, square(x)))),
};
/** ONNX Runtime has these for float32 only: double is composed of what it has. */
const orDouble =
  (f: (x: TensorLike) => Tensor, composed: (x: Tensor) => Tensor) =>
  (x: TensorLike): Tensor => {
    const t = toFloat(x);
    return t.dtype === "float64" ? composed(t) : f(t);
  };

/** tan x, x in radians. */
export const tan = orDouble(single.tan, (x) => div(sin(x), cos(x)));
/** sinh x. */
export const sinh = orDouble(single.sinh, (x) => mul(sub(exp(x), exp(neg(x))), 0.5));
/** cosh x. */
export const cosh = orDouble(single.cosh, (x) => mul(add(exp(x), exp(neg(x))), 0.5));
/** Inverse of sinh. */
export const asinh = orDouble(single.asinh, (x) => mul(sign(x), log(add(abs(x), sqrt(add(square(x), 1))))));
/** Inverse of cosh, x ≥ 1. */
export const acosh = orDouble(single.acosh, (x) => log(add(x, sqrt(sub(square(x), 1)))));
/** Inverse of tanh, |x| < 1. */
export const atanh = orDouble(single.atanh, (x) => mul(log(div(add(x, 1), sub(1, x))), 0.5));
/** Inverse sine in [−π/2, π/2]. float32 and float16 only, as are `acos` and `atan`. */
export const asin = smooth("Asin", (x, ct) => div(ct, sqrt(sub(1, square(x)))));
/** Inverse cosine in [0, π]. */
export const acos = smooth("Acos", (x, ct) => neg(div(ct, sqrt(sub(1, square(x))))));
/** Inverse tangent in (−π/2, π/2). */
export const atan = smooth("Atan", (x, ct) => div(ct, add(square(x), 1)));

/** Angle of the point (x, y) in (−π, π]; gradient (x, −y)/(x² + y²), 0 at the origin. */
export function atan2(y: TensorLike, x: TensorLike): Tensor {
  const [a, b] = [toFloat(y), toFloat(x)];
  const one = onesLike(add(a, b));
  const origin = logicalAnd(equal(a, 0), equal(b, 0));
  const [safeY, safeX] = [where(origin, zerosLike(one), a), where(origin, one, b)];
  // Half-angle form on the side where it does not cancel: atan2 = 2·atan(y / (r + |x|)), mirrored for x < 0. |x| by its
  // side and not by abs, whose slope at x = 0 would be missing.
  const left = less(safeX, 0);
  const width = mul(where(left, neg(one), one), safeX);
  const r = sqrt(add(square(safeY), square(safeX)));
  const half = mul(atan(div(safeY, add(r, width))), 2);
  const side = where(less(a, 0), mul(one, -Math.PI), mul(one, Math.PI));
  return where(left, sub(side, half), half);
}

/** 1/√x. */
export const rsqrt = (x: TensorLike): Tensor => reciprocal(sqrt(x));
/** e^x − 1, accurate near 0. */
export function expm1(x: TensorLike): Tensor {
  const t = toFloat(x);
  const half = mul(t, 0.5);
  return mul(mul(sinh(half), exp(half)), 2);
}
/** log(1 + x), accurate near 0. */
export function log1p(x: TensorLike): Tensor {
  const t = toFloat(x);
  // 2·atanh(x / (2 + x)) near 0, where 1 + x would lose digits.
  const small = less(abs(t), 0.5);
  const near = where(small, t, zerosLike(t));
  const far = where(small, onesLike(t), add(t, 1));
  return where(small, mul(atanh(div(near, add(near, 2))), 2), log(far));
}
/** Base-2 logarithm. */
export const log2 = (x: TensorLike): Tensor => mul(log(x), Math.LOG2E);
/** Base-10 logarithm. */
export const log10 = (x: TensorLike): Tensor => mul(log(x), Math.LOG10E);
/** 2^x. */
export const exp2 = (x: TensorLike): Tensor => exp(mul(toFloat(x), Math.LN2));
/** x towards zero to a whole number. Gradient zero. */
export const trunc = (x: Tensor): Tensor => (isFloat(x.dtype) ? mul(sign(x), floor(abs(x))) : x);

const isNanOp = unaryOp("IsNaN", "none", { result: "bool" });
const isInfOp = unaryOp("IsInf", "none", { result: "bool" });
const notOp = unaryOp("Not", "none");
const bitwiseNotOp = unaryOp("BitwiseNot", "none");
/** Whether each element is NaN. */
export const isNaN = (x: Tensor): Tensor => apply1(isNanOp, [x], {});
/** Whether each element is infinite. */
export const isInf = (x: Tensor): Tensor => apply1(isInfOp, [x], {});
/** Whether each element is neither NaN nor infinite. */
export const isFinite = (x: Tensor): Tensor => logicalNot(isNaN(sub(x, x)));
/** Not, of booleans. */
export const logicalNot = (x: Tensor): Tensor => apply1(notOp, [cast(x, "bool")], {});
/** Every bit flipped, of integers. */
export const bitwiseNot = (x: Tensor): Tensor => apply1(bitwiseNotOp, [x], {});
