import { CompileError } from "../../core/errors.js";
import { normalizeAxis } from "../../core/shape.js";
import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { det } from "../../ops/linalg/index.js";
import { fixed, flag, input, number, type Call, type Translation, type Translations } from "../call.js";
import { heldAs } from "../read-tensor.js";

/** Signals are [..., n, ..., 1] if real, [..., n, ..., 2] if complex; the axis became an input in opset 20. */
function dft(call: Call): Tensor {
  const x = input(call, 0);
  const axis = normalizeAxis(
    call.type,
    fixed(call, 2, "the axis")?.[0] ?? number(call, "axis", call.opset < 20 ? 1 : -2),
    x.rank,
  );
  const [n] = fixed(call, 1, "the length") ?? [];
  const options = { axis, ...(n === undefined ? {} : { n }) };
  const real = x.shape[x.rank - 1] === 1;
  const onesided = flag(call, "onesided");
  if (flag(call, "inverse")) {
    if (onesided) return ops.expandDims(ops.irfft(x, options), x.rank - 1);
    return ops.ifft(complex(x, real), options);
  }
  if (onesided && real) return ops.rfft(ops.squeeze(x, x.rank - 1), options);
  if (onesided)
    throw new CompileError({
      where: call.type,
      want: "a real signal for half a transform",
      got: "a complex one",
    });
  return ops.fft(complex(x, real), options);
}

const complex = (x: Tensor, real: boolean): Tensor =>
  real ? ops.concat([x, ops.zerosLike(x)], x.rank - 1) : x;

/** Σ aₖ·cos(2πkj/n) for j = 0 … size−1, n = size for a periodic window and size − 1 for a symmetric one. */
const window =
  (coefficients: readonly number[]): Translation =>
  (call) => {
    const [size = 0] = fixed(call, 0, "the size") ?? [];
    const n = flag(call, "periodic", true) ? size : Math.max(1, size - 1);
    const values = Array.from({ length: Math.min(size, MAX_WINDOW) }, (_, j) =>
      coefficients.reduce((sum, a, k) => sum + a * Math.cos((2 * Math.PI * k * j) / n), 0),
    );
    return constant(values, heldAs(number(call, "output_datatype", 1)) ?? "float32", [values.length]);
  };
const MAX_WINDOW = 1 << 16;

/** Fourier transforms, their windows, and determinants. */
export const spectral: Translations = {
  DFT: dft,
  HannWindow: window([0.5, -0.5]),
  HammingWindow: window([25 / 46, -21 / 46]),
  BlackmanWindow: window([0.42, -0.5, 0.08]),
  Det: (call) => det(input(call, 0)),
};
