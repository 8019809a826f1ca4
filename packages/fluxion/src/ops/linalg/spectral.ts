import { apply, type Op } from "../../core/node.js";
import type { Tensor } from "../../core/tensor.js";
import { add, div, mul, sub } from "../arithmetic.js";
import { lessEqual, where } from "../compare.js";
import { eye, onesLike, zerosLike } from "../create.js";
import { matmul } from "../matmul.js";
import { expandDims } from "../movement.js";
import { max } from "../reduce.js";
import { abs } from "../unary.js";
import { symmetrized } from "./cholesky.js";
import { symmetricEigen, thinSvd } from "./decompose.js";
import { matrices, stackBatch, stackHost, transposed } from "./host.js";

const row = (x: Tensor): Tensor => expandDims(x, -2);
const column = (x: Tensor): Tensor => expandDims(x, -1);

/** Vectors as diagonal matrices. */
const diagonals = (x: Tensor): Tensor => mul(eye(x.shape.at(-1)!, { dtype: x.dtype }), row(x));

/** What counts as equal to rounding beside numbers as large as those of `x` along its last axis. */
const tolerance = (x: Tensor): Tensor => {
  const epsilon = x.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  return mul(max(abs(x), -1, { keepDims: true }), 4 * epsilon * x.shape.at(-1)!);
};

/** 1/x, and 0 where |x| ≤ bound. */
function safeReciprocal(x: Tensor, bound: Tensor): Tensor {
  const small = lessEqual(abs(x), bound);
  return where(small, zerosLike(x), div(1, where(small, onesLike(x), x)));
}

const eighOp: Op = {
  name: "linalg.eigh",
  infer: ([a]) => [{ shape: a!.shape.slice(0, -1), dtype: a!.dtype }, a!],
  // Ā = V·(diag(w̄) + F∘(Vᵀ·V̄))·Vᵀ with F = 1/(wⱼ − wᵢ) off the diagonal.
  grad({ outputs: [w, v] }, [dw, dv]) {
    let inner = dw && diagonals(dw);
    if (dv) {
      const f = safeReciprocal(sub(row(w!), column(w!)), column(tolerance(w!)));
      const turned = mul(f, matmul(transposed(v!), dv));
      inner = inner ? add(inner, turned) : turned;
    }
    return [inner && matmul(matmul(v!, inner), transposed(v!))];
  },
  batch: stackBatch(() => eighOp),
  flops: ({ inputs: [a] }) => 9 * a!.shape.at(-1)! * a!.size,
  host: stackHost(
    ([a], _, [dims]) => {
      const { values, vectors } = symmetricEigen(a!, dims![0]!);
      return [values, vectors];
    },
    [1, 2],
  ),
};

/**
 * Eigenvalues and eigenvectors of symmetric matrices, A·V = V·diag(w); (A + Aᵀ)/2 is what is decomposed. Each
 * eigenvector's entry of largest magnitude is positive.
 *
 * Gradients: those of the eigenvalues are always finite. Eigenvectors of equal eigenvalues are no function of A; of a
 * pair that is equal to rounding (4·N·ε relative to the largest) the mutual rotation is left out of the gradient, which is
 * right for results that do not depend on the choice of a basis among them, such as matrix functions' first order. NaN or
 * infinities in A give NaN.
 * @param a [..., N, N]
 * @returns [w, V]: eigenvalues ascending [..., N], eigenvectors as columns [..., N, N]
 * @throws ShapeError
 * @source M. Giles, "Collected matrix derivative results", 2008, §3.1 (the gradient)
 */
export function eigh(a: Tensor): [values: Tensor, vectors: Tensor] {
  return apply(eighOp, [symmetrized(matrices("linalg.eigh", a, true))], {}) as [Tensor, Tensor];
}

/** What `x` has outside the span of the orthonormal columns of `q`. */
const outside = (q: Tensor, x: Tensor): Tensor => sub(x, matmul(q, matmul(transposed(q), x)));

const svdOp: Op = {
  name: "linalg.svd",
  infer: ([a]) => {
    const [lead, m, n] = [a!.shape.slice(0, -2), a!.shape.at(-2)!, a!.shape.at(-1)!];
    const k = Math.min(m, n);
    return [[m, k], [k], [k, n]].map((shape) => ({ shape: [...lead, ...shape], dtype: a!.dtype }));
  },
  // Ā = U·(F∘skew(UᵀŪ)·S + S·F∘skew(VᵀV̄) + diag(s̄))·Vᵀ + (I − UUᵀ)·Ū·S⁻¹·Vᵀ + U·S⁻¹·V̄ᵀ·(I − VVᵀ)
  // with F = 1/(sⱼ² − sᵢ²) off the diagonal and skew(X) = X − Xᵀ.
  grad({ outputs: [u, s, vt] }, [du, ds, dvt]) {
    const v = transposed(vt!);
    const inverse = safeReciprocal(s!, tolerance(s!));
    const gap = mul(sub(row(s!), column(s!)), add(row(s!), column(s!)));
    const f = safeReciprocal(gap, mul(column(tolerance(s!)), column(max(s!, -1, { keepDims: true }))));
    const turned = (q: Tensor, dq: Tensor): Tensor => {
      const m = matmul(transposed(q), dq);
      return mul(f, sub(m, transposed(m)));
    };
    const inner: Tensor[] = [];
    const outer: Tensor[] = [];
    if (ds) inner.push(diagonals(ds));
    if (du) {
      inner.push(mul(turned(u!, du), row(s!)));
      if (u!.shape.at(-2)! > u!.shape.at(-1)!) outer.push(matmul(mul(outside(u!, du), row(inverse)), vt!));
    }
    if (dvt) {
      const dv = transposed(dvt);
      inner.push(mul(column(s!), turned(v, dv)));
      if (v.shape.at(-2)! > v.shape.at(-1)!)
        outer.push(matmul(u!, transposed(mul(outside(v, dv), row(inverse)))));
    }
    if (inner.length === 0) return [undefined];
    return [[matmul(matmul(u!, inner.reduce(add)), vt!), ...outer].reduce(add)];
  },
  batch: stackBatch(() => svdOp),
  flops: ({ inputs: [a] }) => 14 * Math.min(a!.shape.at(-1)!, a!.shape.at(-2)!) * a!.size,
  host: stackHost(
    ([a], { outputs }, [dims]) => {
      const [m, n] = dims as [number, number];
      const { u, s, v } = thinSvd(a!, m, n);
      const k = outputs[1]!.shape.at(-1)!;
      return [u, s, Float64Array.from({ length: k * n }, (_, i) => v[(i % n) * k + Math.floor(i / n)]!)];
    },
    [2, 1, 2],
  ),
};

/**
 * Reduced singular value decomposition, A = U·diag(s)·Vᵀ. The entry of largest magnitude in each column of U is positive.
 *
 * Gradients: those of the singular values are always finite. Of singular vectors whose values are equal to rounding the
 * mutual rotation is left out (as in `eigh`), and so is what a zero singular value would divide. NaN or infinities in A
 * give NaN.
 * @param a [..., M, N]
 * @returns [U, s, Vᵀ]: [..., M, K], [..., K] descending, [..., K, N], K = min(M, N)
 * @throws ShapeError
 * @source J. Townsend, "Differentiating the singular value decomposition", 2016 (the gradient)
 */
export function svd(a: Tensor): [u: Tensor, s: Tensor, vt: Tensor] {
  return apply(svdOp, [matrices("linalg.svd", a)], {}) as [Tensor, Tensor, Tensor];
}
