import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { ShapeError } from "../../core/errors.js";
import { sampleSizes, type Samples } from "./samples.js";

/** Mean and covariance of samples. */
export interface Moments {
  /** [D] */
  mean: Float64Array;
  /** [D, D], row-major, with divisor N − 1 */
  covariance: Float64Array;
}

/**
 * Mean and unbiased covariance, in double precision.
 * @param samples [N, ...], N ≥ 2
 * @throws ShapeError
 */
export function moments(samples: Samples): Moments {
  const { n, d } = sampleSizes("train.moments", samples, 2);
  const { data } = samples;
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += data[i * d + j]! / n;
  const covariance = new Float64Array(d * d);
  const row = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) row[j] = data[i * d + j]! - mean[j]!;
    for (let j = 0; j < d; j++) {
      const x = row[j]! / (n - 1);
      for (let k = 0; k <= j; k++) covariance[j * d + k]! += x * row[k]!;
    }
  }
  for (let j = 0; j < d; j++) for (let k = j + 1; k < d; k++) covariance[j * d + k] = covariance[k * d + j]!;
  return { mean, covariance };
}

/**
 * Squared Fréchet distance of two Gaussians with these moments, ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2(C₁C₂)^½): the "FID" if the
 * samples are features. The trace of the root is Σ√λ over the eigenvalues of the symmetric C₁^½·C₂·C₁^½.
 * @returns number ≥ 0; NaN if a moment is not finite
 * @throws ShapeError if the dimensions differ
 * @source Dowson, Landau, "The Fréchet distance between multivariate normal distributions", 1982; Heusel et al., 2017,
 *   arXiv:1706.08500, equation 6; deviates: none
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const d = a.mean.length;
  if (b.mean.length !== d || [a, b].some((m) => m.covariance.length !== d * d)) {
    throw new ShapeError({
      where: "train.frechetDistance",
      want: `moments of ${d} numbers`,
      got: `${b.mean.length}`,
    });
  }
  if (![a.mean, b.mean, a.covariance, b.covariance].every((list) => list.every(Number.isFinite))) return NaN;
  const [first, second] = [a, b].map((m) => Matrix.from1DArray(d, d, m.covariance));
  const { vectors, values } = eigen(first!);
  const root = vectors.mmul(Matrix.diag(values.map(safeRoot))).mmul(vectors.transpose());
  const product = root.mmul(second!).mmul(root);
  const overlap = eigen(product.add(product.transpose()).mul(0.5)).values;
  let distance = first!.trace() + second!.trace();
  for (const value of overlap) distance -= 2 * safeRoot(value);
  for (let j = 0; j < d; j++) distance += (a.mean[j]! - b.mean[j]!) ** 2;
  return Math.max(0, distance);
}

/** Of a covariance; rounding may leave eigenvalues a little below 0. */
const safeRoot = (value: number): number => Math.sqrt(Math.max(0, value));

function eigen(symmetric: Matrix): { vectors: Matrix; values: number[] } {
  const evd = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  return { vectors: evd.eigenvectorMatrix, values: evd.realEigenvalues };
}
