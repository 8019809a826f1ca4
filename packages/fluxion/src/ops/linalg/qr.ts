import { ShapeError } from "../../core/errors.js";
import { apply, type Op } from "../../core/node.js";
import { showShape } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { add, sub } from "../arithmetic.js";
import { zerosLike } from "../create.js";
import { tril } from "../diagonal.js";
import { matmul } from "../matmul.js";
import { concat, narrow, reshape } from "../movement.js";
import { asMatrices, matrices, stackBatch, stackHost, transposed } from "./host.js";
import { thinQr } from "./decompose.js";
import { triangularSolve } from "./solve.js";

const qrOp: Op = {
  name: "linalg.qr",
  infer: ([a]) => {
    const n = a!.shape.at(-1)!;
    return [a!, { shape: [...a!.shape.slice(0, -2), n, n], dtype: a!.dtype }];
  },
  // Ā = (Q̄ + Q·C)·R⁻ᵀ, where C is symmetric with the lower triangle of R·R̄ᵀ − Q̄ᵀ·Q.
  grad({ outputs: [q, r] }, [dq, dr]) {
    const [qBar, rBar] = [dq ?? zerosLike(q!), dr ?? zerosLike(r!)];
    const m = sub(matmul(r!, transposed(rBar)), matmul(transposed(qBar), q!));
    const symmetric = add(tril(m), transposed(tril(m, -1)));
    const inner = add(qBar, matmul(q!, symmetric));
    return [transposed(triangularSolve(r!, transposed(inner), { lower: false }))];
  },
  batch: stackBatch(() => qrOp),
  flops: ({ inputs: [a] }) => 4 * a!.shape.at(-1)! * a!.size,
  host: stackHost(
    ([a], _, [dims]) => {
      const { q, r } = thinQr(a!, dims![0]!, dims![1]!);
      return [q, r];
    },
    [2, 2],
  ),
};

/**
 * Reduced QR decomposition, A = Q·R with QᵀQ = I and R upper triangular, its diagonal ≥ 0 (so that it is unique for
 * full rank; NumPy's may differ in signs). The gradient needs full rank: of the columns if M ≥ N, of the first M columns
 * otherwise. NaN or infinities in A give NaN.
 * @param a [..., M, N]
 * @returns [Q, R]: [..., M, K] and [..., K, N], K = min(M, N)
 * @throws ShapeError
 * @source M. Seeger et al., "Auto-differentiating linear algebra", 2017, arXiv 1710.08717, §3.2 (the gradient, there of LQ)
 */
export function qr(a: Tensor): [q: Tensor, r: Tensor] {
  const x = matrices("linalg.qr", a);
  const [m, n] = x.shape.slice(-2) as [number, number];
  if (m >= n) return apply(qrOp, [x], {}) as [Tensor, Tensor];
  // A wide matrix: the factors of its square part, and Qᵀ times the rest.
  const [q, square] = apply(qrOp, [narrow(x, -1, 0, m)], {});
  return [q!, concat([square!, matmul(transposed(q!), narrow(x, -1, m, n))], -1)];
}

/**
 * Least squares: the X that makes ‖A·X − B‖ smallest, and of several (M < N) the one of least norm; by QR. A must have
 * full rank: otherwise X holds infinities, NaN or very large numbers.
 * @param a [..., M, N]
 * @param b [M] (one vector) or [..., M, K]; leading axes broadcast
 * @returns [..., N] or [..., N, K]
 * @throws ShapeError
 */
export function lstsq(a: Tensor, b: Tensor): Tensor {
  const where = "linalg.lstsq";
  const [x, given] = asMatrices(matrices(where, a), b);
  const [m, n] = x.shape.slice(-2) as [number, number];
  if (given.rank === 0 || given.shape.at(given.rank === 1 ? -1 : -2) !== m)
    throw new ShapeError({
      where,
      want: `a right-hand side [${m}] or [..., ${m}, K]`,
      got: showShape(b.shape),
    });
  const rhs = given.rank === 1 ? reshape(given, [m, 1]) : given;
  const [q, r] = qr(m >= n ? x : transposed(x));
  const solution =
    m >= n
      ? triangularSolve(r, matmul(transposed(q), rhs), { lower: false })
      : matmul(q, triangularSolve(r, rhs, { lower: false, transpose: true }));
  return given.rank === 1 ? reshape(solution, solution.shape.slice(0, -1)) : solution;
}
