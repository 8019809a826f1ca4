import { CompileError } from "../../core/errors.js";
import { normalizeAxis } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { convInteger } from "./convolution.js";
import { typeNames } from "../read-tensor.js";
import { input, number, type Call, type Translations } from "../call.js";

/** Scale or zero point spread over `x`: one for all, one an entry of `axis`, or one a block along it. */
function spread(call: Call, t: Tensor, x: Tensor): Tensor {
  if (t.size === 1) return t.reshape([]);
  const axis = normalizeAxis(call.type, number(call, "axis", 1), x.rank);
  if (t.rank === 1) return t.reshape(x.shape.map((_, i) => (i === axis ? t.size : 1)));
  const block = number(call, "block_size", 0);
  return ops.repeat(t, block, axis).narrow(axis, 0, x.shape[axis]!);
}

function dequantize(call: Call): Tensor {
  const [x, scale, zero] = [input(call, 0), spread(call, input(call, 1), input(call, 0)), call.inputs[2]];
  const wide = zero ? ops.sub(x.cast("int32"), spread(call, zero, x).cast("int32")) : x;
  return ops.mul(wide.cast("float32"), scale.cast("float32")).cast(scale.dtype);
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  ...{ uint8: [0, 255], int8: [-128, 127], uint16: [0, 65535], int16: [-32768, 32767] },
  ...{ uint4: [0, 15], int4: [-8, 7], uint2: [0, 3], int2: [-2, 1] },
};

/** round(x/scale) + zero, held within the range of the zero point's type. */
function quantizeTo(x: Tensor, scale: Tensor, zero: Tensor | undefined, type: string, call: Call): Tensor {
  const range = ranges[type];
  if (!range)
    throw new CompileError({
      where: call.type,
      want: `a zero point of ${Object.keys(ranges).join(", ")}`,
      got: type,
    });
  const steps = ops.round(ops.div(x, scale));
  const shifted = zero ? ops.add(steps, zero.cast(steps.dtype)) : steps;
  return shifted.clip(...range).cast(type === "uint8" ? "uint8" : "int32");
}

function quantize(call: Call): Tensor {
  const x = input(call, 0);
  const zero = call.inputs[2];
  const given = typeNames[number(call, "output_dtype", 0)] ?? "";
  const type = zero ? call.declared(2) : given in ranges ? given : "uint8";
  return quantizeTo(x, spread(call, input(call, 1), x), zero && spread(call, zero, x), type, call);
}

/** x to uint8 with the scale that its own range asks for. */
function dynamicQuantize(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const low = ops.minimum(ops.min(x), 0);
  const high = ops.maximum(ops.max(x), 0);
  const scale = ops.div(ops.sub(high, low), 255);
  const zero = ops.round(ops.div(ops.neg(low), scale).clip(0, 255));
  return [ops.round(ops.div(x, scale)).add(zero).clip(0, 255).cast("uint8"), scale, zero.cast("uint8")];
}

/** Less its zero point, as int32. */
function centred(t: Tensor, zero: Tensor | undefined, byRow: boolean): Tensor {
  const whole = t.cast("int32");
  if (!zero) return whole;
  const column =
    byRow && zero.rank === 1 && zero.size > 1
      ? zero.reshape([zero.size, 1])
      : zero.size === 1
        ? zero.reshape([])
        : zero;
  return ops.sub(whole, column.cast("int32"));
}

function qLinearMatMul(call: Call): Tensor {
  const [a, b] = [
    centred(input(call, 0), input(call, 2), true),
    centred(input(call, 3), input(call, 5), false),
  ];
  const product = ops.matmul(a, b).cast("float32");
  const scale = ops.mul(input(call, 1), input(call, 4)).cast("float32");
  const y = ops.mul(product, scale.size === 1 ? scale.reshape([]) : scale);
  return quantizeTo(y, input(call, 6).cast("float32"), input(call, 7), call.declared(7), call);
}

/** x, scale, zero; w, scale, zero; the result's scale and zero; bias in units of both scales. */
function qLinearConv(call: Call): Tensor {
  const [scaleX, scaleW] = [input(call, 1), input(call, 4)];
  const wholes = convInteger({ ...call, inputs: [0, 3, 2, 5].map((i) => call.inputs[i]) });
  const channel = (t: Tensor): Tensor =>
    t.size === 1 ? t.reshape([]) : t.reshape([t.size, ...new Array<number>(wholes.rank - 2).fill(1)]);
  const total = call.inputs[8] ? ops.add(wholes, channel(call.inputs[8])) : wholes;
  const y = ops.mul(total.cast("float32"), channel(ops.mul(scaleX.reshape([]), scaleW)));
  return quantizeTo(y, input(call, 6), input(call, 7), call.declared(7), call);
}

/** Quantized values are held as whole numbers in a wider type. */
export const quantization: Translations = {
  DequantizeLinear: dequantize,
  QuantizeLinear: quantize,
  DynamicQuantizeLinear: dynamicQuantize,
  MatMulInteger: (call) =>
    ops.matmul(centred(input(call, 0), call.inputs[2], true), centred(input(call, 1), call.inputs[3], false)),
  QLinearMatMul: qLinearMatMul,
  QLinearConv: qLinearConv,
};
