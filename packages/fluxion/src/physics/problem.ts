import type { Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import type { Constraints } from "./law.js";

/** A field that is linear in weights: basis·w + offset. */
export interface LinearField {
  /** [...grid, N], float64. */
  readonly basis: Tensor;
  /** [...grid], float64. Default: 0. */
  readonly offset?: Tensor;
}

/** A differential equation on a grid with a family of conditions, such as initial states. */
export interface PhysicsProblem {
  readonly name: string;
  /** Points along each axis: [time, space, …]. */
  readonly grid: Shape;
  /** Numbers that a network sees at a point. */
  readonly features: number;
  /** Numbers of a condition. */
  readonly conditions: number;
  /** Draws a condition, float64 [conditions]. */
  readonly draw: (uniform: () => number) => Float64Array;
  /** What a network sees: [...grid, features] of a condition [conditions], float64. */
  readonly inputs: (condition: Tensor) => Tensor;
  /** Makes a field of a network's outputs [...grid, N]; it may build in what is known. */
  readonly ansatz: (outputs: Tensor, condition: Tensor) => LinearField;
  /** What basis·w + offset has to satisfy. */
  readonly constraints: (field: LinearField, condition: Tensor) => Constraints<Tensor>;
  /** Points where the law counts, [P] of 0 and 1; at the others its derivatives would be one-sided. Default: all. */
  readonly inside?: Float64Array;
  /** The solution by a classical method, float64 [P] in the grid's order. */
  readonly reference: (condition: Float64Array) => Float64Array;
}
