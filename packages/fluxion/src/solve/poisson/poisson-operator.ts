import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import type { LinearOperator } from "../linear-operator.js";
import { sparseFromTriplets, type SparseMatrix } from "../sparse.js";

/** Options of `poissonOperator`. */
export interface PoissonOptions {
  /** Cells along each axis: [H, W] or [D, H, W], whole numbers ≥ 1. */
  shape: readonly number[];
  /** Cells that are solid, [cells], row-major: 1 or true. Default: none. */
  solid?: ArrayLike<number | boolean>;
  /** What solids do: "dirichlet" holds them at 0; "neumann" lets nothing through them. Default "dirichlet". */
  walls?: "dirichlet" | "neumann";
}

/** The discrete Poisson operator of a grid. */
export interface PoissonOperator extends LinearOperator {
  readonly shape: readonly number[];
  /** 1 for cells that are free, 0 for solid ones, [cells]. */
  readonly free: Uint8Array;
  readonly walls: "dirichlet" | "neumann";
  /** The same as a sparse matrix. */
  readonly matrix: () => SparseMatrix;
}

/**
 * −h²·Laplacian on a grid with value 0 beyond its border: (A x)ᵢ = cᵢ·xᵢ − Σ x over the free neighbours, c = 4 in the
 * plane and 6 in space; less one for each neighbour behind a Neumann wall. Symmetric and positive definite. A solid
 * cell has the row of the identity and no neighbours: where b is 0 in solids, x stays 0 there.
 * @throws OptionError, ShapeError; free cells that Neumann walls cut off from the border have no unique solution and are
 *   refused, too
 * @source Kaneda et al., 2022, arXiv 2205.10763, §3 (pressure projection); deviates: identity rows for solid cells
 */
export function poissonOperator(options: PoissonOptions): PoissonOperator {
  const where = "solve.poissonOperator";
  checkOptions(where, options, ["shape", "solid", "walls"]);
  const { shape, solid, walls = "dirichlet" } = options;
  if (![2, 3].includes(shape.length) || !shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new OptionError({
      where,
      want: "shape [H, W] or [D, H, W] of whole numbers",
      got: `[${shape.join(", ")}]`,
    });
  if (walls !== "dirichlet" && walls !== "neumann")
    throw new OptionError({ where, want: "walls dirichlet or neumann", got: String(walls) });
  const size = shape.reduce((a, b) => a * b, 1);
  if (solid && solid.length !== size)
    throw new ShapeError({ where, want: `solid of ${size} cells`, got: `${solid.length}` });
  const free = Uint8Array.from({ length: size }, (_, i) => (solid?.[i] ? 0 : 1));
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));

  const diagonal = new Float64Array(size).fill(1);
  for (let i = 0; i < size; i++) {
    if (!free[i]) continue;
    let count = 2 * shape.length;
    if (walls === "neumann") eachNeighbour(i, shape, strides, (j) => (count -= free[j] ? 0 : 1));
    diagonal[i] = count;
  }
  const cut = walls === "neumann" ? walledIn(shape, strides, free) : -1;
  if (cut >= 0)
    throw new OptionError({ where, want: "free cells that are not walled in", got: `cell ${cut}` });
  return {
    ...{ shape, size, free, walls },
    apply: (x, out = new Float64Array(size)) => stencil(x, out, shape, strides, free, diagonal),
    matrix() {
      const [row, column, value]: [number[], number[], number[]] = [[], [], []];
      const put = (i: number, j: number, v: number): void =>
        void (row.push(i), column.push(j), value.push(v));
      for (let i = 0; i < size; i++) {
        put(i, i, diagonal[i]!);
        if (free[i]) eachNeighbour(i, shape, strides, (j) => free[j] && put(i, j, -1));
      }
      return sparseFromTriplets({ rows: size, columns: size, row, column, value });
    },
  };
}

function eachNeighbour(
  i: number,
  shape: readonly number[],
  strides: readonly number[],
  visit: (j: number) => void,
): void {
  for (let axis = 0; axis < shape.length; axis++) {
    const at = Math.floor(i / strides[axis]!) % shape[axis]!;
    if (at > 0) visit(i - strides[axis]!);
    if (at < shape[axis]! - 1) visit(i + strides[axis]!);
  }
}

/** The first free cell from which no path over free cells leads to the border; -1 if there is none. */
function walledIn(shape: readonly number[], strides: readonly number[], free: Uint8Array): number {
  const seen = Uint8Array.from(free, (v) => (v ? 0 : 1));
  const open: number[] = [];
  const visit = (i: number): void => {
    if (!seen[i]) {
      seen[i] = 1;
      open.push(i);
    }
  };
  for (let i = 0; i < free.length; i++) {
    let neighbours = 0;
    eachNeighbour(i, shape, strides, () => neighbours++);
    if (neighbours < 2 * shape.length) visit(i);
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) eachNeighbour(i, shape, strides, visit);
  return seen.indexOf(0);
}

/** out ← A x, a line of the last axis at a time. */
function stencil(
  x: Float64Array,
  out: Float64Array,
  shape: readonly number[],
  strides: readonly number[],
  free: Uint8Array,
  diagonal: Float64Array,
): Float64Array {
  const width = shape.at(-1)!;
  for (let from = 0; from < x.length; from += width) {
    for (let i = from; i < from + width; i++) {
      // What solids hold counts for nothing, so that A is symmetric for any x.
      let sum = diagonal[i]! * x[i]!;
      if (free[i]) {
        if (i > from && free[i - 1]) sum -= x[i - 1]!;
        if (i < from + width - 1 && free[i + 1]) sum -= x[i + 1]!;
      }
      out[i] = sum;
    }
    for (let axis = 0; axis < shape.length - 1; axis++) {
      const stride = strides[axis]!;
      const at = Math.floor(from / stride) % shape[axis]!;
      for (const to of [...(at > 0 ? [-stride] : []), ...(at < shape[axis]! - 1 ? [stride] : [])]) {
        for (let i = from; i < from + width; i++) if (free[i] && free[i + to]) out[i]! -= x[i + to]!;
      }
    }
  }
  return out;
}
