import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import {
  any,
  positive,
  whole,
  type OpCase,
  type OpCases,
  type ValueCase,
  type ValueCases,
} from "./op-case.js";

type Reduction = (x: Tensor, axis?: number | readonly number[], options?: { keepDims?: boolean }) => Tensor;

const reductions = (f: Reduction, at = any([2, 3, 4])): OpCase[] => [
  { f: (x) => f(x), at: [at] },
  { f: (x) => f(x, 1), at: [at] },
  { f: (x) => f(x, [0, -1]), at: [at] },
  { f: (x) => f(x, -1, { keepDims: true }).mul(x), at: [at] },
  { f: (x) => f(x), at: [any([])] },
];

export const reduceCases: OpCases = {
  sum: reductions(ops.sum),
  mean: reductions(ops.mean),
  max: reductions(ops.max),
  min: reductions(ops.min),
  prod: reductions(ops.prod, any([2, 2, 3])),
  variance: [...reductions(ops.variance), { f: (x) => ops.variance(x, 1, { ddof: 1 }), at: [any([2, 3])] }],
  std: reductions(ops.std, any([2, 3, 4])).slice(0, 4),
  norm: [
    ...reductions(ops.norm),
    ...[1, 3, 1.5, Infinity].map((ord): OpCase => ({
      f: (x) => ops.norm(x, -1, { ord }),
      at: [positive([2, 3])],
    })),
  ],
  logsumexp: reductions(ops.logsumexp),
  cumsum: [
    { f: (x) => ops.cumsum(x, 1), at: [any([2, 3, 2])] },
    { f: (x) => ops.cumsum(x, -1, { reverse: true }).square(), at: [any([2, 3])] },
  ],
  cumprod: [
    { f: (x) => ops.cumprod(x, 0), at: [any([5])] },
    { f: (x) => ops.cumprod(x, 1, { reverse: true }), at: [any([2, 3])] },
  ],
  sumTo: [{ f: (x) => ops.sumTo(x, [3, 1]), at: [any([2, 3, 4])] }],
  matmul: [
    { f: ops.matmul, at: [any([2, 3]), any([3, 4], 2)] },
    { f: ops.matmul, at: [any([3]), any([3], 2)] },
    { f: ops.matmul, at: [any([2, 3]), any([3], 2)] },
    { f: ops.matmul, at: [any([3]), any([2, 3, 2], 2)] },
    { f: ops.matmul, at: [any([2, 3, 4]), any([4, 2], 2)] },
    { f: ops.matmul, at: [any([2, 3, 4]), any([2, 4, 2], 2)] },
    { f: ops.matmul, at: [any([2, 1, 2, 3]), any([3, 3, 2], 2)] },
    { f: ops.matmul, at: [any([2, 2]), any([3, 2, 2], 2)] },
    { f: (a, b) => ops.matmul(a.transpose(), b.mul(0.3)), at: [any([3, 2]), any([3, 4], 2)] },
    {
      f: (a, b) => ops.matmul(a.swapAxes(-1, -2), b.swapAxes(-1, -2)),
      at: [any([2, 3, 2]), any([4, 3], 2)],
    },
    { f: (a) => ops.matmul(a, a.transpose()), at: [any([3, 2])] },
  ],
  fusedMatmul: [
    {
      f: (a, b) => ops.fusedMatmul(a, b, { transA: true, transB: true, alpha: 0.3 }),
      at: [any([2, 3, 2]), any([2, 4, 3], 2)],
    },
  ],
  dot: [{ f: ops.dot, at: [any([2, 3]), any([2, 3], 2)] }],
  outer: [{ f: ops.outer, at: [any([2]), any([3], 2)] }],
  tensordot: [
    { f: (a, b) => ops.tensordot(a, b), at: [any([2, 3, 4]), any([3, 4, 2], 2)] },
    { f: (a, b) => ops.tensordot(a, b, 1), at: [any([2, 3]), any([3, 2], 2)] },
    {
      f: (a, b) =>
        ops.tensordot(a, b, [
          [0, 2],
          [1, 0],
        ]),
      at: [any([2, 3, 4]), any([4, 2, 3], 2)],
    },
    { f: (a, b) => ops.tensordot(a, b, 0), at: [any([2]), any([3], 2)] },
  ],
};

const numbers = ["float32", "float64", "int32", "int64", "uint32", "uint8", "bool"] as const;
const values = (...fs: ((x: Tensor) => Tensor | Tensor[])[]): ValueCase[] =>
  fs.map((f) => ({ f: (x) => f(x), at: [whole([2, 3, 4]).add(3)], dtypes: numbers }));

export const reduceValues: ValueCases = {
  argmax: values((x) => [ops.argmax(x), ops.argmax(x, 1), ops.argmax(x, -1, { keepDims: true })]),
  argmin: values((x) => [ops.argmin(x), ops.argmin(x, 1), ops.argmin(x, -1, { keepDims: true })]),
  any: values((x) => [ops.any(x), ops.any(x.sub(3), 1), ops.any(x, [0, 2], { keepDims: true })]),
  all: values((x) => [ops.all(x), ops.all(x.sub(3), 1), ops.all(x, [0, 2], { keepDims: true })]),
  countNonzero: values((x) => [ops.countNonzero(x), ops.countNonzero(x, 1)]),
  sum: values((x) => [ops.sum(x), ops.sum(x, 1), ops.sum(x, [0, 2], { keepDims: true })]),
  mean: values((x) => [ops.mean(x), ops.mean(x, 1)]),
  max: values((x) => [ops.max(x), ops.max(x, 1)]),
  min: values((x) => [ops.min(x), ops.min(x, 1)]),
  prod: values((x) => [ops.prod(x, 1)]),
  cumsum: values((x) => [ops.cumsum(x, 1), ops.cumsum(x, 0, { reverse: true })]),
  cumprod: values((x) => [ops.cumprod(x, 1)]),
  variance: values((x) => [ops.variance(x, 1)]),
  logsumexp: values((x) => [ops.logsumexp(x, 1)]),
  norm: values((x) => [ops.norm(x, 1)]),
  matmul: values((x) => [ops.matmul(x, x.swapAxes(-1, -2)), ops.matmul(x, ops.slice(x, 0).transpose())]),
  outer: values((x) => ops.outer(ops.slice(x, 0, 0), ops.slice(x, 1, 1))),
  dot: values((x) => ops.dot(x, x)),
};
