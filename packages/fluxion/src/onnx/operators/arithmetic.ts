import { isFloat } from "../../core/dtypes.js";
import { CompileError } from "../../core/errors.js";
import type { Tensor, TensorLike } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import {
  fixed,
  flag,
  input,
  known,
  number,
  text,
  type Call,
  type Translation,
  type Translations,
} from "../call.js";

const unary =
  (f: (x: Tensor) => Tensor): Translation =>
  (call) =>
    f(input(call, 0));

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Translation =>
  (call) =>
    f(input(call, 0), input(call, 1));

const all = (call: Call): Tensor[] => call.inputs.map((_, i) => input(call, i));
const variadic =
  (f: (a: Tensor, b: Tensor) => Tensor): Translation =>
  (call) =>
    all(call).reduce(f);

/** a / b; whole numbers towards zero. */
function divide(a: Tensor, b: Tensor): Tensor {
  if (isFloat(a.dtype)) return ops.div(a, b);
  return ops.floorDivide(ops.sub(a, ops.fmod(a, b)), b);
}

/** a^b in the dtype of `a`. */
function power(a: Tensor, b: Tensor): Tensor {
  const exponent = b.size === 1 ? known(b)?.[0] : undefined;
  const shaped = b.rank <= a.rank;
  if (
    exponent !== undefined &&
    shaped &&
    (isFloat(a.dtype) || (Number.isInteger(exponent) && exponent >= 0))
  ) {
    return ops.pow(a, exponent).cast(a.dtype);
  }
  return isFloat(a.dtype) ? ops.pow(a, b.cast(a.dtype)) : ops.pow(a, b).cast(a.dtype);
}

/** Remainder with the sign of `b`, an infinite `b` included. */
function floorModulo(a: Tensor, b: Tensor): Tensor {
  if (!isFloat(a.dtype)) return ops.remainder(a, b);
  const rest = ops.fmod(a, b);
  const turned = ops.logicalAnd(ops.notEqual(rest, 0), ops.logicalXor(ops.less(rest, 0), ops.less(b, 0)));
  return ops.where(turned, ops.add(rest, b), rest);
}

/** The bits of integers narrower than what holds them cannot be shifted or flipped there. */
function wholeBits(call: Call): void {
  const type = call.declared(0);
  if (["int8", "int16", "uint16", "uint64"].includes(type)) {
    throw new CompileError({ where: call.type, want: "int32, int64, uint32 or uint8", got: type });
  }
}

/** Signed integers are multiplied or divided by 2^b; counts outside the word give what shifting bit by bit would. */
function shift(call: Call): Tensor {
  const [a, b] = [input(call, 0), input(call, 1)];
  const left = text(call, "direction", "") === "LEFT";
  wholeBits(call);
  if (a.dtype === "uint32" || a.dtype === "uint8") return (left ? ops.leftShift : ops.rightShift)(a, b);
  const bits = a.dtype === "int64" ? 64 : 32;
  const inside = ops.logicalAnd(ops.greaterEqual(b, 0), ops.less(b, bits));
  const count = ops.where(inside, b, ops.zerosLike(b));
  const half = ops.cast(
    ops.pow(ops.full([], 2, { dtype: "float64" }), ops.cast(ops.floorDivide(count, 2), "float64")),
    a.dtype,
  );
  const odd = ops.add(ops.remainder(count, 2), 1);
  const by = (f: (x: Tensor, y: Tensor) => Tensor): Tensor => f(f(f(a, half), half), odd);
  const gone = left
    ? ops.zerosLike(a)
    : ops.where(ops.less(a, 0), ops.full([], -1, { dtype: a.dtype }), ops.zerosLike(a));
  return ops.where(inside, by(left ? ops.mul : ops.floorDivide), gone);
}

function cumulative(
  f: (x: Tensor, axis: number, options: { reverse: boolean }) => Tensor,
  neutral: number,
): Translation {
  return (call) => {
    const x = input(call, 0);
    const [at = 0] = fixed(call, 1, "the axis") ?? [];
    const axis = at < 0 ? at + x.rank : at;
    const reverse = flag(call, "reverse");
    const n = x.shape[axis]!;
    if (!flag(call, "exclusive") || n === 0) return f(x, axis, { reverse }).cast(x.dtype);
    const edge = ops.full(x.shape.with(axis, 1), neutral, { dtype: x.dtype });
    const shifted = reverse
      ? ops.concat([x.narrow(axis, 1, n), edge], axis)
      : ops.concat([edge, x.narrow(axis, 0, n - 1)], axis);
    return f(shifted, axis, { reverse }).cast(x.dtype);
  };
}

/** Held within bounds that may be missing, or computed. */
function clip(call: Call): Tensor {
  const x = input(call, 0);
  const bound = (name: string, i: number): TensorLike | undefined => {
    if (call.attributes.has(name)) return number(call, name);
    const t = call.inputs[i];
    return t && (known(t)?.[0] ?? t);
  };
  const [low, high] = [bound("min", 1), bound("max", 2)];
  const numeric = [low, high].every((v) => v === undefined || typeof v === "number");
  if (numeric) {
    // ONNX puts the upper bound last, whichever is larger.
    if (low !== undefined && high !== undefined && low > high)
      return ops.full(x.shape, high as number, { dtype: x.dtype });
    return ops.clip(x, low as number | undefined, high as number | undefined).cast(x.dtype);
  }
  const up = low === undefined ? x : ops.maximum(x, low);
  return (high === undefined ? up : ops.minimum(up, high)).cast(x.dtype);
}

function isInf(call: Call): Tensor {
  const x = input(call, 0);
  const positive = flag(call, "detect_positive", true);
  const negative = flag(call, "detect_negative", true);
  if (positive && negative) return ops.isInf(x);
  const sign = positive ? ops.greater(x, 0) : ops.less(x, 0);
  return ops.logicalAnd(ops.isInf(x), positive || negative ? sign : ops.logicalAnd(sign, false));
}

/** Arithmetic, element by element. */
export const arithmetic: Translations = {
  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  Div: binary(divide),
  Pow: binary(power),
  Mod: (call) => (flag(call, "fmod") ? ops.fmod : floorModulo)(input(call, 0), input(call, 1)),
  Max: variadic(ops.maximum),
  Min: variadic(ops.minimum),
  Sum: variadic(ops.add),
  Mean: (call) => ops.mul(all(call).reduce(ops.add), 1 / call.inputs.length),
  BitwiseAnd: binary(ops.bitwiseAnd),
  BitwiseOr: binary(ops.bitwiseOr),
  BitwiseXor: binary(ops.bitwiseXor),
  BitwiseNot: (call) => {
    wholeBits(call);
    return ops.bitwiseNot(input(call, 0));
  },
  BitShift: shift,
  CumSum: cumulative(ops.cumsum, 0),
  CumProd: cumulative(ops.cumprod, 1),
  Clip: clip,
  IsNaN: unary(ops.isNaN),
  IsInf: isInf,
  Neg: unary(ops.neg),
  Abs: unary(ops.abs),
  Sign: unary(ops.sign),
  Floor: unary(ops.floor),
  Ceil: unary(ops.ceil),
  Round: unary(ops.round),
  Sqrt: unary(ops.sqrt),
  Reciprocal: unary(ops.reciprocal),
  Exp: unary(ops.exp),
  Log: unary(ops.log),
  Sin: unary(ops.sin),
  Cos: unary(ops.cos),
  Tan: unary(ops.tan),
  Asin: unary(ops.asin),
  Acos: unary(ops.acos),
  Atan: unary(ops.atan),
  Sinh: unary(ops.sinh),
  Cosh: unary(ops.cosh),
  Tanh: unary(ops.tanh),
  Asinh: unary(ops.asinh),
  Acosh: unary(ops.acosh),
  Atanh: unary(ops.atanh),
  Erf: unary(ops.erf),
};
