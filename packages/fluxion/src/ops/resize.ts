import { checkOptions, OptionError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { take } from "./gather.js";
import { matmul } from "./matmul.js";
import { reshape, slice, swapAxes } from "./movement.js";
import { upsample } from "./upsample.js";
import { perAxis, spatialOf } from "./window.js";

/** How `resize` fills in between. Bilinear and bicubic stand for their kind in any number of axes. */
export type ResizeMode = "nearest" | "bilinear" | "bicubic";

/** Options of `resize`. */
export interface ResizeOptions {
  /** Default nearest. */
  mode?: ResizeMode;
  /** Whether the corners' centres meet rather than their outer edges. Not for nearest. Default false. */
  alignCorners?: boolean;
}

/** Where output entry `i` of `n` lies among `size` inputs. */
const source = (i: number, size: number, n: number, alignCorners: boolean): number =>
  alignCorners ? (n === 1 ? 0 : (i * (size - 1)) / (n - 1)) : ((i + 0.5) * size) / n - 0.5;

/** Keys' cubic weights with a = −0.75 for the neighbours at −1, 0, 1, 2 of a point at fraction `t`. */
function cubicWeights(t: number): number[] {
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/** The interpolation matrix [n, size]; neighbours beyond the edge are the edge. */
function weights(size: number, n: number, mode: "bilinear" | "bicubic", alignCorners: boolean): Float64Array {
  const matrix = new Float64Array(n * size);
  for (let i = 0; i < n; i++) {
    const at = source(i, size, n, alignCorners);
    const x = mode === "bilinear" ? Math.max(0, at) : at;
    const base = Math.floor(x);
    const taps = mode === "bilinear" ? [1 - (x - base), x - base] : cubicWeights(x - base);
    const first = mode === "bilinear" ? base : base - 1;
    taps.forEach((weight, k) => {
      matrix[i * size + Math.min(Math.max(first + k, 0), size - 1)]! += weight;
    });
  }
  return matrix;
}

/** `matrix` [n, size] times `x` along one axis, the last of which needs no transposition. */
function along(x: Tensor, axis: number, n: number, matrix: Tensor): Tensor {
  if (axis === x.rank - 1) return matmul(x, swapAxes(matrix, 0, 1));
  const shape = [...x.shape.slice(0, axis), n, ...x.shape.slice(axis + 1)];
  const rows = reshape(x, [sizeOf(x.shape.slice(0, axis)), x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))]);
  return reshape(matmul(matrix, rows), shape);
}

/** out[i] = x[⌊i · size / n⌋] along every spatial axis. */
function nearest(x: Tensor, size: readonly number[]): Tensor {
  const factors = size.map((n, i) => n / x.shape[i + 2]!);
  if (factors.every(Number.isInteger)) return upsample(x, factors);
  return size.reduce((t, n, i) => {
    const from = t.shape[i + 2]!;
    if (n === from) return t;
    if (from % n === 0) return slice(t, ...t.shape.slice(0, i + 2).map(() => null), [0, null, from / n]);
    return take(
      t,
      Array.from({ length: n }, (_, k) => Math.floor((k * from) / n)),
      i + 2,
    );
  }, x);
}

/**
 * Images in another size, with the conventions of PyTorch's `interpolate` (half-pixel centres, no antialiasing).
 * @param x float [B, C, ...] with 1 to 3 spatial axes
 * @param size spatial sizes of the result, or one for all
 * @param options mode, alignCorners
 * @returns [B, C, ...size]
 * @throws ShapeError, OptionError
 */
export function resize(x: Tensor, size: number | readonly number[], options: ResizeOptions = {}): Tensor {
  const where = "ops.resize";
  checkOptions(where, options, ["mode", "alignCorners"]);
  const { mode = "nearest", alignCorners = false } = options;
  const spatial = spatialOf(where, x);
  const sizes = perAxis(where, "size", size, spatial.length, 1);
  if (mode === "nearest") {
    if (!alignCorners) return nearest(x, sizes);
    throw new OptionError({ where, want: "no alignCorners with mode nearest", got: "alignCorners: true" });
  }
  if (mode !== "bilinear" && mode !== "bicubic")
    throw new OptionError({ where, want: "mode nearest, bilinear or bicubic", got: String(mode) });
  // One matrix product an axis: as fast as ONNX Runtime's linear Resize and far faster than its cubic one (measured).
  return sizes.reduceRight((t, n, i) => {
    const from = spatial[i]!;
    if (n === from) return t;
    return along(t, i + 2, n, constant(weights(from, n, mode, alignCorners), x.dtype, [n, from]));
  }, x);
}
