import * as ops from "../../ops/index.js";
import { any, type OpCase, type OpCases } from "./op-case.js";

/** Operators that slide a window over spatial axes. */
export const windowCases: OpCases = {
  conv: [
    { f: (x, w) => ops.conv(x, w), at: [any([2, 2, 5]), any([3, 2, 3], 2)] },
    {
      f: (x, w, bias) =>
        ops.conv(x, w, {
          stride: [2, 1],
          padding: [
            [0, 1],
            [2, 1],
          ],
          dilation: [1, 2],
          groups: 2,
          bias: bias,
        }),
      at: [any([2, 4, 5, 4]), any([4, 2, 2, 3], 2), any([4], 3)],
    },
    { f: (x, w) => ops.conv(x, w, { padding: "same" }), at: [any([1, 2, 3, 4]), any([2, 2, 3, 2], 2)] },
    {
      f: (x, w) => ops.conv(x, w, { stride: 2, padding: 1 }),
      at: [any([1, 1, 3, 2, 3]), any([2, 1, 2, 2, 2], 2)],
    },
  ],
  convTranspose: [
    { f: (x, w) => ops.convTranspose(x, w, { padding: 1 }), at: [any([2, 2, 4]), any([2, 3, 3], 2)] },
    {
      f: (x, w, bias) =>
        ops.convTranspose(x, w, {
          stride: [2, 3],
          padding: [
            [0, 1],
            [1, 1],
          ],
          outputPadding: [1, 2],
          groups: 2,
          bias: bias,
        }),
      at: [any([2, 4, 2, 3]), any([4, 1, 3, 2], 2), any([2], 3)],
    },
    {
      f: (x, w) => ops.convTranspose(x, w, { dilation: 2 }),
      at: [any([1, 1, 2, 1, 2]), any([1, 2, 2, 2, 1], 2)],
    },
  ],
  unfold: [
    { f: (x) => ops.unfold(x, 3), at: [any([2, 2, 5])] },
    {
      f: (x) =>
        ops.unfold(x, [2, 3], {
          stride: [1, 2],
          padding: [
            [1, 0],
            [1, 2],
          ],
          dilation: 2,
        }),
      at: [any([1, 2, 4, 5])],
    },
    { f: (x) => ops.unfold(x, 2, { stride: 2 }), at: [any([1, 1, 2, 3, 4])] },
  ],
  fold: [
    { f: (u) => ops.fold(u, [5], 3), at: [any([2, 6, 3])] },
    { f: (u) => ops.fold(u, [4, 3], [2, 2], { stride: [2, 1], padding: 1 }), at: [any([1, 8, 12])] },
  ],
  maxPool: [
    { f: (x) => ops.maxPool(x, 2), at: [any([2, 2, 5])] },
    { f: (x) => ops.maxPool(x, [3, 2], { stride: [2, 1], padding: 1 }).square(), at: [any([1, 2, 4, 3])] },
    { f: (x) => ops.maxPool(x, 2, { stride: 2, dilation: 2, ceilMode: true }), at: [any([1, 2, 6, 5])] },
    { f: (x) => ops.maxPool(x, [1, 2, 2]), at: [any([1, 1, 2, 2, 4])] },
  ],
  avgPool: [
    { f: (x) => ops.avgPool(x, 2), at: [any([2, 2, 5])] },
    { f: (x) => ops.avgPool(x, 2).square(), at: [any([1, 2, 4, 2])] },
    {
      f: (x) =>
        ops.avgPool(x, [3, 2], {
          stride: [2, 1],
          padding: [
            [1, 0],
            [1, 1],
          ],
        }),
      at: [any([1, 2, 4, 3])],
    },
    {
      f: (x) => ops.avgPool(x, 3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
      at: [any([1, 1, 4, 6])],
    },
    { f: (x) => ops.avgPool(x, 3, { stride: 1, padding: "same" }), at: [any([1, 1, 2, 3, 2])] },
  ],
  globalAvgPool: [
    { f: (x) => ops.globalAvgPool(x), at: [any([2, 3, 2, 2])] },
    { f: (x) => ops.globalAvgPool(x, { keepDims: true }), at: [any([2, 1, 3])] },
  ],
  globalMaxPool: [
    { f: (x) => ops.globalMaxPool(x), at: [any([2, 2, 2, 3])] },
    { f: (x) => ops.globalMaxPool(x, { keepDims: true }), at: [any([2, 1, 3])] },
  ],
  resize: [
    { f: (x) => ops.resize(x, [4, 6]), at: [any([1, 2, 2, 2])] },
    { f: (x) => ops.resize(x, [2, 5]), at: [any([1, 2, 4, 3])] },
    { f: (x) => ops.resize(x, [5, 3], { mode: "bilinear" }), at: [any([1, 2, 3, 4])] },
    { f: (x) => ops.resize(x, 4, { mode: "bilinear", alignCorners: true }), at: [any([1, 1, 3])] },
    { f: (x) => ops.resize(x, [6, 3], { mode: "bicubic" }).square(), at: [any([1, 1, 4, 5])] },
    { f: (x) => ops.resize(x, 3, { mode: "bicubic", alignCorners: true }), at: [any([1, 1, 2, 2, 4])] },
  ],
  gridSample: (["zeros", "border", "reflection"] as const).flatMap((padding): OpCase[] => [
    { f: (x, grid) => ops.gridSample(x, grid, { padding }), at: [any([2, 2, 2, 3]), any([2, 1, 2, 2], 2)] },
    {
      f: (x, grid) => ops.gridSample(x, grid, { padding, alignCorners: true }),
      at: [any([1, 1, 3, 2]), any([1, 2, 2, 2], 2)],
    },
    {
      f: (x, grid) => ops.gridSample(x, grid, { padding, mode: "nearest" }),
      at: [any([1, 1, 3, 2]), any([1, 2, 2, 2], 2)],
    },
  ]),
};
