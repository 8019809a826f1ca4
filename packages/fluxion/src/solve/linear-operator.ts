import { FluxionError, ShapeError } from "../core/errors.js";

/** A square linear map, given by its product with a vector: a matrix of any storage, a stencil, a preconditioner. */
export interface LinearOperator {
  /** Length of its vectors. */
  readonly size: number;
  /**
   * The product A x.
   * @param x float64 [size], left as it is
   * @param out where the product may be written, float64 [size], never `x` itself; an operator is free to ignore it
   * @returns the product: `out` or a new array
   */
  readonly apply: (x: Float64Array, out?: Float64Array) => Float64Array;
}

/** Throws unless every named vector has the operator's size. @throws ShapeError @internal */
export function checkVectors(
  where: string,
  size: number,
  vectors: Readonly<Record<string, Float64Array | undefined>>,
): void {
  for (const [name, vector] of Object.entries(vectors))
    if (vector && vector.length !== size)
      throw new ShapeError({ where: `${where}: ${name}`, want: `[${size}]`, got: `[${vector.length}]` });
}

/** A x, after a look at its length: an operator of the user's may be wrong. @throws FluxionError @internal */
export function product(
  where: string,
  { size, apply }: LinearOperator,
  x: Float64Array,
  out?: Float64Array,
): Float64Array {
  const y = apply(x, out);
  if (!(y instanceof Float64Array) || y.length !== size)
    throw new FluxionError({
      where,
      want: `an operator that gives a Float64Array of length ${size}`,
      got: y instanceof Float64Array ? `length ${y.length}` : typeof y,
    });
  return y;
}
