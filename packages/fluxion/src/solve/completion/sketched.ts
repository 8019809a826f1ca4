import { checkOptions, OptionError } from "../../core/errors.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { backSubstitute, factor, gram } from "./cholesky.js";
import { addTransposed, cholesky, residual, solveNormal, type LeastSquares } from "./least-squares.js";
import { makeSketch, type SketchKind } from "./sketch.js";

/** Options of `sketchedLeastSquares`. */
export interface SketchedLeastSquaresOptions {
  /** Default "countsketch". */
  sketch?: SketchKind;
  /** Rows of the sketch over the rank, number > 1. Default 8 with "cg", 16 with "gradient". */
  factor?: number;
  /** How the sketched solution is refined; "gradient" (the paper's unit steps) diverges for a small factor. Default "cg". */
  refine?: "cg" | "gradient";
  /** Steps of it, whole number ≥ 0; 0 is sketch-and-solve. Default 2 with "cg", 8 with "gradient". */
  steps?: number;
  /** λ of min ‖A x − b‖² + λ‖x‖², number ≥ 0. Default 0. */
  ridge?: number;
}

const kinds: readonly SketchKind[] = ["countsketch", "srht", "gaussian"];

/**
 * Least squares to high accuracy in near-linear time: with R from S A = Q R of a sketch, A R⁻¹ is well conditioned, so
 * a few steps from x₀ = argmin ‖S (A x − b)‖ suffice. "gradient" is y ← y + Bᵀ(b − B y) with B = A R⁻¹, y = R x; "cg"
 * is conjugate gradients on BᵀB y = Bᵀb. O(steps·n·k + s·k² + k³) multiply-adds: no n·k². Systems with no more rows
 * than the sketch are solved exactly (S = I).
 * @throws OptionError
 * @source Gu, Song, Yin, Zhang, arXiv 2302.11068, the high-precision regression of its section on sketching; deviates:
 *   CG and CountSketch by default instead of gradient steps and SRHT; R by Cholesky of (S A)ᵀ(S A)
 */
export function sketchedLeastSquares(options: SketchedLeastSquaresOptions = {}): LeastSquares {
  const where = "solve.sketchedLeastSquares";
  checkOptions(where, options, ["sketch", "factor", "refine", "steps", "ridge"]);
  const { sketch: kind = "countsketch", refine = "cg", ridge = 0 } = options;
  const { factor: rowsPerRank = refine === "cg" ? 8 : 16, steps = refine === "cg" ? 2 : 8 } = options;
  if (!kinds.includes(kind))
    throw new OptionError({ where, want: `sketch one of ${kinds.join(", ")}`, got: String(kind) });
  if (!["cg", "gradient"].includes(refine))
    throw new OptionError({ where, want: "refine cg or gradient", got: String(refine) });
  checkRange(where, "factor", rowsPerRank, "(1, ∞)");
  checkWhole(where, "steps", steps, 0);
  checkRange(where, "ridge", ridge, "[0, ∞)");

  return {
    ridge,
    prepare(size, k, uniform) {
      const s = Math.ceil(rowsPerRank * k);
      const sketch = makeSketch(kind, s, size, k, uniform);
      const g = new Float64Array(k * k);
      const [sa, sb] = [new Float64Array(s * k), new Float64Array(s)];
      const [gradient, z, p] = [new Float64Array(k), new Float64Array(k), new Float64Array(k)];
      const q = new Float64Array(size);
      return (system) => {
        const { a, n, x, r } = system;
        const exactly = (before: number): number => {
          const work = before + solveNormal(system, k, ridge, g);
          residual(system, k);
          return work;
        };
        if (n <= s) return exactly(0);
        let work = sketch(system, sa, sb) + (s * k * (k + 1)) / 2 + cholesky(k);
        gram(sa, s, k, ridge, g);
        if (!factor(g, k)) return exactly(work);
        x.fill(0);
        addTransposed(sa, sb, s, k, x);
        backSubstitute(g, k, x);
        residual(system, k);
        work += s * k + k * k + (steps > 0 ? n * k : 0);

        // In the unknown x itself: CG on B is CG on AᵀA + λI with the preconditioner (RᵀR)⁻¹.
        let before = 0;
        for (let step = 0; step < steps; step++) {
          for (let j = 0; j < k; j++) gradient[j] = -ridge * x[j]!;
          addTransposed(a, r, n, k, gradient);
          z.set(gradient);
          backSubstitute(g, k, z);
          work += 2 * n * k + k * k + n;
          let length = 1;
          if (refine === "cg") {
            const now = dotOf(gradient, z);
            const beta = step === 0 ? 0 : now / before;
            for (let j = 0; j < k; j++) p[j] = z[j]! + beta * p[j]!;
            before = now;
          } else p.set(z);
          let curvature = ridge * dotOf(p, p);
          for (let i = 0, at = 0; i < n; i++, at += k) {
            let sum = 0;
            for (let j = 0; j < k; j++) sum += a[at + j]! * p[j]!;
            q[i] = sum;
            curvature += sum * sum;
          }
          if (refine === "cg") length = before / curvature;
          // At the solution itself both are 0.
          if (curvature === 0 || !Number.isFinite(length)) break;
          for (let j = 0; j < k; j++) x[j]! += length * p[j]!;
          for (let i = 0; i < n; i++) r[i]! -= length * q[i]!;
        }
        return work;
      };
    },
  };
}

function dotOf(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += x[j]! * y[j]!;
  return sum;
}
