import { apply, apply1, type Op } from "../../core/node.js";
import type { Tensor } from "../../core/tensor.js";
import { mul, sub } from "../arithmetic.js";
import { matmul } from "../matmul.js";
import { expandDims } from "../movement.js";
import { sum } from "../reduce.js";
import { matrices, stackBatch, stackHost, transposed } from "./host.js";
import { factorLU, logDeterminant } from "./kernels.js";
import { inv } from "./solve.js";
import { thinSvd } from "./decompose.js";

/** [...] as [..., 1, 1]. */
const asFactor = (x: Tensor): Tensor => expandDims(x, [-2, -1]);

const lead = (a: Tensor): { shape: readonly number[]; dtype: Tensor["dtype"] } => ({
  shape: a.shape.slice(0, -2),
  dtype: a.dtype,
});

const flops: Op["flops"] = ({ inputs: [a] }) => (2 / 3) * a!.shape.at(-1)! * a!.size;

function determinant(a: Float64Array, n: number): number {
  const { lu, parity } = factorLU(a, n);
  let product: number = parity;
  for (let i = 0; i < n; i++) product *= lu[i * n + i]!;
  // Not −0.
  return product + 0;
}

/** det A·A⁻ᵀ by the singular values, so that it is right for singular A, too. */
function cofactors(a: Float64Array, n: number): Float64Array {
  const { u, s, v } = thinSvd(a, n, n);
  const turn = Math.sign(determinant(u, n)) * Math.sign(determinant(v, n));
  const others = s.map((_, i) => s.reduce((p, value, k) => (k === i ? p : p * value), turn));
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) c[i * n + j]! += u[i * n + k]! * others[k]! * v[j * n + k]!;
    }
  }
  return c;
}

const cofactorOp: Op = {
  name: "linalg.cofactor",
  infer: ([a]) => [a!],
  // C = det A·K with K = A⁻ᵀ: Ā = ⟨G, K⟩·C − det A·K·Gᵀ·K.
  grad({ inputs: [a], outputs: [c] }, [g]) {
    const k = transposed(inv(a!));
    const along = asFactor(sum(mul(g!, k), [-2, -1]));
    return [sub(mul(along, c!), matmul(matmul(c!, transposed(g!)), k))];
  },
  batch: stackBatch(() => cofactorOp),
  host: stackHost(([a], _, [dims]) => [cofactors(a!, dims![0]!)], [2]),
};

const detOp: Op = {
  name: "linalg.det",
  infer: ([a]) => [lead(a!)],
  grad: ({ inputs: [a] }, [ct]) => [mul(asFactor(ct!), apply1(cofactorOp, [a!], {}))],
  batch: stackBatch(() => detOp),
  flops,
  host: stackHost(([a], _, [dims]) => [[determinant(a!, dims![0]!)]], [0]),
};

/**
 * Determinants. The gradient is the matrix of cofactors, finite for singular matrices, too; second derivatives need A⁻¹.
 * @param a [..., N, N]
 * @returns [...]
 * @throws ShapeError
 */
export const det = (a: Tensor): Tensor => apply1(detOp, [matrices("linalg.det", a, true)], {});

const slogdetOp: Op = {
  name: "linalg.slogdet",
  infer: ([a]) => [lead(a!), lead(a!)],
  grad: ({ inputs: [a] }, [, ct]) => [ct && mul(asFactor(ct), transposed(inv(a!)))],
  batch: stackBatch(() => slogdetOp),
  flops,
  host: stackHost(
    ([a], _, [dims]) => {
      const { sign, logarithm } = logDeterminant(factorLU(a!, dims![0]!));
      return [[sign], [logarithm]];
    },
    [0, 0],
  ),
};

/**
 * Sign of the determinant and logarithm of its magnitude, where the determinant itself would overflow. A singular
 * matrix gives 0 and −∞. The gradient of the logarithm is A⁻ᵀ.
 * @param a [..., N, N]
 * @returns [sign, logarithm], each [...]
 * @throws ShapeError
 */
export function slogdet(a: Tensor): [sign: Tensor, logarithm: Tensor] {
  const [sign, logarithm] = apply(slogdetOp, [matrices("linalg.slogdet", a, true)], {});
  return [sign!, logarithm!];
}
