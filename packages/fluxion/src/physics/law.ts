import type { Tensor } from "../core/tensor.js";

/** A law by name and numbers: what a worker thread is told. */
export interface LawSpec {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/** A residual at a point as a function of K numbers there, such as u and its derivatives. */
export interface PointwiseLaw {
  /** Names of the K numbers. */
  readonly terms: readonly string[];
  /** r of K Tensors of one shape. */
  readonly residual: (values: readonly Tensor[]) => Tensor;
  /** r at `values` [K] on the host; writes ∂r/∂vₖ into `first` [K] and ∂²r/∂vₖ∂vₗ into `second` [K, K], which come zeroed. */
  readonly expand: (values: Float64Array, first: Float64Array, second: Float64Array) => number;
  /** Absent for a law of one's own: its experts are solved in the main thread. */
  readonly spec?: LawSpec;
}

/** r = v: conditions that are linear. */
export const identityLaw: PointwiseLaw = {
  terms: ["v"],
  residual: ([v]) => v!,
  expand(values, first) {
    first[0] = 1;
    return values[0]!;
  },
  spec: { name: "identity", parameters: {} },
};

/** Rows of one law: its terms are linear in the weights w [N] of a basis, vₖ = terms[k]·w + offsets[k]. */
export interface ConstraintRows<A> {
  readonly law: PointwiseLaw;
  /** K arrays [M, N]. */
  readonly terms: readonly A[];
  /** K arrays [M]. Default: 0. */
  readonly offsets?: readonly A[];
}

/** What a field has to satisfy. */
export interface Constraints<A> {
  /** One row a point of the grid, in its order: each expert has those of its block. */
  readonly points: ConstraintRows<A>;
  /** Rows that every expert has, such as initial and boundary conditions. */
  readonly shared: readonly ConstraintRows<A>[];
}
