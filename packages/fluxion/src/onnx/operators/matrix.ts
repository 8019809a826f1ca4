import { isFloat } from "../../core/dtypes.js";
import type { Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { flag, input, number, text, type Call, type Translations } from "../call.js";

const turned = (t: Tensor, flipped: boolean): Tensor => (flipped ? ops.swapAxes(t, -1, -2) : t);
const scaled = (t: Tensor, factor: number): Tensor =>
  factor === 1 ? t : isFloat(t.dtype) ? ops.mul(t, factor) : ops.mul(t.cast("float32"), factor).cast(t.dtype);

function gemm(call: Call): Tensor {
  const a = turned(input(call, 0), flag(call, "transA"));
  const b = turned(input(call, 1), flag(call, "transB"));
  const product = scaled(ops.matmul(a, b), number(call, "alpha", 1));
  const c = call.inputs[2];
  return c ? ops.add(product, scaled(c, number(call, "beta", 1))) : product;
}

/** Products of matrices. */
export const matrices: Translations = {
  MatMul: (call) => ops.matmul(input(call, 0), input(call, 1)).cast(input(call, 0).dtype),
  Gemm: gemm,
  Einsum: (call) => ops.einsum(text(call, "equation", ""), ...call.inputs.map((_, i) => input(call, i))),
  "com.microsoft.FusedMatMul": (call) => {
    const a = turned(input(call, 0), flag(call, "transA"));
    const b = turned(input(call, 1), flag(call, "transB"));
    return scaled(ops.matmul(a, b), number(call, "alpha", 1));
  },
};
