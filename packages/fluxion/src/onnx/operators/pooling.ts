import { CompileError } from "../../core/errors.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, number, numbers, type Call, type Translations } from "../call.js";
import { windowOf, type Window } from "./convolution.js";

function poolOf(call: Call): { x: Tensor; window: Window } {
  const x = input(call, 0);
  return { x, window: windowOf(call, x.shape.slice(2), numbers(call, "kernel_shape") ?? []) };
}

function maxPool(call: Call): Tensor {
  const { x, window } = poolOf(call);
  if (call.wants(1))
    throw new CompileError({ where: call.type, want: "one output", got: "a use of the positions" });
  const { kernel, ...options } = window;
  const wide = x.dtype.startsWith("float") ? x : x.cast("float32");
  return ops.maxPool(wide, kernel, { ...options, ceilMode: flag(call, "ceil_mode") }).cast(x.dtype);
}

/** Sums of windows by convolving every channel with ones. */
function windowSums(x: Tensor, { kernel, ...options }: Window): Tensor {
  const [b, c] = x.shape as [number, number];
  const ones = ops.ones([1, 1, ...kernel], { dtype: x.dtype });
  const y = ops.conv(x.reshape([b * c, 1, ...x.shape.slice(2)]), ones, options);
  return y.reshape([b, c, ...y.shape.slice(2)]);
}

function averagePool(call: Call): Tensor {
  const { x, window } = poolOf(call);
  const countIncludePad = flag(call, "count_include_pad");
  const ceilMode = flag(call, "ceil_mode");
  const { kernel, stride, dilation, padding } = window;
  if (dilation.every((d) => d === 1))
    return ops.avgPool(x, kernel, { stride, padding, ceilMode, countIncludePad });
  // A last window may hang over the end; what it sees there never counts.
  const reached = padding.map(([before, after], i): readonly [number, number] => {
    const free = x.shape[i + 2]! + before + after - (dilation[i]! * (kernel[i]! - 1) + 1);
    const over = ceilMode ? Math.ceil(free / stride[i]!) * stride[i]! - free : 0;
    return [before, after + over];
  });
  const sums = windowSums(x, { ...window, padding: reached });
  const inside = countIncludePad
    ? padding.map((p): [number, number] => [p[0], p[1]])
    : padding.map((): [number, number] => [0, 0]);
  const counted = ops.pad(ops.ones([1, 1, ...x.shape.slice(2)], { dtype: x.dtype }), [
    [0, 0],
    [0, 0],
    ...inside,
  ]);
  const rest = reached.map((r, i): readonly [number, number] => [r[0] - inside[i]![0], r[1] - inside[i]![1]]);
  return ops.div(sums, windowSums(counted, { ...window, padding: rest }));
}

/** (Σ|x|^p)^(1/p) over each window. */
function lpPool(call: Call): Tensor {
  const { x, window } = poolOf(call);
  const p = number(call, "p", 2);
  const sums = windowSums(ops.pow(ops.abs(x), p), window);
  return ops.pow(sums, 1 / p);
}

const spatialAxes = (x: Tensor): number[] => x.shape.slice(2).map((_, i) => i + 2);

/** Pooling. */
export const pooling: Translations = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: (call) => ops.mean(input(call, 0), spatialAxes(input(call, 0)), { keepDims: true }),
  GlobalMaxPool: (call) => ops.max(input(call, 0), spatialAxes(input(call, 0)), { keepDims: true }),
  GlobalLpPool: (call) => {
    const [x, p] = [input(call, 0), number(call, "p", 2)];
    return ops.pow(ops.sum(ops.pow(ops.abs(x), p), spatialAxes(x), { keepDims: true }), 1 / p);
  },
};
