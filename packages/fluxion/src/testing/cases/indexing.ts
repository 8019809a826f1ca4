import { constant, tensor, type Tensor } from "../../core/tensor.js";
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

const ints = (values: number[], shape: number[] = [values.length]): Tensor =>
  constant(values, "int32", shape);

const cube = any([2, 3, 4]);
const on = (...fs: ((x: Tensor) => Tensor)[]): OpCase[] => fs.map((f) => ({ f: (x) => f(x), at: [cube] }));
const scattered = (f: typeof ops.scatterAdd): OpCase[] => [
  { f: (x, u) => f(x, ints([2, -3]), u), at: [any([4, 3]), any([2, 3], 2)] },
  { f: (x, u) => f(x, ints([0, 2, 1, 3], [2, 2]), u, 1), at: [any([2, 4, 2]), any([2, 2, 2, 2], 2)] },
  { f: (x, u) => f(x, 1, u, -1), at: [any([2, 3]), any([2], 2)] },
  { f: (x, u) => f(x, [0, 2], u), at: [any([3, 2]), any([2], 2)] },
];

export const indexingCases: OpCases = {
  take: [
    ...on(
      (x) => ops.take(x, 1, 1),
      (x) => ops.take(x, [2, 0, -1], 1),
      (x) => ops.take(x, ints([0, 3, 3, -1], [2, 2]), -1),
      (x) => ops.take(x, tensor([1, 0, 1], { dtype: "int64" })),
    ),
    // Wide enough for the one-hot product, and along the last axis.
    { f: (x) => ops.take(x, ints([0, 2, 2, -1, 1])), at: [any([3, 8])] },
    { f: (x) => ops.take(x, ints([0, 2, 2, -1]), 1), at: [any([8, 3])] },
    { f: (x) => ops.take(x, ints([4, 4, 0, -2])), at: [any([40, 1])] },
  ],
  takeAlongAxis: on(
    (x) => ops.takeAlongAxis(x, ints([0, 2, -1, 1, 1, 0], [2, 3, 1]), 2),
    (x) => ops.takeAlongAxis(x, ints([1, 0, 0, 1], [1, 1, 4]), 0),
  ),
  gather: on((x) => ops.gather(x, ints([0, 2, 2, -1], [1, 4, 1]), 1)),
  gatherND: [
    ...on(
      (x) => ops.gatherND(x, ints([0, 1, 1, -1], [2, 2])),
      (x) => ops.gatherND(x, ints([0, 2, 3, 0, 2, 3], [2, 1, 3])),
      (x) => ops.gatherND(x, ints([-1, 0, 0, 2], [2, 2, 1]), { batchDims: 1 }),
      (x) => ops.gatherND(x, ints([0, 3, 3, 1, 2, -1], [2, 3, 1]), { batchDims: 2 }),
    ),
  ],
  scatterAdd: [
    ...scattered(ops.scatterAdd),
    { f: (x, u) => ops.scatterAdd(x, ints([1, 1, 0, 1]), u), at: [any([2, 3]), any([4, 3], 2)] },
  ],
  scatterUpdate: scattered(ops.scatterUpdate),
  putAlongAxis: [
    {
      f: (x, u) => ops.putAlongAxis(x, ints([0, 3, 2, -1], [2, 2]), u, 1),
      at: [any([2, 4]), any([2, 2], 2)],
    },
    {
      f: (x, u) => ops.putAlongAxis(x, ints([0, 0, 2, 2], [2, 2]), u, 1, { add: true }),
      at: [any([2, 4]), any([2, 2], 2)],
    },
  ],
  triu: on(
    (x) => ops.triu(x),
    (x) => ops.triu(x, -1),
  ),
  tril: on(
    (x) => ops.tril(x),
    (x) => ops.tril(x, 2),
  ),
  diagonal: on(
    (x) => ops.diagonal(x),
    (x) => ops.diagonal(x, { offset: -1 }),
    (x) => ops.diagonal(x, { offset: 2, axes: [0, 2] }),
  ),
  trace: on((x) => ops.trace(x, { axes: [2, 1] })),
  diag: [
    { f: (x) => ops.diag(x), at: [any([3])] },
    { f: (x) => ops.diag(x, -2), at: [any([2])] },
    { f: (x) => ops.diag(x, 1), at: [any([2])] },
    { f: (x) => ops.diag(x, 1), at: [any([2, 3])] },
  ],
  meshgrid: [
    { f: (x, y) => ops.meshgrid([x, y]), at: [any([2]), any([3], 2)] },
    { f: (x, y) => ops.meshgrid([x, y, x], { indexing: "ij" }), at: [any([2]), any([3], 2)] },
  ],
  sort: on(
    (x) => ops.sort(x),
    (x) => ops.sort(x, 0, { descending: true }),
  ),
  topK: [
    { f: (x) => ops.topK(x, 2)[0], at: [cube] },
    { f: (x) => ops.topK(x, 3, 1, { largest: false })[0].square(), at: [cube] },
  ],
  quantile: on(
    (x) => ops.quantile(x, 0.3),
    (x) => ops.quantile(x, [0, 0.5, 0.9], 1),
    (x) => ops.quantile(x, 0.25, [0, 2], { method: "midpoint", keepDims: true }),
  ),
  median: on(
    (x) => ops.median(x, -1),
    (x) => ops.median(x, [0, 1]),
  ),
  histogram: [
    {
      f: (w) => ops.histogram(any([6]), 3, { range: [-1, 1], weights: w, density: true })[0],
      at: [positive([6], 2)],
    },
  ],
  bincount: [{ f: (w) => ops.bincount(ints([0, 2, 2, 7, -1, 1]), 4, { weights: w }), at: [any([6])] }],
};

const dtypes = ["float32", "float64", "float16", "int32", "int64", "uint32", "uint8", "bool"] as const;
const numbers = ["float32", "float16", "int32", "int64", "uint32", "uint8"] as const;
const values = (f: (x: Tensor) => Tensor | Tensor[], list: ValueCase["dtypes"] = dtypes): ValueCase[] => [
  { f: (x) => f(x), at: [whole([2, 3, 4]).add(3)], dtypes: list },
];

export const indexingValues: ValueCases = {
  take: values((x) => [ops.take(x, [1, -1], 2), ops.take(x, 0, 1)]),
  takeAlongAxis: values((x) => ops.takeAlongAxis(x, ops.argsort(x, 1), 1)),
  gatherND: values((x) => ops.gatherND(x, ints([0, 1, 1, -1], [2, 2]))),
  scatterUpdate: values((x) => ops.scatterUpdate(x, [0, 2], ops.slice(x, null, [0, 2]), 1)),
  scatterAdd: values((x) => ops.scatterAdd(x, ints([0, 2, 0]), x, 1), numbers),
  triu: values((x) => [ops.triu(x), ops.tril(x, 1), ops.diagonal(x), ops.diag(ops.slice(x, 0, 0), 1)]),
  sort: values((x) => [ops.sort(x), ops.sort(x, 1, { descending: true })]),
  argsort: values((x) => [ops.argsort(x), ops.argsort(x, 1, { descending: true })]),
  topK: values((x) => [...ops.topK(x, 2), ...ops.topK(x, 2, 0, { largest: false })]),
  searchsorted: values(
    (x) => {
      const sorted = ops.sort(x);
      const long = ops.sort(ops.flatten(ops.tile(x, [1, 1, 3])));
      return (["left", "right"] as const).flatMap((side) => [
        ops.searchsorted(sorted, x, { side }),
        ops.searchsorted(long, x, { side }),
        ops.searchsorted(ops.sort(ops.tile(x, [1, 1, 10])), x, { side }),
      ]);
    },
    ["float32", "float64", "int32", "int64", "uint8"],
  ),
  median: values((x) => [ops.median(x), ops.median(x, 1)]),
  histogram: values((x) => ops.histogram(x, 4, { range: [1, 5] }), ["float32", "float64", "int32", "uint8"]),
  bincount: values((x) => ops.bincount(x, 5), ["int32", "int64", "uint32", "uint8"]),
  oneHot: values(
    (x) => [
      ops.oneHot(x, 5),
      ops.oneHot(x.sub(3), 4, { axis: 1, dtype: "int32" }),
      ops.oneHot([0, 2], 3, { dtype: "bool" }),
    ],
    ["int32", "int64", "uint32", "uint8"],
  ),
};
