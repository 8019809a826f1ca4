import { dtypes, type DType } from "../../core/dtypes.js";
import { broadcastAt, build, isFloatValue, type Rule, type Rules } from "./value.js";

const unary =
  (f: (x: number) => number): Rule =>
  ([x]) => [x!.data.map(f)];

const pointwise =
  (f: (dtype: DType, ...v: number[]) => number): Rule =>
  (inputs, { shapeOf }) => [
    build(shapeOf(0), (index) => f(inputs[0]!.dtype, ...inputs.map((v) => broadcastAt(v, index)))),
  ];

const binary = (f: (a: number, b: number) => number): Rule => pointwise((_, a, b) => f(a, b));
const truth = (f: (a: number, b: number) => boolean): Rule => binary((a, b) => (f(a, b) ? 1 : 0));

/** Half to even, as IEEE rounds. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** erf by its series of positive terms, 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!: nothing cancels. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a > 6) return Number.isNaN(x) ? NaN : Math.sign(x);
  let term = a;
  let sum = a;
  for (let n = 1; n < 400 && term > sum * 1e-18; n++) {
    term *= (2 * a * a) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}

/** Inverse of erf: Newton's method on a bracket, which it cannot leave. */
function erfinv(y: number): number {
  if (Math.abs(y) >= 1 || Number.isNaN(y)) return Math.abs(y) === 1 ? y * Infinity : NaN;
  let [low, high, x] = [-6, 6, 0];
  for (let i = 0; i < 100; i++) {
    const error = erf(x) - y;
    if (error > 0) high = x;
    else low = x;
    const step = error / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
    const next = x - step > low && x - step < high ? x - step : (low + high) / 2;
    if (next === x) break;
    x = next;
  }
  return x;
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const multiply = (dtype: DType, a: number, b: number): number =>
  dtype === "int32" || dtype === "uint32" ? Math.imul(a, b) : a * b;

const divide = (dtype: DType, a: number, b: number): number =>
  dtypes[dtype].kind === "float" ? a / b : Math.trunc(a / b);

export const elementwise: Rules = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: pointwise((dtype, a, b) => multiply(dtype, a, b)),
  Div: pointwise((dtype, a, b) => divide(dtype, a, b)),
  Pow: binary((a, b) => a ** b),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  FMod: binary((a, b) => a % b),
  Max: binary(Math.max),
  Min: binary(Math.min),
  BitwiseAnd: binary((a, b) => a & b),
  BitwiseOr: binary((a, b) => a | b),
  BitwiseXor: binary((a, b) => a ^ b),
  ShiftLeft: binary((a, b) => (b >= 32 ? 0 : a << b)),
  ShiftRight: binary((a, b) => (b >= 32 ? 0 : a >>> b)),
  Equal: truth((a, b) => a === b),
  Less: truth((a, b) => a < b),
  LessOrEqual: truth((a, b) => a <= b),
  Greater: truth((a, b) => a > b),
  GreaterOrEqual: truth((a, b) => a >= b),
  And: truth((a, b) => a !== 0 && b !== 0),
  Or: truth((a, b) => a !== 0 || b !== 0),
  Xor: truth((a, b) => (a !== 0) !== (b !== 0)),
  Where: pointwise((_, c, a, b) => (c === 0 ? b : a)),
  Cast: ([x], { node }) => [
    isFloatValue(x!) && node.outputs[0]!.dtype !== "bool" && dtypes[node.outputs[0]!.dtype].kind === "int"
      ? x!.data.map(Math.trunc)
      : x!.data,
  ],
  Clip: ([x], { attrs }) => [
    x!.data.map((v) => Math.min(Math.max(v, attrs.low as number), attrs.high as number)),
  ],
  Not: unary((x) => (x === 0 ? 1 : 0)),
  BitwiseNot: unary((x) => ~x),
  IsNaN: unary((x) => (Number.isNaN(x) ? 1 : 0)),
  IsInf: unary((x) => (Math.abs(x) === Infinity ? 1 : 0)),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Tanh: unary(Math.tanh),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Erf: unary(erf),
  ErfInv: unary(erfinv),
  Sigmoid: unary(sigmoid),
  Alias: ([x]) => [x!.data],
  StopGradient: ([x]) => [x!.data],
};
