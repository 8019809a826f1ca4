// The u-step of ADMM for the squared loss, solved exactly in time quadratic in the number of examples.
import { factorCholesky, solveTriangular } from "../../ops/linalg/kernels.js";
import { gram, rowCombinations, rowImages, type ConvexOperators } from "./operators.js";

/** Operations (multiplications with an addition) that a step costs. */
export interface StepCost {
  /** Once for every penalty rho. */
  readonly setup: number;
  readonly step: number;
}

/** A step towards argmin_u l(F·u, y) + (ρ/2)(‖u − a‖² + ‖G·u − b‖²) from `u`, for targets [a, b]. @internal */
export interface UpdateStep {
  readonly minimize: (targets: readonly Float64Array[], rho: number, u: Float64Array) => Float64Array;
  /** Of the last call. */
  readonly cost: () => StepCost;
}

/** L of A = L·Lᵀ for solving with A. @internal */
export function choleskySolver(
  a: Float64Array,
  n: number,
): (b: Float64Array, columns?: number) => Float64Array {
  const l = factorCholesky(a, n);
  return (b, columns = 1) => {
    const x = b.slice();
    solveTriangular(l, x, n, columns, { lower: true, transpose: false, unitDiagonal: false });
    solveTriangular(l, x, n, columns, { lower: true, transpose: true, unitDiagonal: false });
    return x;
  };
}

/**
 * u = (I + FᵀF/ρ + GᵀG)⁻¹(Fᵀy/ρ + a + Gᵀb). As (2Dᵢ − I)² = I, every diagonal block of GᵀG is XᵀX, and with
 * B = I + XᵀX, K = X·B⁻¹·Xᵀ, C = Σᵢ dᵢdᵢᵀ: F·(I + GᵀG)⁻¹·Fᵀ = 2K∘C. So Woodbury's identity needs one N×N Cholesky
 * factor for all steps, and a step O(N·D·P + N²) operations.
 * @source the u-step of Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, algorithm 3.1; deviates: the paper factors the
 *   2DP × 2DP matrix
 * @internal
 */
export function exactStep(operators: ConvexOperators): UpdateStep {
  const { problem, patterns, rows } = operators;
  const { x, y, n, d } = problem;
  const { masks, count } = patterns;
  const b = gram(x, n, d);
  for (let j = 0; j < d; j++) b[j * d + j]! += 1;
  const identity = Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  const inverse = choleskySolver(b, d)(identity, d);
  /** X·B⁻¹, [N, D]. */
  const xb = rowImages(x, inverse, n, d, d);
  const kernel = rowImages(x, xb, n, n, d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let both = 0;
      for (let p = 0; p < count; p++) both += masks[p * n + i]! & masks[p * n + j]!;
      kernel[i * n + j]! *= 2 * both;
    }
  }
  let factored: { rho: number; solve: (b: Float64Array) => Float64Array } | undefined;
  return {
    cost: () => ({
      setup: n ** 3 / 6 + n * n * (count / 2 + d) + 2 * n * d * d + d ** 3,
      step: 4 * rows * n * d + rows * d * d + n * n,
    }),
    minimize([near, signs], rho) {
      if (factored?.rho !== rho) {
        const shifted = kernel.slice();
        for (let k = 0; k < n; k++) shifted[k * n + k]! += rho;
        factored = { rho, solve: choleskySolver(shifted, n) };
      }
      // G's signs and F's masks put on vectors of examples, so that B⁻¹ and Xᵀ are applied together.
      const scaled = y.map((v) => v / rho);
      const weights = operators.spread(scaled, operators.turn(signs!));
      const first = rowImages(near!, inverse, rows, d, d);
      const second = rowCombinations(weights, xb, rows, n, d);
      for (let j = 0; j < first.length; j++) first[j]! += second[j]!;
      const q = factored.solve(operators.predict(first));
      const correction = operators.spread(q);
      const third = rowCombinations(correction, xb, rows, n, d);
      for (let j = 0; j < first.length; j++) first[j]! -= third[j]!;
      return first;
    },
  };
}
