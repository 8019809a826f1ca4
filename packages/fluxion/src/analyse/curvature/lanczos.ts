// Lanczos' three-term recurrence on trees, without host operators, so that it runs inside `compile` and inside `scan`.
import { scan } from "../../core/scan.js";
import type { Tensor } from "../../core/tensor.js";
import { tensorLeaves } from "../../core/tree.js";
import { abs, sqrt } from "../../ops/unary.js";
import { add, div, maximum, mul, square } from "../../ops/arithmetic.js";
import { cast, lessEqual, where as choose } from "../../ops/compare.js";
import { eye, zeros, zerosLike } from "../../ops/create.js";
import { take } from "../../ops/gather.js";
import { matmul } from "../../ops/matmul.js";
import { expandDims, reshape, slice, transpose } from "../../ops/movement.js";
import { argmax, max, sum } from "../../ops/reduce.js";
import { addScaled, mapFloats, normalized, scalarType, treeDot, treeNorm } from "./vectors.js";

/** A symmetric tridiagonal matrix T = VᵀHV, and V. */
interface Tridiagonal<P> {
  /** [k]: T's diagonal. */
  readonly alpha: Tensor;
  /** [k]: beside it; the last entry is the coupling to what was left out. */
  readonly beta: Tensor;
  /** A tree like the vectors with a leading axis k: V. */
  readonly basis: P;
}

/** An eigenpair, and how far it is from being one. */
interface Eigenpair<P> {
  readonly value: Tensor;
  readonly vector: P;
  readonly residual: Tensor;
}

/** A coupling below this, relative to the matrix, is none: the vectors span a space that H does not leave. */
const coupled = 1e-12;
/** Squarings of the small matrix, which are 2³⁰ power iterations. */
const squarings = 30;

/**
 * Eigenpair of the largest eigenvalue of a symmetric operator, from the span of its first `count` powers on `start`.
 * Where that space ends early, it goes on from `fresh`.
 * @param residual of the recurrence: ‖Hv − value·v‖ but for rounding
 * @internal
 */
export function largestEigenpair<P>(
  where: string,
  product: (v: P) => P,
  { start, fresh, count }: { start: P; fresh: P; count: number },
): Eigenpair<P> {
  const { alpha, beta, basis } = tridiagonal(where, product, { start, fresh, count });
  const { value, weights } = largestOf(alpha, beta);
  const rows = tensorLeaves(where, basis).leaves;
  const vector = mapFloats(where, start, (leaf, i) => {
    const flat = reshape(rows[i]!, [count, leaf.size]);
    return reshape(matmul(cast(weights, leaf.dtype), flat), leaf.shape);
  });
  const residual = mul(slice(beta, count - 1), abs(slice(weights, count - 1)));
  return { value, vector: normalized(where, vector), residual };
}

function tridiagonal<P>(
  where: string,
  product: (v: P) => P,
  { start, fresh, count }: { start: P; fresh: P; count: number },
): Tridiagonal<P> {
  type Carry = { v: P; previous: P; beta: Tensor; scale: Tensor };
  type Row = { alpha: Tensor; beta: Tensor; v: P };
  const zero = zeros([], { dtype: scalarType(where, start) });
  const restart = tensorLeaves(where, normalized(where, fresh)).leaves;
  const first: Carry = {
    v: normalized(where, start),
    previous: mapFloats(where, start, zerosLike),
    ...{ beta: zero, scale: zero },
  };
  const [, rows] = scan(
    ({ v, previous, beta, scale }: Carry): [Carry, Row] => {
      // Taking the vector before off first loses less to rounding (Paige).
      const rest = addScaled(where, product(v), previous, mul(beta, -1));
      const alpha = treeDot(where, rest, v);
      const next = addScaled(where, rest, v, mul(alpha, -1));
      const length = treeNorm(where, next);
      const size = maximum(scale, add(abs(alpha), length));
      const ended = lessEqual(length, mul(size, coupled));
      const unit = normalized(where, next);
      const onward = mapFloats(where, unit, (leaf, i) => choose(ended, restart[i]!, leaf));
      const coupling = choose(ended, zero, length);
      return [
        { v: onward, previous: v, beta: coupling, scale: size },
        { alpha, beta: coupling, v },
      ];
    },
    first,
    undefined,
    { length: count },
  );
  return { alpha: rows.alpha, beta: rows.beta, basis: rows.v };
}

/** Largest eigenvalue of a tridiagonal matrix and its eigenvector [k], by squaring the matrix. */
function largestOf(alpha: Tensor, beta: Tensor): { value: Tensor; weights: Tensor } {
  const k = alpha.size;
  const { dtype } = alpha;
  const identity = eye(k, { dtype });
  const above = mul(eye(k, { k: 1, dtype }), expandDims(beta, 1));
  const matrix = add(mul(identity, alpha), add(above, transpose(above)));
  // No eigenvalue is larger in size than the largest row sum; shifted and scaled they all lie in [0.2, 1].
  const rows = max(sum(abs(matrix), 1));
  const bound = choose(rows.equal(0), 1, rows);
  const shifted = div(add(div(matrix, bound), mul(identity, 1.5)), 2.5);
  const [power] = scan(
    (m: Tensor): [Tensor, Tensor] => {
      const squared = matmul(m, m);
      const trace = sum(mul(squared, identity));
      return [div(squared, trace), trace];
    },
    shifted,
    undefined,
    { length: squarings },
  );
  // What remains is the projector onto the eigenvector; its best-determined column has the largest diagonal entry.
  const column = take(power, argmax(sum(mul(power, identity), 1)), 1);
  const weights = div(column, sqrt(sum(square(column))));
  return { value: sum(mul(weights, matmul(matrix, weights))), weights };
}
