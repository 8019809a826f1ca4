import type { Tensor } from "../core/tensor.js";
import { add, div, mul } from "../ops/arithmetic.js";
import { zerosLike } from "../ops/create.js";
import { linearPath, type Path } from "./path.js";
import { dataAndNoise, pointOf } from "./prediction.js";

/** A request for the velocity at a point: what a solver's step yields. */
export interface Evaluation {
  readonly x: Tensor;
  /** Scalar. */
  readonly t: Tensor;
}

/**
 * One step from t to t + dt, written as a generator of velocity evaluations, so that the same text runs inside a graph
 * and with an opaque asynchronous model.
 */
export interface Solver {
  readonly name: string;
  /** Global error is O(dt^order). */
  readonly order: number;
  /** Velocity evaluations a step. */
  readonly evaluations: number;
  /** What it carries to the first step, such as the velocity there; then `step` is given it. Default: nothing. */
  readonly begin?: (x: Tensor, t: Tensor) => Generator<Evaluation, Tensor, Tensor>;
  /**
   * @param start where sampling began, as x
   * @param memory what `begin` or the step before gave
   * @returns x at t + dt, with the memory for the next step if there is a `begin`
   */
  readonly step: (
    x: Tensor,
    t: Tensor,
    dt: Tensor,
    start: Tensor,
    memory?: Tensor,
  ) => Generator<Evaluation, Tensor | { x: Tensor; memory: Tensor }, Tensor>;
}

/** A solver given by its Butcher tableau of explicit stages. @internal */
export function rungeKutta(
  name: string,
  order: number,
  nodes: readonly number[],
  stages: readonly (readonly number[])[],
  weights: readonly number[],
): Solver {
  return {
    name,
    order,
    evaluations: nodes.length,
    *step(x, t, dt) {
      const slopes: Tensor[] = [];
      for (const [i, c] of nodes.entries()) {
        const at = i === 0 ? x : add(x, mul(combine(slopes, stages[i - 1]!), dt));
        slopes.push(yield { x: at, t: c === 0 ? t : add(t, mul(dt, c)) });
      }
      return add(x, mul(combine(slopes, weights), dt));
    },
  };
}

/** Σ weights[i]·slopes[i]. @internal */
export function combine(slopes: readonly Tensor[], weights: readonly number[]): Tensor {
  const terms = slopes.flatMap((slope, i) => {
    const weight = weights[i] ?? 0;
    return weight === 0 ? [] : [weight === 1 ? slope : mul(slope, weight)];
  });
  return terms.reduce((a, b) => add(a, b));
}

/** x + dt·v(x, t). Order 1, one evaluation. */
export const euler: Solver = rungeKutta("euler", 1, [0], [], [1]);
/** Trapezoidal predictor-corrector. Order 2, two evaluations. */
export const heun: Solver = rungeKutta("heun", 2, [0, 1], [[1]], [1 / 2, 1 / 2]);
/** Explicit midpoint rule. Order 2, two evaluations. */
export const midpoint: Solver = rungeKutta("midpoint", 2, [0, 1 / 2], [[1 / 2]], [0, 1]);
/** The classical Runge-Kutta rule. Order 4, four evaluations. */
export const rk4: Solver = rungeKutta(
  "rk4",
  4,
  [0, 1 / 2, 1 / 2, 1],
  [[1 / 2], [0, 1 / 2], [0, 0, 1]],
  [1 / 6, 1 / 3, 1 / 3, 1 / 6],
);

/**
 * First-order step that keeps the predicted data and noise and moves along the path: x′ = alpha(t′)·x̂1 + sigma(t′)·x̂0.
 * On the linear path it is Euler's step.
 * @param path default `linearPath()`
 * @source J. Song et al., 2020, arXiv 2010.02502, eq. 12 with σ = 0; deviates: from a velocity, and t = 1 is data
 */
export const ddim = (path: Path = linearPath()): Solver => ({
  name: `ddim on ${path.name}`,
  order: 1,
  evaluations: 1,
  *step(x, t, dt) {
    return pointOf(path, dataAndNoise(path, "velocity", yield { x, t }, x, t), add(t, dt));
  },
});

/**
 * First-order step that keeps the predicted data and the noise that sampling began with: x′ = alpha(t′)·x̂1 +
 * sigma(t′)·z. For one and two steps from t = 0 it is Euler's step on the linear path, whatever the model.
 * @param path default `linearPath()`; its flow begins at sigma(0)·z
 * @source S. Lee et al., 2024, arXiv 2405.20320 (the new update); deviates: on any path
 */
export const reinterpolate = (path: Path = linearPath()): Solver => ({
  name: `reinterpolate on ${path.name}`,
  order: 1,
  evaluations: 1,
  *step(x, t, dt, start) {
    const { data } = dataAndNoise(path, "velocity", yield { x, t }, x, t);
    const noise = div(start, path.at(zerosLike(t)).sigma);
    return pointOf(path, { data, noise }, add(t, dt));
  },
});

/** Fixed-step solvers by name. */
export const solvers = { euler, heun, midpoint, rk4 } as const;
