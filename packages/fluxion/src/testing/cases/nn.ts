import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { any, positive, whole, type OpCase, type OpCases, type ValueCases } from "./op-case.js";

const one = (f: (x: Tensor) => Tensor): OpCase[] => [{ f: (x) => f(x), at: [any([2, 3])] }];
/** Without a double kernel in ONNX Runtime. */
const single = (f: (x: Tensor) => Tensor): OpCase[] =>
  one(f).map((c) => ({ ...c, engine: "interpreter" as const }));

const images = any([2, 4, 3]);
const stats = { mean: any([4], 5), variance: positive([4], 6) };

export const nnCases: OpCases = {
  softmax: [...one((x) => ops.softmax(x)), ...one((x) => ops.softmax(x, 0))],
  logSoftmax: [...one((x) => ops.logSoftmax(x)), ...one((x) => ops.logSoftmax(x, 0))],
  relu: one(ops.relu),
  leakyRelu: one((x) => ops.leakyRelu(x, 0.2)),
  silu: single(ops.silu),
  gelu: [...single((x) => ops.gelu(x)), ...one((x) => ops.gelu(x, { approximate: "tanh" }))],
  softplus: [...one(ops.softplus), ...single(ops.softplus)],
  logSigmoid: one(ops.logSigmoid),
  mish: one(ops.mish),
  elu: one((x) => ops.elu(x, 0.7)),
  selu: one(ops.selu),
  softsign: one(ops.softsign),
  relu6: one((x) => ops.relu6(x.mul(5))),
  hardSigmoid: one((x) => ops.hardSigmoid(x.mul(2))),
  hardSwish: one((x) => ops.hardSwish(x.mul(2))),
  glu: [
    { f: (x) => ops.glu(x), at: [any([3, 4])] },
    { f: (x) => ops.glu(x, 0), at: [any([4, 3])] },
  ],
  layerNorm: [
    ...one((x) => ops.layerNorm(x)),
    {
      f: (x, scale, bias) => ops.layerNorm(x, { scale: scale, bias: bias }),
      at: [any([2, 3]), any([3], 2), any([3], 3)],
    },
    {
      f: (x, scale) => ops.layerNorm(x, { scale: scale }, { axis: 1, epsilon: 0.1 }),
      at: [any([2, 3, 2]), any([3, 2], 2)],
    },
  ],
  rmsNorm: [{ f: (x, scale) => ops.rmsNorm(x, { scale: scale }), at: [any([2, 3]), any([3], 2)] }],
  groupNorm: [
    {
      f: (x, scale, bias) => ops.groupNorm(x, 2, { scale: scale, bias: bias }),
      at: [images, any([4], 2), any([4], 3)],
    },
  ],
  instanceNorm: [{ f: (x, scale) => ops.instanceNorm(x, { scale: scale }), at: [images, any([4], 2)] }],
  batchNorm: [
    {
      f: (x, scale, bias) => ops.batchNorm(x, stats, { scale: scale, bias: bias }).y,
      at: [images, any([4], 2), any([4], 3)],
    },
    {
      f: (x, scale) => ops.batchNorm(x, stats, { scale: scale }, { training: true }).y,
      at: [images, any([4], 2)],
    },
  ],
  attention: [
    { f: (q, k, v) => ops.attention(q, k, v), at: [any([2, 3, 4]), any([2, 5, 4], 2), any([2, 5, 2], 3)] },
    {
      f: (q, k, v) => ops.attention(q, k, v, { causal: true, scale: 0.7 }),
      at: [any([3, 2]), any([3, 2], 2), any([3, 2], 3)],
    },
    { f: (q, mask) => ops.attention(q, q, q, { mask: mask }), at: [any([3, 2]), any([3, 3], 2)] },
    {
      f: (q) => ops.attention(q, q, q, { mask: ops.greater(q.slice(null, [0, 1]), 0) }),
      at: [any([3, 2])],
    },
  ],
};

export const nnValues: ValueCases = {
  batchNorm: [
    {
      f: (x, m, v) => {
        const { stats: after } = ops.batchNorm(
          x,
          { mean: m, variance: v },
          {},
          { training: true, momentum: 0.3 },
        );
        return [after.mean, after.variance];
      },
      at: [images, any([4]), positive([4])],
      dtypes: ["float32", "float64"],
    },
  ],
  softmax: [
    { f: (x) => ops.softmax(x.mul(400)), at: [whole([2, 4])], dtypes: ["float32", "float64", "int32"] },
  ],
  softplus: [{ f: (x) => ops.softplus(x.mul(400)), at: [whole([6])], dtypes: ["float32", "float64"] }],
  logSoftmax: [{ f: (x) => ops.logSoftmax(x.mul(400)), at: [whole([2, 4])], dtypes: ["float32", "float64"] }],
};
