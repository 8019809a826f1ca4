import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { any, whole, type OpCase, type OpCases, type ValueCase, type ValueCases } from "./op-case.js";

const cube = any([2, 3, 4]);
const on = (...fs: ((x: Tensor) => Tensor)[]): OpCase[] => fs.map((f) => ({ f: (x) => f(x), at: [cube] }));

export const movementCases: OpCases = {
  reshape: on(
    (x) => ops.reshape(x, [4, -1]),
    (x) => ops.reshape(ops.transpose(x), [24]),
  ),
  transpose: on(
    (x) => ops.transpose(x),
    (x) => ops.transpose(x, [1, 2, 0]),
  ),
  swapAxes: on((x) => ops.swapAxes(x, 0, -1)),
  moveAxis: on(
    (x) => ops.moveAxis(x, 0, 2),
    (x) => ops.moveAxis(x, 2, 0),
  ),
  broadcastTo: [
    { f: (x) => ops.broadcastTo(x, [2, 3, 4]), at: [any([3, 1])] },
    { f: (x) => ops.broadcastTo(x, [2, 2]), at: [any([])] },
  ],
  expandDims: on(
    (x) => ops.expandDims(x, 1),
    (x) => ops.expandDims(x, [0, -1]),
  ),
  squeeze: [{ f: (x) => ops.squeeze(x), at: [any([1, 3, 1])] }],
  flatten: on(
    (x) => ops.flatten(x),
    (x) => ops.flatten(x, 1),
  ),
  concat: [
    { f: (x, y) => ops.concat([x, y, x], 1), at: [any([2, 3]), any([2, 1], 2)] },
    { f: (x, y) => ops.concat([x, y]), at: [any([2, 3]), any([1, 3], 2)] },
  ],
  stack: [{ f: (x, y) => ops.stack([x, y], -1), at: [any([2, 3]), any([2, 3], 2)] }],
  slice: on(
    (x) => ops.slice(x, 1),
    (x) => ops.slice(x, null, [1, -1]),
    (x) => ops.slice(x, [null, null, -1], null, [0, 4, 2]),
    (x) => ops.slice(x, null, [null, null, -2], [3, 0, -2]),
    (x) => ops.slice(x, -1, 0, [1, 4, 3]),
  ),
  narrow: on((x) => ops.narrow(x, 2, 1, 3)),
  split: [
    { f: (x) => ops.split(x, 2, 2), at: [cube] },
    { f: (x) => ops.split(x, [1, 2], 1), at: [cube] },
  ],
  flip: on(
    (x) => ops.flip(x),
    (x) => ops.flip(x, 1),
  ),
  padZeros: on((x) => ops.padZeros(x, [0, 1, 2], [1, 0, 0])),
  pad: on(
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [0, 2],
          [0, 0],
        ],
        { value: 1.5 },
      ),
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [2, 1],
          [3, 3],
        ],
        { mode: "reflect" },
      ),
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [0, 2],
          [4, 1],
        ],
        { mode: "edge" },
      ),
    (x) =>
      ops.pad(
        x,
        [
          [2, 0],
          [1, 3],
          [0, 4],
        ],
        { mode: "wrap" },
      ),
  ),
  tile: on(
    (x) => ops.tile(x, [2, 1, 3]),
    (x) => ops.tile(x, [2]),
    (x) => ops.tile(x, [2, 1, 1, 1]),
  ),
  repeat: on((x) => ops.repeat(x, 3, 1)),
  roll: on(
    (x) => ops.roll(x, 1, 2),
    (x) => ops.roll(x, -5, 1),
    (x) => ops.roll(x, 3, 1),
  ),
};

const dtypes = ["float32", "int32", "int64", "uint32", "uint8", "bool"] as const;
const values = (...fs: ((x: Tensor) => Tensor | Tensor[])[]): ValueCase[] =>
  fs.map((f) => ({ f: (x) => f(x), at: [whole([2, 3, 4]).add(3)], dtypes }));

export const movementValues: ValueCases = {
  reshape: values((x) => ops.reshape(x, [4, -1])),
  transpose: values((x) => ops.transpose(x)),
  broadcastTo: values((x) => ops.broadcastTo(x, [2, 2, 3, 4])),
  concat: values((x) => ops.concat([x, ops.flip(x)], 2)),
  stack: values((x) => ops.stack([x, x], 1)),
  slice: values(
    (x) => ops.slice(x, [null, null, -1], null, [0, 4, 2]),
    (x) => ops.slice(x, [1, 1]),
  ),
  pad: values(
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [2, 1],
          [3, 3],
        ],
        { mode: "reflect" },
      ),
    (x) =>
      ops.pad(x, [
        [1, 0],
        [2, 1],
        [3, 3],
      ]),
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [2, 1],
          [3, 3],
        ],
        { value: 1 },
      ),
  ),
  tile: values((x) => ops.tile(x, [2, 1, 3])),
  repeat: values((x) => ops.repeat(x, 2, 1)),
  roll: values((x) => ops.roll(x, 2, 2)),
  flip: values((x) => ops.flip(x, 0)),
  full: values((x) => ops.full(x.shape, 2, { dtype: x.dtype })),
  zeros: values((x) => ops.zeros(x.shape, { dtype: x.dtype })),
  ones: values((x) => ops.ones(x.shape, { dtype: x.dtype })),
  zerosLike: values((x) => ops.zerosLike(x)),
  onesLike: values((x) => ops.onesLike(x)),
  arange: values(() => [
    ops.arange(5),
    ops.arange(1, 4, 0.5),
    ops.arange(5, -5, -3),
    ops.arange(0),
    ops.arange(5000),
  ]),
  linspace: values(() => [
    ops.linspace(-1, 1, 5),
    ops.linspace(0, 1, 4, { endpoint: false }),
    ops.linspace(2, 3, 1),
  ]),
  eye: values((x) => [ops.eye(3, { dtype: x.dtype }), ops.eye(2, { m: 4, k: 1 }), ops.eye(3, { k: -1 })]),
};
