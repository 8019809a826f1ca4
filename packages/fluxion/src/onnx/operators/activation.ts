import { normalizeAxis, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { input, number, text, type Call, type Translation, type Translations } from "../call.js";

const unary =
  (f: (x: Tensor, call: Call) => Tensor): Translation =>
  (call) =>
    f(input(call, 0), call);

/** Before opset 13 these act on all axes from `axis` on together. */
const along =
  (f: (x: Tensor, axis: number) => Tensor): Translation =>
  (call) => {
    const x = input(call, 0);
    if (call.opset >= 13) return f(x, number(call, "axis", -1));
    const axis = normalizeAxis(call.type, number(call, "axis", 1), x.rank);
    const rows = ops.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
    return ops.reshape(f(rows, 1), x.shape);
  };

/** 1 at the first largest element along an axis, else 0. */
function hardmax(x: Tensor, axis: number): Tensor {
  const k = normalizeAxis("Hardmax", axis, x.rank);
  const best = ops.argmax(x, k, { keepDims: true });
  const index = ops.arange(x.shape[k]!).reshape(x.shape.map((d, i) => (i === k ? d : 1)));
  return ops.equal(best, index).cast(x.dtype);
}

const selu: Translation = (call) => {
  const alpha = number(call, "alpha", 1.67326319217681884765625);
  const gamma = number(call, "gamma", 1.05070102214813232421875);
  return ops.mul(ops.elu(input(call, 0), alpha), gamma);
};

/** max(0, x) + min(0, alpha·(e^(x/alpha) − 1)) */
const celu = unary((x, call) => {
  const alpha = number(call, "alpha", 1);
  return ops.mul(ops.elu(ops.div(x, alpha), 1), alpha);
});

const shrink = unary((x, call) => {
  const [bias, lambda] = [number(call, "bias", 0), number(call, "lambd", 0.5)];
  const zero = ops.zerosLike(x);
  const above = ops.where(ops.greater(x, lambda), ops.sub(x, bias), zero);
  return ops.where(ops.less(x, -lambda), ops.add(x, bias), above).cast(x.dtype);
});

const swish = (x: Tensor, alpha: number): Tensor =>
  alpha === 1 ? ops.silu(x) : x.mul(ops.sigmoid(x.mul(alpha)));

/** Activations and the softmax family. */
export const activation: Translations = {
  Relu: unary((x) => ops.relu(x).cast(x.dtype)),
  LeakyRelu: unary((x, call) => ops.leakyRelu(x, number(call, "alpha", 0.01))),
  PRelu: (call) => {
    const [x, slope] = [input(call, 0), input(call, 1)];
    return ops.where(ops.less(x, 0), ops.mul(x, slope), x);
  },
  Elu: unary((x, call) => ops.elu(x, number(call, "alpha", 1))),
  Selu: selu,
  Celu: celu,
  Gelu: unary((x, call) =>
    ops.gelu(x, { approximate: text(call, "approximate", "none") === "tanh" ? "tanh" : "none" }),
  ),
  Sigmoid: unary(ops.sigmoid),
  HardSigmoid: unary((x, call) =>
    x
      .mul(number(call, "alpha", 0.2))
      .add(number(call, "beta", 0.5))
      .clip(0, 1),
  ),
  HardSwish: unary(ops.hardSwish),
  Softplus: unary(ops.softplus),
  Softsign: unary(ops.softsign),
  Mish: unary(ops.mish),
  Swish: unary((x, call) => swish(x, number(call, "alpha", 1))),
  SwiGLU: (call) => swish(input(call, 0), number(call, "alpha", 1)).mul(input(call, 1)),
  ThresholdedRelu: unary((x, call) =>
    ops.where(ops.greater(x, number(call, "alpha", 1)), x, ops.zerosLike(x)),
  ),
  Shrink: shrink,
  Softmax: along(ops.softmax),
  LogSoftmax: along(ops.logSoftmax),
  Hardmax: along(hardmax),
  "com.microsoft.QuickGelu": unary((x, call) => swish(x, number(call, "alpha", 1.702))),
  "com.microsoft.Gelu": unary((x) => ops.gelu(x)),
  "com.microsoft.FastGelu": (call) => {
    const [x, bias] = [input(call, 0), call.inputs[1]];
    return ops.gelu(bias ? x.add(bias) : x, { approximate: "tanh" });
  },
  "com.microsoft.BiasGelu": (call) => ops.gelu(ops.add(input(call, 0), input(call, 1))),
};
