import { apply1, type Op } from "../core/node.js";
import { normalizeAxis } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, sub } from "./arithmetic.js";
import { greater, greaterEqual, where } from "./compare.js";
import { zerosLike } from "./create.js";
import { unaryOp } from "./elementwise.js";
import { sum, toFloat } from "./reduce.js";
import { erf } from "./erf.js";
import { log1p } from "./hyperbolic.js";
import { abs, exp, neg, sigmoid, tanh } from "./unary.js";

/** Softmax-like operators act along the last axis here; the functions move it there. */
function alongAxis(name: string, grad: Op<{ axis: number }>["grad"]): (x: Tensor, axis?: number) => Tensor {
  const op: Op<{ axis: number }> = {
    name,
    infer: ([x]) => [x!],
    grad,
    batch: ([x], _, { axis }) => [apply1(op, [x!], { axis: axis + 1 })],
    flops: ({ inputs: [x] }) => 5 * x!.size,
  };
  return (x, axis = -1) => {
    const t = toFloat(x);
    return apply1(op, [t], { axis: normalizeAxis(`ops.${name}`, axis, t.rank) });
  };
}

/** e^x / Σ e^x along an axis (default: the last). */
export const softmax = alongAxis("Softmax", ({ outputs: [y], attrs: { axis } }, [ct]) => {
  const weighted = mul(ct!, y!);
  return [sub(weighted, mul(y!, sum(weighted, axis, { keepDims: true })))];
});

/** log softmax along an axis (default: the last). */
export const logSoftmax = alongAxis("LogSoftmax", ({ outputs: [y], attrs: { axis } }, [ct]) => [
  sub(ct!, mul(exp(y!), sum(ct!, axis, { keepDims: true }))),
]);

/** max(x, 0); gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => apply1(reluOp, [toFloat(x)], {});
const reluOp = unaryOp("Relu", (x, ct) => where(greater(x, 0), ct, zerosLike(ct)));

/** x where x > 0, else slope·x. @param slope default 0.01 */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => where(greater(x, 0), x, mul(toFloat(x), slope));

/** x·sigmoid(x), also called swish. */
export const silu = (x: Tensor): Tensor => apply1(siluOp, [toFloat(x)], {});
const siluOp = unaryOp(
  "Silu",
  (x, ct, y) => {
    const s = sigmoid(x);
    return mul(ct, add(mul(s, sub(1, y)), y));
  },
  // ONNX Runtime's QuickGelu is x·sigmoid(alpha·x) in one pass.
  { emit: (scope, _, names) => scope.node("QuickGelu", names, { alpha: 1 }, { domain: "com.microsoft" }) },
);

/**
 * Gaussian error linear unit.
 * @param options `approximate: "tanh"` for 0.5·x·(1 + tanh(√(2/π)(x + 0.044715x³))); default: exact, x·Φ(x)
 */
export function gelu(x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor {
  const t = toFloat(x);
  if (options.approximate !== "tanh") return apply1(geluOp, [t], {});
  const inner = mul(add(t, mul(mul(mul(t, t), t), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(t, 0.5), add(tanh(inner), 1));
}
const geluOp = unaryOp("Gelu", (x, ct) => {
  // Φ(x) + x·φ(x) = ½(1 + erf u + (2/√π)·u/e^(u²)), u = x/√2; the ½ last, where a matrix product can take it over.
  const u = mul(x, Math.SQRT1_2);
  const bell = mul(div(u, exp(mul(u, u))), 2 / Math.sqrt(Math.PI));
  return mul(mul(ct, add(add(erf(u), 1), bell)), 0.5);
});

/** log(1 + e^x), without overflow. */
export function softplus(x: Tensor): Tensor {
  const t = toFloat(x);
  return t.dtype === "float64" ? add(maximum(t, 0), log1p(exp(neg(abs(t))))) : apply1(softplusOp, [t], {});
}
const softplusOp = unaryOp("Softplus", (x, ct) => mul(ct, sigmoid(x)));

/** log sigmoid(x) = −softplus(−x). */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(toFloat(x))));

/** x·tanh(softplus(x)). */
export const mish = (x: Tensor): Tensor => mul(toFloat(x), tanh(softplus(x)));

/** x where x > 0, else alpha·(e^x − 1). @param alpha default 1 */
export function elu(x: Tensor, alpha = 1): Tensor {
  const t = toFloat(x);
  const negative = where(greater(t, 0), zerosLike(t), t);
  return where(greater(t, 0), t, mul(sub(exp(negative), 1), alpha));
}

/** Self-normalising ELU: 1.0507·elu(x, 1.67326). */
export const selu = (x: Tensor): Tensor => mul(elu(x, 1.6732632423543772), 1.0507009873554805);

/** x / (1 + |x|). */
export const softsign = (x: Tensor): Tensor => div(toFloat(x), add(abs(toFloat(x)), 1));

/** x held in [0, 6]; gradient 0 at both bounds. */
export function relu6(x: Tensor): Tensor {
  const t = toFloat(x);
  return where(greaterEqual(t, 6), 6, relu(t));
}

/** clip(x/6 + ½, 0, 1). */
export const hardSigmoid = (x: Tensor): Tensor => add(mul(toFloat(x), 1 / 6), 0.5).clip(0, 1);

/** x·hardSigmoid(x). */
export const hardSwish = (x: Tensor): Tensor => mul(toFloat(x), hardSigmoid(x));

/** Gated linear unit: the first half along an axis times the sigmoid of the second. */
export function glu(x: Tensor, axis = -1): Tensor {
  const [value, gate] = toFloat(x).split(2, axis);
  return mul(value!, sigmoid(gate!));
}
