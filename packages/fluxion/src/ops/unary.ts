import { isFloat, type DType } from "../core/dtypes.js";
import { apply1, type Op } from "../core/node.js";
import { asTensor, type Tensor, type TensorLike } from "../core/tensor.js";
import { div, mul, sub } from "./arithmetic.js";
import { cast } from "./compare.js";
import { full } from "./create.js";
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

const negate = plain("Neg", (_, ct) => neg(ct), {
  simplify: ({ inputs: [x] }) => (x!.node.op.name === "Neg" ? [x!.node.inputs[0]!] : undefined),
});
/** −x. Booleans and bytes become int32, uint32 becomes int64. */
export const neg = (x: Tensor): Tensor => negate(signed[x.dtype] ? cast(x, signed[x.dtype]!) : x);
const signed: Partial<Record<DType, DType>> = { bool: "int32", uint8: "int32", uint32: "int64" };

const magnitude = plain("Abs", (x, ct) => mul(ct, sign(x)));
/** |x|; gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => magnitude(counted(x));
const signOf = plain("Sign", "zero");
/** −1, 0 or 1. */
export const sign = (x: Tensor): Tensor => signOf(counted(x));
const counted = (x: Tensor): Tensor => (x.dtype === "bool" ? cast(x, "int32") : x);
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
/** 1/(1 + e^−x). */
export const sigmoid = smooth("Sigmoid", (_, ct, y) => mul(ct, mul(y, sub(1, y))));

/** 1/√x. */
export const rsqrt = (x: TensorLike): Tensor => reciprocal(sqrt(x));
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
/** Integers are neither. */
const onlyFloats = (op: Op, x: Tensor): Tensor =>
  isFloat(x.dtype) ? apply1(op, [x], {}) : full(x.shape, false);
const notOp = unaryOp("Not", "none");
const bitwiseNotOp = unaryOp("BitwiseNot", "none");
/** Whether each element is NaN. */
export const isNaN = (x: Tensor): Tensor => onlyFloats(isNanOp, x);
/** Whether each element is infinite. */
export const isInf = (x: Tensor): Tensor => onlyFloats(isInfOp, x);
/** Whether each element is neither NaN nor infinite. */
export const isFinite = (x: Tensor): Tensor =>
  isFloat(x.dtype) ? logicalNot(isNaN(sub(x, x))) : full(x.shape, true);
/** Not, of booleans. */
export const logicalNot = (x: Tensor): Tensor => apply1(notOp, [cast(x, "bool")], {});
/** Every bit flipped, of integers. */
export const bitwiseNot = (x: Tensor): Tensor => apply1(bitwiseNotOp, [x], {});
