import { stopGradient } from "../core/backward.js";
import { Tensor } from "../core/tensor.js";
import * as arithmetic from "./arithmetic.js";
import * as compare from "./compare.js";
import { onesLike, zerosLike } from "./create.js";
import * as matrix from "./matmul.js";
import * as cumulative from "./cumulative.js";
import * as diagonals from "./diagonal.js";
import * as gathering from "./gather.js";
import { tan } from "./angles.js";
import { erf } from "./erf.js";
import * as movement from "./movement.js";
import * as quantiles from "./quantile.js";
import * as reduce from "./reduce.js";
import * as scattering from "./scatter.js";
import * as sorting from "./sort.js";
import * as statistics from "./statistics.js";
import * as unary from "./unary.js";

const { add, sub, mul, div, pow, square, maximum, minimum, remainder, floorDivide } = arithmetic;
const {
  cast,
  clip,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  logicalAnd,
  logicalOr,
  logicalXor,
} = compare;
const {
  reshape,
  transpose,
  swapAxes,
  moveAxis,
  broadcastTo,
  expandDims,
  squeeze,
  flatten,
  slice,
  narrow,
  split,
  flip,
} = movement;
const { pad, tile, repeat, roll } = movement;
const { sum, mean, max, min, prod, argmax, argmin, any, all } = reduce;
const { cumsum, cumprod } = cumulative;
const { variance, std, norm, logsumexp } = statistics;
const { neg, abs, sign, floor, ceil, round, exp, log, sqrt, rsqrt, reciprocal, sin, cos, tanh, sigmoid } =
  unary;
const { logicalNot, isNaN, isFinite } = unary;
const { matmul, dot } = matrix;
const { take, takeAlongAxis, gather, gatherND } = gathering;
const { scatterAdd, scatterUpdate, putAlongAxis } = scattering;
const { sort, argsort, topK } = sorting;
const { quantile, median } = quantiles;
const { triu, tril, diagonal, trace } = diagonals;

/** Every function here takes a Tensor first and is a method of Tensor, too: `add(x, y)` is `x.add(y)`. */
const functions = {
  ...{ add, sub, mul, div, pow, square, maximum, minimum, remainder, floorDivide },
  ...{
    cast,
    clip,
    equal,
    notEqual,
    less,
    lessEqual,
    greater,
    greaterEqual,
    logicalAnd,
    logicalOr,
    logicalXor,
  },
  ...{
    reshape,
    transpose,
    swapAxes,
    moveAxis,
    broadcastTo,
    expandDims,
    squeeze,
    flatten,
    slice,
    narrow,
    split,
    flip,
  },
  ...{ pad, tile, repeat, roll },
  ...{ sum, mean, max, min, prod, variance, std, norm, logsumexp, argmax, argmin, any, all, cumsum, cumprod },
  ...{
    neg,
    abs,
    sign,
    floor,
    ceil,
    round,
    exp,
    log,
    sqrt,
    rsqrt,
    reciprocal,
    sin,
    cos,
    tan,
    tanh,
    erf,
    sigmoid,
  },
  ...{ take, takeAlongAxis, gather, gatherND, scatterAdd, scatterUpdate, putAlongAxis },
  ...{ sort, argsort, topK, quantile, median, triu, tril, diagonal, trace },
  ...{ logicalNot, isNaN, isFinite, matmul, dot, stopGradient, zerosLike, onesLike },
};

type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Out ? (...rest: Rest) => Out : never;
type Methods = { [Name in keyof typeof functions]: Method<(typeof functions)[Name]> };

/** The operations as methods of Tensor. */
export interface TensorMethods extends Methods {}

for (const [name, f] of Object.entries(functions)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]): unknown {
      return (f as (...args: unknown[]) => unknown)(this, ...rest);
    },
    writable: true,
    configurable: true,
  });
}
