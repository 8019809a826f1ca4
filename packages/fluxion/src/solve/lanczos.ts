import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { checkOptions, OptionError } from "../core/errors.js";
import { checkWhole } from "../optim/options.js";
import { checkVectors, product, type LinearOperator } from "./linear-operator.js";
import { addScaled, dot, norm, scaleBy } from "./vectors.js";

/** Options of `lanczos`. */
export interface LanczosOptions {
  /** Steps, whole number ≥ 1: the dimension of the Krylov space. At most the operator's size. */
  steps: number;
  /** Called after every step. */
  onStep?: (step: number) => void;
  /** Stops after the present step with the space so far. */
  signal?: AbortSignal;
}

/** An orthonormal basis of a Krylov space, in which A is tridiagonal. */
export interface Lanczos {
  /** Orthonormal, float64 [size] each; fewer than asked for if the space is invariant. */
  readonly basis: readonly Float64Array[];
  /** Diagonal of QᵀA Q, [steps]. */
  readonly diagonal: readonly number[];
  /** Its neighbours, [steps − 1]. */
  readonly offDiagonal: readonly number[];
  /** Ritz values ascending and their vectors, float64 [size] each, of norm 1: approximate eigenpairs of A. */
  readonly ritz: () => { values: readonly number[]; vectors: readonly Float64Array[] };
}

/**
 * Lanczos' method with full re-orthogonalisation (without it, converged Ritz vectors come back as copies).
 * @param a symmetric A
 * @param start float64 [size], finite and not 0
 * @throws OptionError, ShapeError
 * @source Lanczos, "An iteration method for the solution of the eigenvalue problem", 1950; Golub, Van Loan, "Matrix
 *   computations", 4th ed. 2013, §10.3.4; deviates: orthogonalises twice, which is enough (Kahan, Parlett)
 */
export function lanczos(a: LinearOperator, start: Float64Array, options: LanczosOptions): Lanczos {
  const where = "solve.lanczos";
  checkOptions(where, options, ["steps", "onStep", "signal"]);
  const { steps, onStep, signal } = options;
  checkWhole(where, "steps", steps, 1);
  checkVectors(where, a.size, { start });
  const length = norm(start);
  if (!(length > 0 && length < Infinity))
    throw new OptionError({ where, want: "a start that is finite and not 0", got: `norm ${length}` });
  const basis: Float64Array[] = [start.map((v) => v / length)];
  const [diagonal, offDiagonal]: [number[], number[]] = [[], []];
  let top = 0;
  for (let k = 0; ; k++) {
    const w = product(where, a, basis[k]!).slice();
    diagonal.push(dot(w, basis[k]!));
    top = Math.max(top, Math.abs(diagonal[k]!), offDiagonal[k - 1] ?? 0);
    onStep?.(k + 1);
    if (k + 1 >= Math.min(steps, a.size) || signal?.aborted) break;
    for (let pass = 0; pass < 2; pass++) for (const q of basis) addScaled(w, -dot(q, w), q);
    const rest = norm(w);
    // What is left of an invariant space is rounding.
    if (!(rest > 1e-12 * top)) break;
    scaleBy(w, 1 / rest);
    offDiagonal.push(rest);
    basis.push(w);
  }
  return { basis, diagonal, offDiagonal, ritz: () => ritzPairs(basis, diagonal, offDiagonal) };
}

function ritzPairs(
  basis: readonly Float64Array[],
  diagonal: readonly number[],
  offDiagonal: readonly number[],
) {
  const m = basis.length;
  const t = Matrix.zeros(m, m);
  diagonal.forEach((v, i) => t.set(i, i, v));
  offDiagonal.forEach((v, i) => {
    t.set(i, i + 1, v);
    t.set(i + 1, i, v);
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(t, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[i]! - realEigenvalues[j]!);
  const vectors = order.map((column) => {
    const v = new Float64Array(basis[0]!.length);
    basis.forEach((q, i) => addScaled(v, eigenvectorMatrix.get(i, column), q));
    return v;
  });
  return { values: order.map((i) => realEigenvalues[i]!), vectors };
}
