import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { product, type LinearOperator } from "./linear-operator.js";
import { addScaled, dot } from "./vectors.js";

/** A subspace that conjugate gradients leave to an exact solve. @internal */
export interface Deflation {
  /** x ← x + W (WᵀA W)⁻¹ Wᵀ r. */
  correct(x: Float64Array, r: Float64Array): void;
  /** d ← d − W (WᵀA W)⁻¹ (A W)ᵀ s. */
  project(d: Float64Array, s: Float64Array): void;
}

/** @returns undefined if WᵀA W is not positive definite @internal */
export function deflation(
  where: string,
  a: LinearOperator,
  vectors: readonly Float64Array[],
): Deflation | undefined {
  if (vectors.length === 0) return { correct: () => undefined, project: () => undefined };
  const images = vectors.map((w) => product(where, a, w).slice());
  const gram = new Matrix(vectors.map((v) => images.map((image) => dot(v, image))));
  // Symmetric but for rounding, which the factorisation does not accept.
  const cholesky = new CholeskyDecomposition(Matrix.add(gram, gram.transpose()).mul(0.5));
  if (!cholesky.isPositiveDefinite()) return undefined;
  const shift = (y: Float64Array, left: readonly Float64Array[], r: Float64Array, sign: number): void => {
    const weights = cholesky.solve(Matrix.columnVector(left.map((v) => dot(v, r)))).to1DArray();
    vectors.forEach((w, k) => addScaled(y, sign * weights[k]!, w));
  };
  return {
    correct: (x, r) => shift(x, vectors, r, 1),
    project: (d, s) => shift(d, images, s, -1),
  };
}
