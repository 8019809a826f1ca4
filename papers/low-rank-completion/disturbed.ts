// Inexact half-steps on purpose: what the paper's theorem says alternating minimisation survives.
import { normalFrom, seededUniform } from "fluxion/data";
import { exactLeastSquares, type LeastSquares } from "fluxion/solve";

/**
 * Exact regressions whose solutions are moved by `size` times their length: in a random direction each, or, against
 * the average that random errors have, all in the same one.
 */
export function disturbed(size: number, how: "random" | "same direction"): LeastSquares {
  const exact = exactLeastSquares();
  return {
    prepare(rows, k, uniform) {
      const solve = exact.prepare(rows, k, uniform);
      const ahead = unit(k, seededUniform(0, k));
      return (system) => {
        const work = solve(system);
        const { x, a, b, r, n } = system;
        const along = how === "random" ? unit(k, uniform) : ahead;
        const length = size * Math.hypot(...x);
        for (let j = 0; j < k; j++) x[j]! += length * along[j]!;
        for (let i = 0; i < n; i++) {
          let sum = b[i]!;
          for (let j = 0; j < k; j++) sum -= a[i * k + j]! * x[j]!;
          r[i] = sum;
        }
        return work;
      };
    },
  };
}

/** A direction uniform on the sphere of R^k. */
function unit(k: number, uniform: () => number): number[] {
  const v = Array.from({ length: k }, normalFrom(uniform));
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}
