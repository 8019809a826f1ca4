// The u-step of ADMM by randomised block coordinate descent, for any smooth loss and for many examples.
import { seededUniform, shuffled } from "../../data/seeded.js";
import type { ReluLoss } from "./losses.js";
import { choleskySolver, type UpdateStep } from "./exact-step.js";
import { gram, type ConvexOperators } from "./operators.js";

/** Options of `blockStep`. @internal */
export interface BlockStepOptions {
  seed: number;
  /** Most passes over the patterns in a step. */
  sweeps: number;
}

/** A pass that lowers the objective by less than this part of the first pass is the last. */
const worthwhile = 0.1;

/**
 * Descends on one pattern's (uᵢ, zᵢ) at a time, in random order. Its gradient is ±Xᵀ·Dᵢ·l′(ŷ) plus
 * ρ(uᵢ − aᵢ + XᵀX·uᵢ − Xᵀ·Eᵢ·bᵢ); with l″ ≤ 1 the Hessian is at most ρB along uᵢ + zᵢ and ρB + 2XᵀX along uᵢ − zᵢ, and
 * the step is the minimum of that bound: it never goes uphill and needs no step size. A pass is O(N·D·P).
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §3.2 (ADMM-RBCD); deviates: the bound instead of a gradient
 *   step with a search for its size, passes instead of independent draws, and the rule that ends a step
 * @internal
 */
export function blockStep(operators: ConvexOperators, loss: ReluLoss, options: BlockStepOptions): UpdateStep {
  const { problem, patterns, rows } = operators;
  const { x, y, n, d } = problem;
  const { masks, count } = patterns;
  const inner = gram(x, n, d);
  const uniform = seededUniform(options.seed, 1);
  let solvers: { rho: number; sum: Solver; difference: Solver } | undefined;
  let passes = 0;
  type Solver = (b: Float64Array) => Float64Array;

  const build = (rho: number): NonNullable<typeof solvers> => {
    const matrix = (weight: number): Float64Array =>
      inner.map((v, i) => weight * v + (i % (d + 1) === 0 ? rho : 0));
    return { rho, sum: choleskySolver(matrix(rho), d), difference: choleskySolver(matrix(rho + 2), d) };
  };

  return {
    cost: () => ({
      setup: (n * d * d) / 2 + d ** 3 / 3,
      step: passes * rows * (2 * n * d + 3 * d * d) + rows * n * d,
    }),
    minimize([near, signs], rho, start) {
      if (solvers?.rho !== rho) solvers = build(rho);
      const u = start.slice();
      const yhat = operators.predict(u);
      const pull = operators.signsAdjoint(signs!);
      let first = 0;
      passes = 0;
      for (let pass = 0; pass < options.sweeps; pass++) {
        passes++;
        let gained = 0;
        for (const i of shuffled(count, uniform)) gained += visit(i, u, yhat, near!, pull, rho);
        if (pass === 0) first = gained;
        if (!(gained > worthwhile * first)) break;
      }
      return u;
    },
  };

  /** Moves pattern i; returns a bound of what that gains. */
  function visit(
    i: number,
    u: Float64Array,
    yhat: Float64Array,
    near: Float64Array,
    pull: Float64Array,
    rho: number,
  ): number {
    const slope = new Float64Array(d);
    for (let k = 0; k < n; k++) {
      if (masks[i * n + k] === 0) continue;
      const factor = loss.derivative(yhat[k]!, y[k]!);
      for (let j = 0; j < d; j++) slope[j]! += factor * x[k * d + j]!;
    }
    const gradient = (row: number, sign: number): Float64Array =>
      slope.map((v, j) => {
        let curved = u[row * d + j]!;
        for (let l = 0; l < d; l++) curved += inner[j * d + l]! * u[row * d + l]!;
        return sign * v + rho * (curved - near[row * d + j]! - pull[row * d + j]!);
      });
    const [gu, gz] = [gradient(i, 1), gradient(i + count, -1)];
    const sum = solvers!.sum(gu.map((v, j) => (v + gz[j]!) / 2));
    const difference = solvers!.difference(gu.map((v, j) => (v - gz[j]!) / 2));
    let gained = 0;
    for (let j = 0; j < d; j++) {
      const [du, dz] = [sum[j]! + difference[j]!, sum[j]! - difference[j]!];
      u[i * d + j]! -= du;
      u[(i + count) * d + j]! -= dz;
      gained += (gu[j]! * du + gz[j]! * dz) / 2;
    }
    for (let k = 0; k < n; k++) {
      if (masks[i * n + k] === 0) continue;
      let change = 0;
      for (let j = 0; j < d; j++) change += x[k * d + j]! * difference[j]!;
      yhat[k]! -= 2 * change;
    }
    return gained;
  }
}
