import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import {
  any,
  positive,
  unit,
  whole,
  type OpCase,
  type OpCases,
  type ValueCase,
  type ValueCases,
} from "./op-case.js";

type Binary = (a: Tensor, b: Tensor) => Tensor;

const one = (f: (x: Tensor) => Tensor, at = any([2, 3])): OpCase[] => [{ f, at: [at] }];
/** An operator without a double kernel in ONNX Runtime. */
const single = (f: (x: Tensor) => Tensor, at = any([2, 3])): OpCase[] => [
  { f, at: [at], engine: "interpreter" },
];
/** Equal shapes, broadcasting both ways, a scalar, and one argument twice. */
const two = (f: Binary, a = any, b = any): OpCase[] => [
  { f, at: [a([2, 3]), b([2, 3], 2)] },
  { f, at: [a([3, 1]), b([2, 1, 4], 2)] },
  { f, at: [a([]), b([2, 2], 2)] },
  { f: (x) => f(x, x.mul(0.5).add(0.4)), at: [a([3])] },
];

export const elementwiseCases: OpCases = {
  add: two(ops.add),
  sub: two(ops.sub),
  mul: two(ops.mul),
  div: [...two(ops.div, any, positive), { f: (x) => ops.div(1, x), at: [positive([3])] }],
  maximum: two(ops.maximum),
  minimum: two(ops.minimum),
  floorDivide: two((a, b) => ops.floorDivide(a, b).mul(a), any, positive),
  remainder: two(ops.remainder, any, positive),
  fmod: two(ops.fmod, any, positive),
  pow: [
    ...two(ops.pow, positive, any),
    ...[-2, -1, 0, 0.5, 1, 2, 3, 4, 2.5].map((p): OpCase => ({
      f: (x) => ops.pow(x, p),
      at: [positive([3])],
    })),
    { f: (x) => ops.pow(x, 4), at: [any([3])] },
    { f: (x) => ops.pow(1.7, x), at: [any([3])] },
  ],
  square: one(ops.square),
  hypot: two(ops.hypot),
  logaddexp: two(ops.logaddexp),
  safeSqrt: one(ops.safeSqrt, positive([4])),
  cast: one((x) => ops.cast(ops.cast(x, "float64"), "float64").mul(x)),
  where: [
    { f: (a, b) => ops.where(ops.greater(a, 0.1), a, b), at: [any([2, 3]), any([3], 2)] },
    { f: (a, b) => ops.where(ops.less(b, 0.1), a, 2), at: [any([1, 3]), any([2, 1], 2)] },
  ],
  clip: [
    ...one((x) => ops.clip(x, -0.7, 0.9)),
    ...one((x) => ops.clip(x, undefined, 0.9)),
    { f: (x, low, high) => ops.clip(x, low, high), at: [any([4]), unit([]), positive([4], 2)] },
  ],
  neg: one(ops.neg),
  abs: one(ops.abs),
  sign: one((x) => ops.sign(x).mul(x)),
  floor: one((x) => ops.floor(x).mul(x)),
  ceil: one((x) => ops.ceil(x).mul(x)),
  round: one((x) => ops.round(x).mul(x)),
  trunc: one((x) => ops.trunc(x).mul(x)),
  exp: one(ops.exp),
  exp2: one(ops.exp2),
  expm1: one(ops.expm1),
  log: one(ops.log, positive([4])),
  log2: one(ops.log2, positive([4])),
  log10: one(ops.log10, positive([4])),
  log1p: one(ops.log1p, unit([6])),
  sqrt: one(ops.sqrt, positive([4])),
  rsqrt: one(ops.rsqrt, positive([4])),
  reciprocal: one(ops.reciprocal, positive([4])),
  sin: one(ops.sin),
  cos: one(ops.cos),
  tan: [...one(ops.tan, unit([4])), ...single(ops.tan, unit([4]))],
  sinh: [...one(ops.sinh), ...single(ops.sinh)],
  cosh: [...one(ops.cosh), ...single(ops.cosh)],
  tanh: one(ops.tanh),
  asinh: [...one(ops.asinh), ...single(ops.asinh)],
  acosh: [
    ...one((x) => ops.acosh(x.add(1)), positive([4])),
    ...single((x) => ops.acosh(x.add(1)), positive([4])),
  ],
  atanh: [...one(ops.atanh, unit([4])), ...single(ops.atanh, unit([4]))],
  asin: [...one(ops.asin, unit([4])), ...single(ops.asin, unit([4]))],
  acos: [...one(ops.acos, unit([4])), ...single(ops.acos, unit([4]))],
  atan: [...one(ops.atan), ...single(ops.atan)],
  atan2: two(ops.atan2),
  erf: [...one(ops.erf), ...single(ops.erf)],
  sigmoid: one(ops.sigmoid),
  erfinv: [...one(ops.erfinv, unit([4])), ...single(ops.erfinv, unit([4]))],
};

const integers = ["int32", "int64", "uint32"] as const;
const everything = ["float32", "float64", "int32", "int64", "uint32", "uint8", "bool"] as const;
const numbers = ["float32", "float64", "int32", "int64", "uint32"] as const;
const pair = [whole([2, 3]), whole([3], 2)];
const compare = (f: Binary): ValueCase[] => [{ f: (a, b) => f(a, b), at: pair, dtypes: everything }];
const bits = (f: Binary): ValueCase[] => [
  { f, at: pair.map((t) => t.add(3)), dtypes: [...integers, "uint8"] },
];

export const elementwiseValues: ValueCases = {
  equal: compare(ops.equal),
  notEqual: compare(ops.notEqual),
  less: compare(ops.less),
  lessEqual: compare(ops.lessEqual),
  greater: compare(ops.greater),
  greaterEqual: compare(ops.greaterEqual),
  logicalAnd: compare(ops.logicalAnd),
  logicalOr: compare(ops.logicalOr),
  logicalXor: compare(ops.logicalXor),
  logicalNot: [{ f: ops.logicalNot, at: [whole([6])], dtypes: everything }],
  bitwiseAnd: bits(ops.bitwiseAnd),
  bitwiseOr: bits(ops.bitwiseOr),
  bitwiseXor: bits(ops.bitwiseXor),
  bitwiseNot: [{ f: ops.bitwiseNot, at: [whole([6])], dtypes: integers }],
  leftShift: [{ f: (x) => ops.leftShift(x, 3), at: [whole([6]).add(3)], dtypes: ["uint32", "uint8"] }],
  rightShift: [{ f: (x) => ops.rightShift(x, 1), at: [whole([6]).add(3)], dtypes: ["uint32", "uint8"] }],
  isNaN: [{ f: (x) => ops.isNaN(ops.log(x)), at: [whole([8])], dtypes: ["float32", "float64"] }],
  isInf: [{ f: (x) => ops.isInf(ops.log(x)), at: [whole([8])], dtypes: ["float32", "float64"] }],
  isFinite: [{ f: (x) => ops.isFinite(ops.log(x)), at: [whole([8])], dtypes: ["float32", "float64"] }],
  // Integers and booleans, which have no gradient.
  add: [{ f: ops.add, at: pair, dtypes: everything }],
  sub: [{ f: ops.sub, at: pair, dtypes: numbers }],
  mul: [{ f: ops.mul, at: pair, dtypes: everything }],
  div: [{ f: (a, b) => ops.div(a, b.add(8)), at: pair, dtypes: everything }],
  floorDivide: [{ f: (a, b) => ops.floorDivide(a, b.add(8)), at: pair, dtypes: numbers }],
  remainder: [{ f: (a, b) => ops.remainder(a, b.add(8)), at: pair, dtypes: numbers }],
  fmod: [{ f: (a, b) => ops.fmod(a, b.add(8)), at: pair, dtypes: numbers }],
  maximum: [{ f: ops.maximum, at: pair, dtypes: everything }],
  minimum: [{ f: ops.minimum, at: pair, dtypes: everything }],
  pow: [{ f: (a) => [ops.pow(a, 2), ops.pow(a, 3), ops.pow(a, 5)], at: pair, dtypes: ["int32", "int64"] }],
  square: [{ f: ops.square, at: [whole([4])], dtypes: everything }],
  neg: [{ f: ops.neg, at: [whole([4])], dtypes: ["int32", "int64"] }],
  abs: [{ f: ops.abs, at: [whole([4])], dtypes: numbers }],
  sign: [{ f: ops.sign, at: [whole([4])], dtypes: numbers }],
  floor: [{ f: ops.floor, at: [whole([4])], dtypes: integers }],
  trunc: [{ f: ops.trunc, at: [whole([4])], dtypes: integers }],
  round: [{ f: ops.round, at: [whole([9]).mul(0.5)], dtypes: ["float32", "float64", "int32"] }],
  where: [{ f: (a, b) => ops.where(ops.greater(a, b), a, b), at: pair, dtypes: everything }],
  clip: [{ f: (a) => ops.clip(a, -1, 2), at: pair, dtypes: ["int32", "int64"] }],
  exp: [{ f: ops.exp, at: [whole([4])], dtypes: everything }],
  sigmoid: [{ f: ops.sigmoid, at: [whole([4])], dtypes: everything }],
  cast: everything.map((to) => ({ f: (x) => ops.cast(x, to), at: [whole([6]).add(3)], dtypes: everything })),
};
