import { CompileError } from "../../core/errors.js";
import { normalizeAxis } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, number, numbers, type Call, type Translations } from "../call.js";

/** A vector over the channels, axis 1. */
const channels = (t: Tensor, rank: number): Tensor =>
  t.reshape([t.size, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);

function batchNormalization(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => input(call, i)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const epsilon = number(call, "epsilon", 1e-5);
  if (!flag(call, "training_mode")) {
    // One product and one sum an element: the statistics are folded into scale and bias.
    const factor = ops.mul(scale, ops.rsqrt(variance.add(epsilon)));
    const shift = ops.sub(bias, ops.mul(mean, factor));
    return [ops.add(ops.mul(x, channels(factor, x.rank)), channels(shift, x.rank)).cast(x.dtype)];
  }
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const momentum = number(call, "momentum", 0.9);
  const [batchMean, batchVariance] = [ops.mean(x, axes), ops.variance(x, axes)];
  const centred = ops.sub(x, channels(batchMean, x.rank));
  const y = ops.mul(centred, channels(ops.mul(scale, ops.rsqrt(batchVariance.add(epsilon))), x.rank));
  const blend = (running: Tensor, batch: Tensor): Tensor =>
    running.mul(momentum).add(batch.mul(1 - momentum));
  return [
    ops.add(y, channels(bias, x.rank)).cast(x.dtype),
    blend(mean, batchMean),
    blend(variance, batchVariance),
  ];
}

/** Statistics are taken in float32 even of half precision. */
const widen = (x: Tensor): Tensor => (x.dtype === "float16" ? x.cast("float32") : x);

function layerNormalization(call: Call): readonly Tensor[] {
  const x = input(call, 0);
  const axis = normalizeAxis(call.type, number(call, "axis", -1), x.rank);
  const axes = x.shape.flatMap((_, i) => (i < axis ? [] : [i]));
  const epsilon = number(call, "epsilon", 1e-5);
  const wide = widen(x);
  const weighted = (y: Tensor): Tensor => {
    const scaledY = ops.mul(y.cast(x.dtype), input(call, 1));
    return call.inputs[2] ? ops.add(scaledY, call.inputs[2]) : scaledY;
  };
  const y = weighted(ops.layerNorm(wide, {}, { axis, epsilon }));
  if (!call.wants(1) && !call.wants(2)) return [y];
  const mean = ops.mean(wide, axes, { keepDims: true });
  return [y, mean, ops.rsqrt(ops.variance(wide, axes, { keepDims: true }).add(epsilon))];
}

function rmsNormalization(call: Call): Tensor {
  const x = input(call, 0);
  const axis = normalizeAxis(call.type, number(call, "axis", -1), x.rank);
  const axes = x.shape.flatMap((_, i) => (i < axis ? [] : [i]));
  const wide = widen(x);
  const inverse = ops.rsqrt(
    ops.mean(ops.square(wide), axes, { keepDims: true }).add(number(call, "epsilon", 1e-5)),
  );
  return ops.mul(ops.mul(wide, inverse).cast(x.dtype), input(call, 1));
}

function groupNormalization(call: Call): Tensor {
  const x = input(call, 0);
  const groups = number(call, "num_groups");
  const epsilon = number(call, "epsilon", 1e-5);
  const [scale, bias] = [input(call, 1), input(call, 2)];
  const c = x.shape[1]!;
  // Up to opset 20 there is one weight a group, from 21 one a channel.
  const perChannel = (t: Tensor): Tensor => (t.size === c ? t : ops.repeat(t, c / t.size, 0));
  const y = ops.groupNorm(widen(x), groups, {}, { epsilon }).cast(x.dtype);
  return ops.add(ops.mul(y, channels(perChannel(scale), x.rank)), channels(perChannel(bias), x.rank));
}

function lpNormalization(call: Call): Tensor {
  const x = input(call, 0);
  const p = number(call, "p", 2);
  const axis = number(call, "axis", -1);
  if (p !== 1 && p !== 2) throw new CompileError({ where: call.type, want: "p = 1 or 2", got: String(p) });
  const length = ops.norm(x, axis, { ord: p, keepDims: true });
  return ops.where(
    ops.equal(length, 0),
    ops.zerosLike(x),
    ops.div(x, ops.where(ops.equal(length, 0), ops.onesLike(length), length)),
  );
}

function meanVarianceNormalization(call: Call): Tensor {
  const x = input(call, 0);
  const axes = numbers(call, "axes") ?? [0, 2, 3];
  const centred = ops.sub(x, ops.mean(x, axes, { keepDims: true }));
  return ops.div(centred, ops.sqrt(ops.mean(ops.square(centred), axes, { keepDims: true })).add(1e-9));
}

/** Local response normalisation: each value by the squares of its neighbours in channels. */
function lrn(call: Call): Tensor {
  const x = input(call, 0);
  const size = number(call, "size");
  const before = Math.floor((size - 1) / 2);
  const margin = x.shape.map((_, i): [number, number] =>
    i === 1 ? [before, Math.ceil((size - 1) / 2)] : [0, 0],
  );
  const c = x.shape[1]!;
  const squares = ops.pad(ops.square(x), margin);
  const sums = ops.cumsum(squares, 1);
  const zero = ops.zeros(x.shape.with(1, 1), { dtype: x.dtype });
  const running = ops.concat([zero, sums], 1);
  const total = ops.sub(running.narrow(1, size, size + c), running.narrow(1, 0, c));
  const base = total.mul(number(call, "alpha", 0.0001) / size).add(number(call, "bias", 1));
  return ops.div(x, ops.pow(base, number(call, "beta", 0.75)));
}

/** Normalisations. */
export const normalization: Translations = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: (call) => {
    const x = input(call, 0);
    const y = ops.instanceNorm(widen(x), {}, { epsilon: number(call, "epsilon", 1e-5) }).cast(x.dtype);
    return ops.add(ops.mul(y, channels(input(call, 1), x.rank)), channels(input(call, 2), x.rank));
  },
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: lrn,
};
