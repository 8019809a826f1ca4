import { apply1, type Op } from "../../core/node.js";
import type { Tensor } from "../../core/tensor.js";
import { add, mul } from "../arithmetic.js";
import { eye } from "../create.js";
import { tril } from "../diagonal.js";
import { matmul } from "../matmul.js";
import { matrices, stackBatch, stackHost, transposed } from "./host.js";
import { factorCholesky } from "./kernels.js";
import { triangularSolve } from "./solve.js";

/** (A + Aᵀ)/2. */
export const symmetrized = (a: Tensor): Tensor => mul(add(a, transposed(a)), 0.5);

/** Lower triangle with the diagonal halved. */
const halfTriangle = (x: Tensor): Tensor =>
  add(tril(x, -1), mul(x, mul(eye(x.shape.at(-1)!, { dtype: x.dtype }), 0.5)));

const choleskyOp: Op = {
  name: "linalg.cholesky",
  infer: ([a]) => [a!],
  // Ā = L⁻ᵀ·Φ(Lᵀ·L̄)·L⁻¹, symmetrised, with Φ the lower triangle with the diagonal halved: Murray, eq. 10.
  grad({ outputs: [l] }, [ct]) {
    const inner = halfTriangle(matmul(transposed(l!), tril(ct!)));
    const left = triangularSolve(l!, inner, { transpose: true });
    return [symmetrized(transposed(triangularSolve(l!, transposed(left), { transpose: true })))];
  },
  batch: stackBatch(() => choleskyOp),
  flops: ({ inputs: [a] }) => (a!.shape.at(-1)! * a!.size) / 3,
  host: stackHost(([a], _, [dims]) => [factorCholesky(a!, dims![0]!)], [2]),
};

/**
 * Lower-triangular L with L·Lᵀ = A, of symmetric positive-definite matrices; (A + Aᵀ)/2 is what is factored. A matrix
 * that is not positive definite gives NaN throughout, others of its stack are not touched.
 * @param a [..., N, N]
 * @throws ShapeError
 * @source I. Murray, "Differentiation of the Cholesky decomposition", 2016, arXiv 1602.07527, eq. 10 (the gradient)
 */
export const cholesky = (a: Tensor): Tensor =>
  apply1(choleskyOp, [symmetrized(matrices("linalg.cholesky", a, true))], {});
