import type { DType } from "../core/dtypes.js";
import { apply1, type Op } from "../core/node.js";
import { sizeOf } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { cast } from "./compare.js";
import { zerosLike } from "./create.js";
import { matmul } from "./matmul.js";
import { concat, moveAxis, narrow, padZeros, reshape, stack } from "./movement.js";

/**
 * Transforms along axis `axis` (of the array without the trailing (real, imaginary) pair), none scaled:
 * `Dft` zₖ = Σⱼ xⱼ e^(∓2πijk/n), complex to complex; `Rfft` its first ⌊n/2⌋ + 1 values for real x; `RfftAdjoint`
 * xⱼ = Σₖ Re(zₖ e^(2πijk/n)), k ≤ n/2, real. Each is the adjoint of one of them, so gradients go round.
 */
type DftAttrs = { axis: number; n: number; inverse: boolean };

/**
 * Where a product with the matrix of the transform is faster than ONNX Runtime's DFT and, in float32, exact to 1e-7
 * where its chirp transform of sizes other than powers of two is off by up to 1e-4 (measured on two cores, 64 rows:
 * n = 64: 0.05 ms against 0.11; 100: 0.08, 0.69; 256: 0.21, 0.32; 500: 0.70, 2.9; 512: 0.86, 0.71).
 */
const byMatrix = (n: number): boolean => n <= 256 || (n <= 512 && !isPowerOfTwo(n));
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

type MatrixAttrs = { kind: "complex" | "real"; n: number; inverse: boolean; dtype: DType };

/**
 * The matrix of a transform on interleaved pairs, applied from the right: complex [2n, 2n], real [n, 2m]. A leaf of its
 * own, so that comparing programs does not compare its numbers.
 */
const matrixOp: Op<MatrixAttrs> = {
  name: "DftMatrix",
  infer: (_, { kind, n, dtype }) => [
    { shape: kind === "complex" ? [2 * n, 2 * n] : [n, 2 * half(n)], dtype },
  ],
  grad: "none",
  emit(scope, { attrs, outputs: [t] }) {
    const values = dftMatrix(attrs.kind, attrs.n, attrs.inverse);
    const data = attrs.dtype === "float64" ? values : new Float32Array(values);
    return [scope.literal(data, attrs.dtype, t!.shape)];
  },
};

/** Number of values of a real transform: the rest mirror them. @internal */
export const half = (n: number): number => Math.floor(n / 2) + 1;

/** Row-major entries of `matrixOp`. @internal */
export function dftMatrix(kind: "complex" | "real", n: number, inverse: boolean): Float64Array {
  const columns = kind === "complex" ? n : half(n);
  const rows = kind === "complex" ? 2 * n : n;
  const turn = (inverse ? 2 : -2) * Math.PI;
  const cosine = Float64Array.from({ length: n }, (_, r) => Math.cos((turn * r) / n));
  const sine = Float64Array.from({ length: n }, (_, r) => Math.sin((turn * r) / n));
  const out = new Float64Array(rows * 2 * columns);
  for (let j = 0; j < n; j++) {
    const row = (kind === "complex" ? 2 * j : j) * 2 * columns;
    for (let k = 0; k < columns; k++) {
      // jk mod n keeps the angle small, hence exact.
      const r = (j * k) % n;
      out[row + 2 * k] = cosine[r]!;
      out[row + 2 * k + 1] = sine[r]!;
      if (kind === "real") continue;
      out[row + 2 * columns + 2 * k] = -sine[r]!;
      out[row + 2 * columns + 2 * k + 1] = cosine[r]!;
    }
  }
  return out;
}

const matrix = (attrs: MatrixAttrs): Tensor => apply1(matrixOp, [], attrs);

/** Complex x with axis `axis` and the pair last, merged for a product: [..., 2n]. */
function pairsLast(x: Tensor, axis: number): Tensor {
  const moved = moveAxis(x, axis, x.rank - 2);
  return reshape(moved, [...moved.shape.slice(0, -2), moved.shape[moved.rank - 2]! * 2]);
}

/** The inverse of `pairsLast`. */
const pairsBack = (y: Tensor, axis: number): Tensor =>
  moveAxis(reshape(y, [...y.shape.slice(0, -1), y.shape[y.rank - 1]! / 2, 2]), y.rank - 1, axis);

const dftOp: Op<DftAttrs> = {
  name: "Dft",
  infer: ([x]) => [x!],
  grad: ({ attrs }, [ct]) => [dft(ct!, { ...attrs, inverse: !attrs.inverse })],
  batch: ([x], _, attrs) => [dft(x!, { ...attrs, axis: attrs.axis + 1 })],
  simplify({ inputs: [x], attrs: { axis, n, inverse } }) {
    if (byMatrix(n)) {
      const w = matrix({ kind: "complex", n, inverse, dtype: x!.dtype });
      return [pairsBack(matmul(pairsLast(x!, axis), w), axis)];
    }
    if (isPowerOfTwo(n)) return undefined;
    // The chirp transform of other sizes needs double inside to be good to single precision.
    if (x!.dtype !== "float64") return [cast(dft(cast(x!, "float64"), { axis, n, inverse }), x!.dtype)];
    if (!inverse) return undefined;
    // Not ONNX Runtime's own inverse, which divides by n in single precision: conjugate, transform, conjugate.
    const conjugate = constant([1, -1], "float64");
    return [mul(dft(mul(x!, conjugate), { axis, n, inverse: false }), conjugate)];
  },
  emit(scope, { inputs: [x], attrs: { axis, n, inverse } }, [name]) {
    const out = scope.node("DFT", [name!, "", scope.ints(axis)], { inverse: inverse ? 1 : 0, onesided: 0 });
    if (!inverse) return out;
    // ONNX divides the inverse by n, here a power of two.
    const scale = x!.dtype === "float64" ? Float64Array.of(n) : Float32Array.of(n);
    return scope.node("Mul", [out[0]!, scope.literal(scale, x!.dtype, [])]);
  },
  flops: ({ inputs: [x], attrs: { n } }) => Math.ceil(5 * sizeOf(x!.shape) * Math.log2(Math.max(2, n))) / 2,
};

/** Unscaled complex transform. @internal */
export const dft = (x: Tensor, attrs: DftAttrs): Tensor => apply1(dftOp, [x], attrs);

type RealAttrs = { axis: number; n: number };

const rfftOp: Op<RealAttrs> = {
  name: "Rfft",
  infer: ([x], { axis, n }) => [
    { shape: [...x!.shape.map((d, i) => (i === axis ? half(n) : d)), 2], dtype: x!.dtype },
  ],
  grad: ({ attrs }, [ct]) => [rfftAdjoint(ct!, attrs)],
  batch: ([x], _, { axis, n }) => [realDft(x!, { axis: axis + 1, n })],
  simplify({ inputs: [x], attrs: { axis, n } }) {
    if (!byMatrix(n)) {
      const z = dft(stack([x!, zerosLike(x!)], -1), { axis, n, inverse: false });
      return [narrow(z, axis, 0, half(n))];
    }
    const w = matrix({ kind: "real", n, inverse: false, dtype: x!.dtype });
    return [pairsBack(matmul(moveAxis(x!, axis, -1), w), axis)];
  },
};

/** First half of the unscaled transform of a real array. @internal */
export const realDft = (x: Tensor, attrs: RealAttrs): Tensor => apply1(rfftOp, [x], attrs);

const rfftAdjointOp: Op<RealAttrs> = {
  name: "RfftAdjoint",
  infer: ([z], { axis, n }) => [
    { shape: z!.shape.slice(0, -1).map((d, i) => (i === axis ? n : d)), dtype: z!.dtype },
  ],
  grad: ({ attrs }, [ct]) => [realDft(ct!, attrs)],
  batch: ([z], _, { axis, n }) => [rfftAdjoint(z!, { axis: axis + 1, n })],
  simplify({ inputs: [z], attrs: { axis, n } }) {
    if (!byMatrix(n)) {
      const after = z!.shape.map((_, i) => (i === axis ? n - half(n) : 0));
      const all = padZeros(
        z!,
        z!.shape.map(() => 0),
        after,
      );
      const x = dft(all, { axis, n, inverse: true });
      return [reshape(narrow(x, -1, 0, 1), x.shape.slice(0, -1))];
    }
    const w = matrix({ kind: "real", n, inverse: false, dtype: z!.dtype });
    return [moveAxis(matmul(pairsLast(z!, axis), w.transpose()), -1, axis)];
  },
};

/** xⱼ = Σₖ Re(zₖ e^(2πijk/n)) over the half spectrum. @internal */
export const rfftAdjoint = (z: Tensor, attrs: RealAttrs): Tensor => apply1(rfftAdjointOp, [z], attrs);

/** Half spectrum times the number of times each value occurs in the full one. @internal */
export function weighHalf(z: Tensor, axis: number, n: number): Tensor {
  const single = n % 2 === 0 ? 1 : 0;
  const inner = half(n) - 1 - single;
  const parts = [
    narrow(z, axis, 0, 1),
    mul(narrow(z, axis, 1, 1 + inner), 2),
    narrow(z, axis, 1 + inner, half(n)),
  ];
  return concat(
    parts.filter((t) => t.size > 0),
    axis,
  );
}
