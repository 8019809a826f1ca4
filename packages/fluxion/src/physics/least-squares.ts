// The least-squares problem of one expert on the host, with the whole Hessian.
import { normalEquations, type LeastSquaresProblem } from "../solve/levenberg-marquardt.js";
import type { ConstraintRows } from "./law.js";

/** Rows on the host: arrays are [M, N] and [M] row-major. */
export type HostRows = ConstraintRows<Float64Array>;

/** r(w) with J and the Hessian of ½‖r‖². */
export interface ExpertProblem extends LeastSquaresProblem {
  readonly residual: (w: Float64Array) => Float64Array;
  readonly jacobian: (w: Float64Array) => Float64Array;
  /** ∇²½‖r‖² = JᵀJ + Σᵢ rᵢ∇²rᵢ, [N, N]; without the sum if `gaussNewton`. */
  readonly hessian: (w: Float64Array, gaussNewton?: boolean) => Float64Array;
  /** Rows, those of the ridge included. */
  readonly rows: number;
}

/**
 * The rows of all blocks and ridge·w.
 * @param n length of w
 */
export function expertProblem(blocks: readonly HostRows[], n: number, ridge: number): ExpertProblem {
  const counts = blocks.map(({ terms }) => terms[0]!.length / n);
  const rows = counts.reduce((sum, m) => sum + m, n);

  /** Calls `see` for every row but the ridge's with r, the first and second derivatives by its terms. */
  const visit = (
    w: Float64Array,
    see: (
      row: number,
      r: number,
      block: HostRows,
      at: number,
      first: Float64Array,
      second: Float64Array,
    ) => void,
  ): void => {
    let row = 0;
    blocks.forEach((block, b) => {
      const { law, terms, offsets } = block;
      const count = terms.length;
      const values = new Float64Array(count);
      const first = new Float64Array(count);
      const second = new Float64Array(count * count);
      for (let m = 0; m < counts[b]!; m++) {
        for (let k = 0; k < count; k++) {
          let sum = offsets ? offsets[k]![m]! : 0;
          const term = terms[k]!;
          for (let j = 0; j < n; j++) sum += term[m * n + j]! * w[j]!;
          values[k] = sum;
        }
        first.fill(0);
        second.fill(0);
        see(row++, law.expand(values, first, second), block, m, first, second);
      }
    });
  };

  const residual = (w: Float64Array): Float64Array => {
    const r = new Float64Array(rows);
    visit(w, (row, value) => (r[row] = value));
    for (let j = 0; j < n; j++) r[rows - n + j] = ridge * w[j]!;
    return r;
  };
  const jacobian = (w: Float64Array): Float64Array => {
    const out = new Float64Array(rows * n);
    visit(w, (row, _, { terms }, m, first) => {
      terms.forEach((term, k) => {
        const slope = first[k]!;
        if (slope !== 0) for (let j = 0; j < n; j++) out[row * n + j]! += slope * term[m * n + j]!;
      });
    });
    for (let j = 0; j < n; j++) out[(rows - n + j) * n + j] = ridge;
    return out;
  };
  return {
    ...{ residual, jacobian, rows },
    hessian(w, gaussNewton = false) {
      const { gram } = normalEquations(jacobian(w), residual(w), n);
      if (gaussNewton) return gram;
      visit(w, (_, r, { terms }, m, __, second) => {
        const count = terms.length;
        for (let k = 0; k < count; k++)
          for (let l = 0; l < count; l++) {
            const curved = r * second[k * count + l]!;
            if (curved === 0) continue;
            for (let i = 0; i < n; i++) {
              const factor = curved * terms[k]![m * n + i]!;
              for (let j = 0; j < n; j++) gram[i * n + j]! += factor * terms[l]![m * n + j]!;
            }
          }
      });
      return gram;
    },
  };
}
