import { type FullSoil, sorptionStrength } from "./sorption-soil.js";

/** What `sorptionReference` solves. */
export interface SorptionRun {
  /** Times at which the solution is wanted, from 0 to the duration, and points from 0 to 1. */
  readonly times: number;
  readonly points: number;
  readonly duration: number;
  readonly soil: FullSoil;
  readonly floor: number;
  readonly initial: number;
  /** Cells of the solver in one of the grid's. Default 4. */
  readonly refine?: number;
  /** Steps of the solver between two times. Default 40. */
  readonly substeps?: number;
}

/**
 * Diffusion and sorption by implicit Euler steps and central differences on a finer grid; each step solves its nonlinear
 * system by Newton's method with a tridiagonal Jacobian.
 * @returns u, float64 [times, points]
 */
export function sorptionReference(run: SorptionRun): Float64Array {
  const { times, points, duration, soil, floor, initial, refine = 4, substeps = 40 } = run;
  const n = (points - 1) * refine + 1;
  const h = 1 / (n - 1);
  const dt = duration / ((times - 1) * substeps);
  const q = sorptionStrength(soil);
  const power = soil.freundlichExponent - 1;
  // 1/R and its derivative.
  const mobility = (u: number): [number, number] => {
    const at = Math.max(u, floor);
    const r = 1 + q * at ** power;
    return [1 / r, u > floor ? (-q * power * at ** (power - 1)) / r ** 2 : 0];
  };
  const factor = (soil.diffusion * dt) / h ** 2;
  let u = new Float64Array(n).fill(initial);
  const out = new Float64Array(times * points);
  const write = (time: number): void => {
    for (let i = 0; i < points; i++) out[time * points + i] = u[i * refine]!;
  };
  write(0);
  const [lower, middle, upper, right] = [0, 1, 2, 3].map(() => new Float64Array(n)) as Float64Array[];
  for (let time = 1; time < times; time++) {
    for (let sub = 0; sub < substeps; sub++) {
      const next = u.slice();
      for (let newton = 0; newton < 30; newton++) {
        // u = 1 on the left, u = D·u_x on the right by a one-sided difference.
        [middle![0], upper![0], right![0]] = [1, 0, 1 - next[0]!];
        const edge = soil.diffusion / h;
        lower![n - 1] = edge;
        middle![n - 1] = 1 - edge;
        right![n - 1] = -(next[n - 1]! - edge * (next[n - 1]! - next[n - 2]!));
        for (let i = 1; i < n - 1; i++) {
          const bend = next[i - 1]! - 2 * next[i]! + next[i + 1]!;
          const [m, dm] = mobility(next[i]!);
          lower![i] = upper![i] = -factor * m;
          middle![i] = 1 + 2 * factor * m - factor * dm * bend;
          right![i] = -(next[i]! - u[i]! - factor * m * bend);
        }
        const change = tridiagonal(lower!, middle!, upper!, right!);
        let largest = 0;
        for (let i = 0; i < n; i++) {
          next[i]! += change[i]!;
          largest = Math.max(largest, Math.abs(change[i]!));
        }
        if (!(largest > 1e-12)) break;
      }
      u = next;
    }
    write(time);
  }
  return out;
}

/** Thomas's algorithm. */
function tridiagonal(
  lower: Float64Array,
  middle: Float64Array,
  upper: Float64Array,
  right: Float64Array,
): Float64Array {
  const n = right.length;
  const [c, x] = [new Float64Array(n), right.slice()];
  for (let i = 0; i < n; i++) {
    const pivot = middle[i]! - (i > 0 ? lower[i]! * c[i - 1]! : 0);
    c[i] = upper[i]! / pivot;
    x[i] = (x[i]! - (i > 0 ? lower[i]! * x[i - 1]! : 0)) / pivot;
  }
  for (let i = n - 2; i >= 0; i--) x[i]! -= c[i]! * x[i + 1]!;
  return x;
}
