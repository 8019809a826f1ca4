// Derivatives on a grid as matrices: the same numbers on the host and in a graph.
import { ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { matmul } from "../ops/matmul.js";
import { swapAxes } from "../ops/movement.js";
import { checkRange, checkWhole } from "../optim/options.js";

/** A square matrix, float64 [n, n] row-major. */
export interface GridOperator {
  readonly n: number;
  readonly matrix: Float64Array;
}

/**
 * First derivative on n points: central differences inside, one-sided ones of first order at both ends. Exact for linear
 * functions, and inside for quadratic ones.
 * @param n points, whole number ≥ 2
 * @param spacing distance of two, > 0
 * @throws OptionError
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, appendix (derivatives of the basis); deviates: none
 */
export function finiteDifference(n: number, spacing: number): GridOperator {
  const where = "physics.finiteDifference";
  checkWhole(where, "n", n, 2);
  checkRange(where, "spacing", spacing, "(0, ∞)");
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const [low, high] = [Math.max(0, i - 1), Math.min(n - 1, i + 1)];
    matrix[i * n + low] = -1 / ((high - low) * spacing);
    matrix[i * n + high] = 1 / ((high - low) * spacing);
  }
  return { n, matrix };
}

/** A·B. @throws ShapeError */
export function composed(a: GridOperator, b: GridOperator): GridOperator {
  const { n } = a;
  if (b.n !== n)
    throw new ShapeError({ where: "physics.composed", want: `an operator on ${n} points`, got: String(b.n) });
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = a.matrix[i * n + k]!;
      if (factor !== 0) for (let j = 0; j < n; j++) matrix[i * n + j]! += factor * b.matrix[k * n + j]!;
    }
  return { n, matrix };
}

/** Sines and cosines on n points of the circle: an orthonormal basis that derivatives keep to itself. */
export interface FourierBasis extends GridOperator {
  /** Row k of `matrix` has this wave number ≥ 0. */
  readonly waves: Float64Array;
}

/**
 * 1, cos kx, sin kx, … on n equidistant points of [0, 2π), normalised; rows are functions.
 * @param n points, even, ≥ 2
 * @throws OptionError
 */
export function fourierBasis(n: number): FourierBasis {
  checkWhole("physics.fourierBasis", "n / 2", n / 2, 1);
  const matrix = new Float64Array(n * n);
  const waves = Float64Array.from({ length: n }, (_, row) => Math.ceil(row / 2));
  for (let row = 0; row < n; row++) {
    const wave = waves[row]!;
    const single = wave === 0 || 2 * wave === n;
    const size = Math.sqrt((single ? 1 : 2) / n);
    // Row 2k − 1 is cos kx and row 2k is sin kx; the last is cos nx/2, whose sine is 0 on the points.
    for (let j = 0; j < n; j++) {
      const angle = (2 * Math.PI * wave * j) / n;
      matrix[row * n + j] = size * (row > 0 && row % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
    }
  }
  return { n, matrix, waves };
}

/**
 * First derivative of periodic functions on n points of [0, 2π): exact for wave numbers below n/2.
 * @param n points, even, ≥ 2
 * @throws OptionError
 */
export function periodicDerivative(n: number): GridOperator {
  checkWhole("physics.periodicDerivative", "n / 2", n / 2, 1);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      if (i !== j) matrix[i * n + j] = ((i - j) % 2 === 0 ? 0.5 : -0.5) / Math.tan((Math.PI * (i - j)) / n);
  return { n, matrix };
}

/**
 * The operator applied along one axis.
 * @param x [..., n, ...], float64
 * @param axis of length n, from 0
 * @throws ShapeError
 */
export function alongAxis({ n, matrix }: GridOperator, x: Tensor, axis: number): Tensor {
  if (x.shape[axis] !== n)
    throw new ShapeError({
      where: "physics.alongAxis",
      want: `${n} points along axis ${axis}`,
      got: showShape(x.shape),
    });
  const m = tensor(matrix, { shape: [n, n] });
  const last = x.rank - 1;
  if (axis === last - 1) return matmul(m, x);
  return axis === last
    ? matmul(x, swapAxes(m, 0, 1))
    : swapAxes(matmul(m, swapAxes(x, axis, last - 1)), axis, last - 1);
}

/** Rows and columns exchanged. */
export const adjoint = ({ n, matrix }: GridOperator): GridOperator => ({
  n,
  matrix: matrix.map((_, i) => matrix[(i % n) * n + Math.floor(i / n)]!),
});
