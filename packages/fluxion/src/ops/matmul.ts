import { decode, isFloat, promote } from "../core/dtypes.js";
import { ShapeError } from "../core/errors.js";
import { apply1, type EmitScope, type Op } from "../core/node.js";
import { broadcastShapes, sameShape, showShape, sizeOf, type Shape } from "../core/shape.js";
import { literalOf, type Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { scalarFactor } from "./elementwise.js";
import { cast } from "./compare.js";
import { reshape, transpose } from "./movement.js";
import { sumTo } from "./reduce.js";

/** y = alpha · op(a) · op(b) over the last two axes, where op transposes if its flag is set; batch axes broadcast. */
type MatMulAttrs = { transA: boolean; transB: boolean; alpha: number };

const matrixShape = (shape: Shape, flag: boolean): [number, number] => {
  const [r, c] = [shape[shape.length - 2]!, shape[shape.length - 1]!];
  return flag ? [c, r] : [r, c];
};

const matmulOp: Op<MatMulAttrs> = {
  name: "MatMul",
  infer([a, b], { transA, transB }) {
    const [m, k] = matrixShape(a!.shape, transA);
    const [k2, n] = matrixShape(b!.shape, transB);
    if (k !== k2) {
      throw new ShapeError({
        where: "ops.matmul",
        want: "inner sizes that agree",
        got: `${showShape(a!.shape)} and ${showShape(b!.shape)}`,
      });
    }
    return [
      {
        shape: [...broadcastShapes("ops.matmul", a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m, n],
        dtype: a!.dtype,
      },
    ];
  },
  grad({ inputs: [a, b], attrs: { transA, transB, alpha } }, [ct], needs) {
    const da = (): Tensor =>
      transA
        ? product(b!, ct!, transB, true, alpha, a!.shape)
        : product(ct!, b!, false, !transB, alpha, a!.shape);
    const db = (): Tensor =>
      transB
        ? product(ct!, a!, true, transA, alpha, b!.shape)
        : product(a!, ct!, !transA, false, alpha, b!.shape);
    return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
  },
  batch(inputs, batched, attrs) {
    const rank = Math.max(...inputs.map((t, i) => t.rank - (batched[i] ? 1 : 0)));
    const padded = inputs.map((t, i) => {
      if (!batched[i]) return t;
      const missing = rank - (t.rank - 1);
      return missing === 0
        ? t
        : reshape(t, [t.shape[0]!, ...new Array<number>(missing).fill(1), ...t.shape.slice(1)]);
    });
    return [apply1(matmulOp, padded, attrs)];
  },
  simplify({ inputs: [a, b], attrs }) {
    // Transposes of the last two axes become flags.
    for (const [side, t] of [a!, b!].entries()) {
      const inner = swappedMatrix(t);
      if (inner) {
        const next = {
          ...attrs,
          [side === 0 ? "transA" : "transB"]: !(side === 0 ? attrs.transA : attrs.transB),
        };
        return [apply1(matmulOp, side === 0 ? [inner, b!] : [a!, inner], next)];
      }
    }
    // A scalar factor of an operand becomes alpha.
    for (const [side, t] of [a!, b!].entries()) {
      const scaled = t.dtype === "float16" ? undefined : scalarFactor(t);
      const alpha = scaled ? attrs.alpha * decode(literalOf(scaled.factor)!, t.dtype)[0]! : NaN;
      if (scaled && isOrdinary(alpha)) {
        return [apply1(matmulOp, side === 0 ? [scaled.of, b!] : [a!, scaled.of], { ...attrs, alpha })];
      }
    }
    return flattenBatch(a!, b!, attrs);
  },
  emit(scope, { inputs: [a, b], attrs: { transA, transB, alpha } }, names) {
    // ONNX holds alpha in float32: in double, a factor that does not fit is multiplied in by itself.
    if (a!.dtype === "float64" && Math.fround(alpha) !== alpha) {
      const y = emitProduct(scope, a!.rank === 2 && b!.rank === 2, names, { transA, transB, alpha: 1 });
      return scope.node("Mul", [...y, scope.literal(Float64Array.of(alpha), "float64", [])]);
    }
    return emitProduct(scope, a!.rank === 2 && b!.rank === 2, names, { transA, transB, alpha });
  },
  flops: ({ inputs: [a], attrs, outputs: [y] }) => 2 * y!.size * matrixShape(a!.shape, attrs.transA)[1],
};

function emitProduct(
  scope: EmitScope,
  matrices: boolean,
  names: readonly string[],
  attrs: MatMulAttrs,
): string[] {
  const { alpha } = attrs;
  const [transA, transB] = [attrs.transA ? 1 : 0, attrs.transB ? 1 : 0];
  if (!transA && !transB && alpha === 1) return scope.node("MatMul", names);
  // FusedMatMul refuses an outer product of a transposed column on some paths; Gemm is the standard form for matrices.
  if (matrices) return scope.node("Gemm", names, { transA, transB, alpha });
  return scope.node("FusedMatMul", names, { transA, transB, alpha }, { domain: "com.microsoft" });
}

/** alpha·op(a)·op(b) summed to `shape`; batch axes that `shape` lacks are folded into the contraction. */
function product(
  a: Tensor,
  b: Tensor,
  transA: boolean,
  transB: boolean,
  alpha: number,
  shape: Shape,
): Tensor {
  if (
    shape.length === 2 &&
    a.rank > 2 &&
    a.rank === b.rank &&
    sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  ) {
    if (transA && !transB) return apply1(matmulOp, [rows(a), rows(b)], { transA, transB, alpha });
  }
  return sumTo(apply1(matmulOp, [a, b], { transA, transB, alpha }), shape);
}

const rows = (t: Tensor): Tensor => reshape(t, [sizeOf(t.shape.slice(0, -1)), t.shape[t.rank - 1]!]);

/** The tensor before a transpose of its last two axes, if that is what made it. */
function swappedMatrix(t: Tensor): Tensor | undefined {
  if (t.node.op.name !== "Transpose" || !isFloat(t.dtype)) return undefined;
  const perm = t.node.attrs.perm as number[];
  const r = perm.length;
  const swaps = perm.every((p, i) => (i < r - 2 ? p === i : p === (i === r - 1 ? r - 2 : r - 1)));
  return swaps ? t.node.inputs[0] : undefined;
}

/** Whether float32 holds a factor without overflow or underflow: Gemm skips the product where alpha is 0. */
const isOrdinary = (alpha: number): boolean => Math.abs(alpha) > 1e-30 && Math.abs(alpha) < 1e30;

/** A batch times one matrix is one large product of matrices. */
function flattenBatch(a: Tensor, b: Tensor, attrs: MatMulAttrs): Tensor[] | undefined {
  if (b.rank !== 2 || a.rank <= 2 || attrs.transA) return undefined;
  const y = apply1(matmulOp, [rows(a), b], attrs);
  return [reshape(y, [...a.shape.slice(0, -1), y.shape[1]!])];
}

/**
 * Matrix product over the last two axes; leading axes broadcast. Vectors count as a row on the left, a column on the
 * right, and that axis is dropped.
 * @throws ShapeError for scalars or inner sizes that differ
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0)
    throw new ShapeError({
      where: "ops.matmul",
      want: "at least one axis",
      got: `${String(a)} and ${String(b)}`,
    });
  let dtype = promote(a.dtype, b.dtype);
  if (dtype === "bool" || dtype === "uint8") dtype = "int32";
  const x = cast(a.rank === 1 ? reshape(a, [1, a.size]) : a, dtype);
  const y = cast(b.rank === 1 ? reshape(b, [b.size, 1]) : b, dtype);
  const out = apply1(matmulOp, [x, y], { transA: false, transB: false, alpha: 1 });
  const shape = out.shape.filter(
    (_, i) => !(a.rank === 1 && i === out.rank - 2) && !(b.rank === 1 && i === out.rank - 1),
  );
  return reshape(out, shape);
}

/** alpha · op(a) · op(b) for tensors of at least two axes and one dtype, as one operator. @internal */
export const fusedMatmul = (a: Tensor, b: Tensor, flags: Partial<MatMulAttrs>): Tensor =>
  apply1(matmulOp, [a, b], { transA: false, transB: false, alpha: 1, ...flags });

/** Σᵢ aᵢ·bᵢ of two vectors, or of all elements of two tensors of one shape. */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError({
      where: "ops.dot",
      want: "equal shapes",
      got: `${showShape(a.shape)} and ${showShape(b.shape)}`,
    });
  return reshape(matmul(reshape(a, [1, a.size]), reshape(b, [b.size, 1])), []);
}

/** All products of elements of two vectors: [n] and [m] give [n, m]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  return mul(reshape(a, [a.size, 1]), reshape(b, [1, b.size]));
}

/**
 * Products summed over pairs of axes.
 * @param axes how many last axes of `a` meet first axes of `b` (default 2), or the two lists of axes
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  const [left, right] =
    typeof axes === "number"
      ? [Array.from({ length: axes }, (_, i) => a.rank - axes + i), Array.from({ length: axes }, (_, i) => i)]
      : axes.map((list, side) => list.map((k) => (k < 0 ? k + [a, b][side]!.rank : k)));
  const sizes = (t: Tensor, list: readonly number[]): number[] => list.map((k) => t.shape[k]!);
  if (!sameShape(sizes(a, left!), sizes(b, right!))) {
    throw new ShapeError({
      where: "ops.tensordot",
      want: "paired axes of equal size",
      got: `${showShape(a.shape)} and ${showShape(b.shape)}`,
    });
  }
  const freeA = a.shape.map((_, i) => i).filter((i) => !left!.includes(i));
  const freeB = b.shape.map((_, i) => i).filter((i) => !right!.includes(i));
  const inner = sizeOf(sizes(a, left!));
  const x = reshape(transpose(a, [...freeA, ...left!]), [sizeOf(sizes(a, freeA)), inner]);
  const y = reshape(transpose(b, [...right!, ...freeB]), [inner, sizeOf(sizes(b, freeB))]);
  return reshape(matmul(x, y), [...sizes(a, freeA), ...sizes(b, freeB)]);
}
