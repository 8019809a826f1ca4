import { CompileError } from "../../core/errors.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { fixed, input, number, numbers, text, type Call, type Translations } from "../call.js";

/** How a window moves, read from the attributes that convolutions and pools share. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** [before, after] per spatial axis. */
  readonly padding: readonly (readonly [number, number])[];
}

/** The window of a call on an input with these spatial sizes. */
export function windowOf(call: Call, spatial: readonly number[], kernel: readonly number[]): Window {
  const rank = spatial.length;
  const ones = new Array<number>(rank).fill(1);
  const stride = numbers(call, "strides") ?? ones;
  const dilation = numbers(call, "dilations") ?? ones;
  const pads = numbers(call, "pads") ?? new Array<number>(2 * rank).fill(0);
  const auto = text(call, "auto_pad", "NOTSET");
  const padding = spatial.map((n, i): readonly [number, number] => {
    if (auto === "VALID") return [0, 0];
    if (auto === "NOTSET") return [pads[i]!, pads[rank + i]!];
    const span = dilation[i]! * (kernel[i]! - 1) + 1;
    const total = Math.max(0, (Math.ceil(n / stride[i]!) - 1) * stride[i]! + span - n);
    const less = Math.floor(total / 2);
    return auto === "SAME_UPPER" ? [less, total - less] : [total - less, less];
  });
  return { kernel, stride, dilation, padding };
}

function conv(call: Call): Tensor {
  const [x, w, bias] = [input(call, 0), input(call, 1), call.inputs[2]];
  const { stride, dilation, padding } = windowOf(call, x.shape.slice(2), w.shape.slice(2));
  return ops.conv(x, w, {
    stride,
    dilation,
    padding,
    groups: number(call, "group", 1),
    ...(bias ? { bias } : {}),
  });
}

function convTranspose(call: Call): Tensor {
  const [x, w, bias] = [input(call, 0), input(call, 1), call.inputs[2]];
  const spatial = x.shape.slice(2);
  const { stride, dilation, padding } = windowOf(call, spatial, w.shape.slice(2));
  const extra = numbers(call, "output_padding") ?? spatial.map(() => 0);
  const wanted = numbers(call, "output_shape")?.slice(-spatial.length);
  const auto = text(call, "auto_pad", "NOTSET");
  const whole = spatial.map(
    (n, i) => (n - 1) * stride[i]! + dilation[i]! * (w.shape[i + 2]! - 1) + 1 + extra[i]!,
  );
  const same = auto === "SAME_UPPER" || auto === "SAME_LOWER";
  // Everything is computed, then cropped: margins may be larger than the kernel's own, or negative.
  const margins = whole.map((size, i): readonly [number, number] => {
    const target = wanted?.[i] ?? (same ? spatial[i]! * stride[i]! : undefined);
    if (target === undefined) return padding[i]!;
    const total = size - target;
    const less = Math.floor(total / 2);
    return auto === "SAME_UPPER" ? [less, total - less] : [total - less, less];
  });
  const over = extra.map((e, i) => Math.max(0, e - stride[i]! + 1));
  const y = ops.convTranspose(x, w, {
    stride,
    dilation,
    groups: number(call, "group", 1),
    outputPadding: extra.map((e, i) => e - over[i]!),
    ...(bias ? { bias } : {}),
  });
  if (over.some((e) => e > 0))
    throw new CompileError({
      where: call.type,
      want: "output_padding below the stride",
      got: extra.join(", "),
    });
  return fitted(y, margins);
}

/** The spatial axes with their margins cut off; a negative margin adds zeros. */
function fitted(y: Tensor, margins: readonly (readonly [number, number])[]): Tensor {
  const grown = margins.some((m) => m.some((v) => v < 0))
    ? ops.pad(y, [
        [0, 0],
        [0, 0],
        ...margins.map(([a, b]): [number, number] => [Math.max(0, -a), Math.max(0, -b)]),
      ])
    : y;
  const parts = margins.map(([a, b], i): ops.SlicePart => [
    Math.max(0, a),
    grown.shape[i + 2]! - Math.max(0, b),
  ]);
  return ops.slice(grown, null, null, ...parts);
}

/** Columns [N, C·K, L] put back into images, overlaps added up. */
function col2Im(call: Call): Tensor {
  const x = input(call, 0);
  const size = fixed(call, 1, "the image's size") ?? [];
  const { kernel, ...options } = windowOf(call, size, fixed(call, 2, "the block's size") ?? []);
  return ops.fold(x, size, kernel, options);
}

/** A convolution of whole numbers less their zero points; below 2²⁴ they are exact in float32. */
export function convInteger(call: Call): Tensor {
  const [x, w] = [0, 1].map((i) => {
    const t = input(call, i).cast("float32");
    const zero = call.inputs[i + 2]?.cast("float32");
    return zero
      ? t.sub(
          zero.size === 1 ? zero.reshape([]) : zero.reshape([zero.size, ...t.shape.slice(1).map(() => 1)]),
        )
      : t;
  }) as [Tensor, Tensor];
  return conv({ ...call, inputs: [x, w] }).cast("int32");
}

/** Convolutions. */
export const convolution: Translations = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInteger: convInteger,
  Col2Im: col2Im,
};
