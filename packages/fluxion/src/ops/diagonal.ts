import { OptionError, ShapeError } from "../core/errors.js";
import { normalizeAxis, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { sub } from "./arithmetic.js";
import { greaterEqual, lessEqual, equal, where } from "./compare.js";
import { arange, zerosLike } from "./create.js";
import { broadcastTo, narrow, reshape, slice, transpose } from "./movement.js";
import { sum } from "./reduce.js";

/** Column minus row of every entry of an [n, m] matrix. */
const offsets = (n: number, m: number): Tensor => sub(arange(m), reshape(arange(n), [n, 1]));

function triangle(name: string, x: Tensor, k: number, compare: (at: Tensor, k: number) => Tensor): Tensor {
  if (x.rank < 2)
    throw new ShapeError({ where: `ops.${name}`, want: "at least two axes", got: showShape(x.shape) });
  if (!Number.isInteger(k))
    throw new OptionError({ where: `ops.${name}`, want: "a whole diagonal", got: String(k) });
  const [n, m] = [x.shape[x.rank - 2]!, x.shape[x.rank - 1]!];
  return where(compare(offsets(n, m), k), x, zerosLike(x));
}

/** Upper triangle of the last two axes, zeros below diagonal `k` (0: the main one, > 0 above it). */
export const triu = (x: Tensor, k = 0): Tensor => triangle("triu", x, k, greaterEqual);

/** Lower triangle of the last two axes, zeros above diagonal `k` (0: the main one, > 0 above it). */
export const tril = (x: Tensor, k = 0): Tensor => triangle("tril", x, k, lessEqual);

/** Options of `diagonal` and `trace`. */
export interface DiagonalOptions {
  /** Which diagonal: > 0 above the main one. Default 0. */
  offset?: number;
  /** The two axes of the matrices, rows first. Default [−2, −1]. */
  axes?: readonly [number, number];
}

/**
 * Diagonals of matrices along two axes, as a new last axis.
 * @throws ShapeError for fewer than two axes or one axis twice
 */
export function diagonal(x: Tensor, options: DiagonalOptions = {}): Tensor {
  const { offset = 0, axes = [-2, -1] } = options;
  const [row, column] = axes.map((a) => normalizeAxis("ops.diagonal", a, x.rank)) as [number, number];
  if (row === column)
    throw new ShapeError({ where: "ops.diagonal", want: "two axes", got: `axis ${row} twice` });
  if (!Number.isInteger(offset))
    throw new OptionError({ where: "ops.diagonal", want: "a whole offset", got: String(offset) });
  const others = x.shape.map((_, i) => i).filter((i) => i !== row && i !== column);
  const lead = others.map((i) => x.shape[i]!);
  const [n, m] = [x.shape[row]!, x.shape[column]!];
  const [top, left] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(n - top, m - left));
  if (length === 0)
    return narrow(reshape(transpose(x, [...others, row, column]), [...lead, n * m]), -1, 0, 0);
  const square = slice(
    transpose(x, [...others, row, column]),
    ...lead.map(() => null),
    [top, top + length],
    [left, left + length],
  );
  const flat = reshape(square, [...lead, length * length]);
  return slice(flat, ...lead.map(() => null), [null, null, length + 1]);
}

/** Sum of a diagonal; options as for `diagonal`. */
export const trace = (x: Tensor, options: DiagonalOptions = {}): Tensor => sum(diagonal(x, options), -1);

/**
 * A vector as the diagonal of a square matrix that is zero elsewhere, or the diagonal of a matrix as a vector.
 * @param k which diagonal: > 0 above the main one
 * @throws ShapeError for other ranks than 1 and 2
 */
export function diag(x: Tensor, k = 0): Tensor {
  if (x.rank === 2) return diagonal(x, { offset: k });
  if (x.rank !== 1)
    throw new ShapeError({ where: "ops.diag", want: "a vector or a matrix", got: showShape(x.shape) });
  if (!Number.isInteger(k))
    throw new OptionError({ where: "ops.diag", want: "a whole diagonal", got: String(k) });
  const n = x.size + Math.abs(k);
  // Entry i of the vector sits in row i (k ≥ 0) or column i (k < 0).
  const spread = k >= 0 ? reshape(padEnd(x, n), [n, 1]) : padEnd(x, n);
  const all = broadcastTo(spread, [n, n]);
  return where(equal(offsets(n, n), k), all, zerosLike(all));
}

const padEnd = (x: Tensor, n: number): Tensor => (x.size === n ? x : x.pad([[0, n - x.size]]));

/**
 * Coordinates of a grid from one vector per axis.
 * @param options `indexing`: "xy" (default, as NumPy: the first two axes of the results exchanged) or "ij"
 * @returns one tensor per vector, of the shape of the grid
 */
export function meshgrid(axes: readonly Tensor[], options: { indexing?: "xy" | "ij" } = {}): Tensor[] {
  const { indexing = "xy" } = options;
  for (const t of axes) {
    if (t.rank !== 1)
      throw new ShapeError({ where: "ops.meshgrid", want: "vectors", got: showShape(t.shape) });
  }
  const order = axes.map((_, i) => (indexing === "xy" && i < 2 && axes.length > 1 ? 1 - i : i));
  const shape = order.map((i) => axes[i]!.size);
  return axes.map((t, i) =>
    broadcastTo(
      reshape(
        t,
        order.map((k) => (k === i ? t.size : 1)),
      ),
      shape,
    ),
  );
}
