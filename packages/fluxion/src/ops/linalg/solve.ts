import { checkOptions, ShapeError } from "../../core/errors.js";
import { apply1, type Call, type Op } from "../../core/node.js";
import { broadcastShapes, showShape } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { neg } from "../unary.js";
import { eye } from "../create.js";
import { tril, triu } from "../diagonal.js";
import { matmul } from "../matmul.js";
import { broadcastTo, reshape } from "../movement.js";
import { sumTo } from "../reduce.js";
import { asMatrices, matrices, pairBatch, stackHost, transposed } from "./host.js";
import { factorLU, solveLU, solveTriangular, type LU } from "./kernels.js";

/** Cotangent of A from that of B = op(A)·X: −dB·Xᵀ, transposed if op transposes. */
const matrixGrad = (x: Tensor, db: Tensor, transpose: boolean): Tensor =>
  neg(transpose ? matmul(x, transposed(db)) : matmul(db, transposed(x)));

const flops = ({ inputs: [a, b] }: Call<object>): number => {
  const n = a!.shape.at(-1)!;
  return (2 / 3) * n * a!.size + 2 * n * b!.size;
};

type SolveAttrs = { transpose: boolean };

const solveOp: Op<SolveAttrs> = {
  name: "linalg.solve",
  infer: ([, b]) => [b!],
  grad({ inputs: [a], attrs: { transpose }, outputs: [x] }, [ct], needs) {
    const db = solveStacks(a!, ct!, { transpose: !transpose });
    return [needs[0] ? sumTo(matrixGrad(x!, db, transpose), a!.shape) : undefined, db];
  },
  batch: pairBatch(solveStacks),
  flops,
  host: (inputs, call) => {
    // A matrix shared by a stack of right-hand sides is factored once.
    let last: { matrix: Float64Array; lu: LU } | undefined;
    return stackHost<SolveAttrs>(
      ([a, b], { attrs }, [, dims]) => {
        if (last?.matrix !== a) last = { matrix: a!, lu: factorLU(a!, dims![0]!) };
        return [solveLU(last!.lu, b!, dims![1]!, attrs.transpose)];
      },
      [2],
    )(inputs, call);
  },
};

function solveStacks(a: Tensor, b: Tensor, attrs: SolveAttrs): Tensor {
  return apply1(solveOp, stacked(a, b), attrs);
}

/** Leading axes broadcast; a single matrix is left to be shared. */
function stacked(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const lead = broadcastShapes("linalg.solve", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (t: Tensor): Tensor => broadcastTo(t, [...lead, ...t.shape.slice(-2)]);
  return [a.rank === 2 ? a : spread(a), spread(b)];
}

/** Runs `f` on a right-hand side of matrices; a vector counts as one column. */
function withColumns(where: string, a: Tensor, b: Tensor, f: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const [m, rhs] = asMatrices(matrices(where, a, true), b);
  const n = m.shape.at(-1)!;
  if (rhs.rank === 0 || rhs.shape.at(rhs.rank === 1 ? -1 : -2) !== n) {
    throw new ShapeError({
      where,
      want: `a right-hand side [${n}] or [..., ${n}, K] for ${showShape(a.shape)}`,
      got: showShape(b.shape),
    });
  }
  if (rhs.rank > 1) return f(m, rhs);
  const x = f(m, reshape(rhs, [n, 1]));
  return reshape(x, x.shape.slice(0, -1));
}

/**
 * X of A·X = B, by LU with partial pivoting in float64 on the host. A singular A gives infinities or NaN.
 * @param a [..., N, N]
 * @param b [N] (one vector) or [..., N, K]; leading axes broadcast
 * @returns [..., N] or [..., N, K], in the wider dtype of both (float32 or float64)
 * @throws ShapeError
 */
export const solve = (a: Tensor, b: Tensor): Tensor =>
  withColumns("linalg.solve", a, b, (m, rhs) => solveStacks(m, rhs, { transpose: false }));

/**
 * A⁻¹; infinities or NaN for a singular A. Where it is only multiplied, `solve` is cheaper and more accurate.
 * @param a [..., N, N]
 * @throws ShapeError
 */
export function inv(a: Tensor): Tensor {
  const m = matrices("linalg.inv", a, true);
  return solveStacks(m, broadcastTo(eye(m.shape.at(-1)!, { dtype: m.dtype }), m.shape), { transpose: false });
}

type TriangularAttrs = { lower: boolean; transpose: boolean; unitDiagonal: boolean };

const triangularOp: Op<TriangularAttrs> = {
  name: "linalg.triangularSolve",
  infer: ([, b]) => [b!],
  grad({ inputs: [a], attrs, outputs: [x] }, [ct], needs) {
    const db = triangularStacks(a!, ct!, { ...attrs, transpose: !attrs.transpose });
    if (!needs[0]) return [undefined, db];
    // What is not read has no gradient.
    const full = sumTo(matrixGrad(x!, db, attrs.transpose), a!.shape);
    const inside = attrs.unitDiagonal ? 1 : 0;
    return [attrs.lower ? tril(full, -inside) : triu(full, inside), db];
  },
  batch: pairBatch(triangularStacks),
  flops: ({ inputs: [a, b] }) => a!.shape.at(-1)! * b!.size,
  host: stackHost<TriangularAttrs>(
    ([a, b], { attrs }, [, dims]) => {
      const x = Float64Array.from(b!);
      solveTriangular(a!, x, dims![0]!, dims![1]!, attrs);
      return [x];
    },
    [2],
  ),
};

function triangularStacks(a: Tensor, b: Tensor, attrs: TriangularAttrs): Tensor {
  return apply1(triangularOp, stacked(a, b), attrs);
}

/** Options of `triangularSolve`. */
export interface TriangularSolveOptions {
  /** Whether the lower triangle of A is meant; the other is not read. Default true. */
  lower?: boolean;
  /** Solves with the transpose of that triangle. Default false. */
  transpose?: boolean;
  /** Takes the diagonal as ones without reading it. Default false. */
  unitDiagonal?: boolean;
}

/**
 * X of T·X = B, where T is a triangle of A. A zero on the diagonal gives infinities or NaN.
 * @param a [..., N, N]
 * @param b [N] (one vector) or [..., N, K]; leading axes broadcast
 * @throws ShapeError, OptionError
 */
export function triangularSolve(a: Tensor, b: Tensor, options: TriangularSolveOptions = {}): Tensor {
  checkOptions("linalg.triangularSolve", options, ["lower", "transpose", "unitDiagonal"]);
  const { lower = true, transpose = false, unitDiagonal = false } = options;
  return withColumns("linalg.triangularSolve", a, b, (m, rhs) =>
    triangularStacks(m, rhs, { lower, transpose, unitDiagonal }),
  );
}
