// Small problems for the tests.
import { normalFrom, seededUniform } from "../../data/seeded.js";
import type { ReluData } from "./problem.js";

/** A noisy wave of `n` points of the line, as (x, 1). @internal */
export function wave(n: number, seed: number): ReluData & { y: Float64Array } {
  const uniform = seededUniform(seed);
  const normal = normalFrom(uniform);
  const points = Float64Array.from({ length: n }, () => 2 * uniform() - 1);
  const data = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? points[i / 2]! : 1));
  return { x: { data, shape: [n, 2] }, y: points.map((v) => Math.sin(4 * v) + 0.1 * normal()) };
}

/** Gaussian features and targets. @internal */
export function gaussian(n: number, d: number, seed: number): ReluData & { y: Float64Array } {
  const normal = normalFrom(seededUniform(seed));
  const data = Float64Array.from({ length: n * d }, normal);
  return { x: { data, shape: [n, d] }, y: Float64Array.from({ length: n }, normal) };
}
