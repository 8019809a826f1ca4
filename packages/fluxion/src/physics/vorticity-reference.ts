import { adjoint, fourierBasis, type GridOperator, periodicDerivative } from "./derivatives.js";

/** Modes of initial states on points × points: cos and sin of k·x + l·y. */
export interface FlowModes {
  readonly count: number;
  /** float64 [count, points, points]. */
  readonly values: Float64Array;
}

/** All cos(kx + ly) and sin(kx + ly) with 0 < max(|k|, |l|) ≤ waves, each pair ±(k, l) once, divided by √(k² + l²). */
export function flowModes(points: number, waves: number): FlowModes {
  const pairs: [number, number][] = [];
  for (let k = 0; k <= waves; k++) for (let l = k === 0 ? 1 : -waves; l <= waves; l++) pairs.push([k, l]);
  const values = new Float64Array(2 * pairs.length * points ** 2);
  pairs.forEach(([k, l], m) => {
    for (let i = 0; i < points; i++)
      for (let j = 0; j < points; j++) {
        const angle = (2 * Math.PI * (k * i + l * j)) / points;
        const at = i * points + j;
        values[2 * m * points ** 2 + at] = Math.cos(angle) / Math.hypot(k, l);
        values[(2 * m + 1) * points ** 2 + at] = Math.sin(angle) / Math.hypot(k, l);
      }
  });
  return { count: 2 * pairs.length, values };
}

/** What `vorticityReference` solves. */
export interface VorticityRun {
  readonly times: number;
  readonly points: number;
  readonly reynolds: number;
  readonly duration: number;
  readonly waves: number;
  /** Amplitudes of the modes. */
  readonly condition: Float64Array;
  /** Points of the solver to one of the grid's. Default 2. */
  readonly refine?: number;
  /** Steps of the solver between two times. Default 10. */
  readonly substeps?: number;
}

/**
 * The vorticity equation by spectral derivatives on a finer grid and the classical Runge-Kutta method.
 * @returns ω, float64 [times, points, points]
 */
export function vorticityReference(run: VorticityRun): Float64Array {
  const { times, points, reynolds, duration, waves, condition, refine = 2, substeps = 10 } = run;
  const n = points * refine;
  const modes = flowModes(n, waves);
  let state = new Float64Array(n * n);
  condition.forEach((amplitude, m) => {
    for (let p = 0; p < n * n; p++) state[p]! += amplitude * modes.values[m * n * n + p]!;
  });
  const slope = periodicDerivative(n);
  const basis = fourierBasis(n);
  const back = adjoint(basis);
  const rate = (w: Float64Array): Float64Array => {
    const spectrum = both(basis, w);
    const stream = both(
      back,
      spectrum.map((v, p) => {
        const size = basis.waves[Math.floor(p / n)]! ** 2 + basis.waves[p % n]! ** 2;
        return size > 0 ? v / size : 0;
      }),
    );
    const laplacian = both(
      back,
      spectrum.map((v, p) => -v * (basis.waves[Math.floor(p / n)]! ** 2 + basis.waves[p % n]! ** 2)),
    );
    const [u, minusV] = [columns(slope, stream), rows(slope, stream)];
    const [wx, wy] = [rows(slope, w), columns(slope, w)];
    return laplacian.map((v, p) => v / reynolds - u[p]! * wx[p]! + minusV[p]! * wy[p]!);
  };
  const dt = duration / ((times - 1) * substeps);
  const out = new Float64Array(times * points ** 2);
  for (let time = 0; time < times; time++) {
    for (let step = 0; time > 0 && step < substeps; step++) {
      const at = (k: Float64Array, h: number): Float64Array => state.map((v, p) => v + h * k[p]!);
      const k1 = rate(state);
      const k2 = rate(at(k1, dt / 2));
      const k3 = rate(at(k2, dt / 2));
      const k4 = rate(at(k3, dt));
      state = state.map((v, p) => v + (dt / 6) * (k1[p]! + 2 * k2[p]! + 2 * k3[p]! + k4[p]!));
    }
    for (let i = 0; i < points; i++)
      for (let j = 0; j < points; j++)
        out[(time * points + i) * points + j] = state[i * refine * n + j * refine]!;
  }
  return out;
}

/** A·X of X [n, n]. */
function rows({ n, matrix }: GridOperator, x: Float64Array): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = matrix[i * n + k]!;
      if (factor !== 0) for (let j = 0; j < n; j++) out[i * n + j]! += factor * x[k * n + j]!;
    }
  return out;
}

/** X·Aᵀ. */
function columns({ n, matrix }: GridOperator, x: Float64Array): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += x[i * n + k]! * matrix[j * n + k]!;
      out[i * n + j] = sum;
    }
  return out;
}

const both = (a: GridOperator, x: Float64Array): Float64Array => columns(a, rows(a, x));
