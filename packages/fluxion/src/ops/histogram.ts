import { isFloat, isInteger } from "../core/dtypes.js";
import { checkOptions, DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "./arithmetic.js";
import { cast, equal, greaterEqual, less, logicalAnd, logicalOr, where } from "./compare.js";
import { linspace, ones, zeros } from "./create.js";
import { narrow, reshape } from "./movement.js";
import { max, min, sum } from "./reduce.js";
import { scatterAdd } from "./scatter.js";
import { searchsorted } from "./sort.js";

/** Options of `histogram`. */
export interface HistogramOptions {
  /** Ends of the outermost bins; what lies outside is not counted. Default: the smallest and largest entry. */
  range?: readonly [number, number];
  /** What each entry counts, shape of `x`; the counts are differentiable by them. Default 1. */
  weights?: Tensor;
  /** Whether to divide by the total and the widths of the bins. Default false. */
  density?: boolean;
}

/** Counts by bin number; entries with number `bins` are dropped. */
function counted(at: Tensor, bins: number, weights: Tensor | undefined): Tensor {
  const amounts = weights ? reshape(weights, [weights.size]) : ones([at.size], { dtype: "int32" });
  const all = scatterAdd(zeros([bins + 1], { dtype: amounts.dtype }), reshape(at, [at.size]), amounts);
  return narrow(all, 0, 0, bins);
}

function checkWeights(name: string, x: Tensor, weights: Tensor | undefined): void {
  if (weights && !sameShape(weights.shape, x.shape))
    throw new ShapeError({
      where: `ops.${name}`,
      want: `weights ${showShape(x.shape)}`,
      got: showShape(weights.shape),
    });
}

/**
 * How many entries fall into each bin. Bins are closed on the left, the last one on both sides, as in NumPy. The entries
 * themselves get no gradient.
 * @param x numbers of any shape
 * @param bins number of bins of equal width (default 10), or ascending edges [bins + 1]
 * @returns [counts, edges]: int32 counts (dtype of the weights with them, float with `density`), and the edges
 * @throws OptionError, ShapeError
 */
export function histogram(
  x: Tensor,
  bins: number | Tensor = 10,
  options: HistogramOptions = {},
): [Tensor, Tensor] {
  checkOptions("ops.histogram", options, ["range", "weights", "density"]);
  const { range, weights, density = false } = options;
  checkWeights("histogram", x, weights);
  const values = isFloat(x.dtype) ? x : cast(x, "float32");
  const edges = typeof bins === "number" ? equalEdges(values, bins, range) : bins;
  if (edges.rank !== 1 || edges.size < 2)
    throw new ShapeError({ where: "ops.histogram", want: "at least two edges", got: showShape(edges.shape) });
  const count = edges.size - 1;
  const last = narrow(edges, 0, count, count + 1);
  const right = searchsorted(edges, values, { side: "right" });
  const slot = where(equal(values, last), count, right);
  const inside = logicalAnd(greaterEqual(slot, 1), logicalOr(less(values, last), equal(values, last)));
  const counts = counted(where(inside, sub(slot, 1), count), count, weights);
  if (!density) return [counts, edges];
  const width = sub(narrow(edges, 0, 1, count + 1), narrow(edges, 0, 0, count));
  const amounts = cast(counts, isFloat(counts.dtype) ? counts.dtype : width.dtype);
  return [div(amounts, mul(width, sum(amounts))), edges];
}

function equalEdges(x: Tensor, bins: number, range: readonly [number, number] | undefined): Tensor {
  if (!Number.isInteger(bins) || bins < 1)
    throw new OptionError({ where: "ops.histogram", want: "a whole number of bins ≥ 1", got: String(bins) });
  if (range) {
    const [low, high] = range;
    if (!(low <= high) || !Number.isFinite(high - low))
      throw new OptionError({
        where: "ops.histogram",
        want: "a finite range, low ≤ high",
        got: `${low}, ${high}`,
      });
    const widen = low === high ? 0.5 : 0;
    return linspace(low - widen, high + widen, bins + 1, { dtype: x.dtype });
  }
  const [low, high] = [min(x), max(x)];
  // One value only: a bin of width 1 around it.
  const widen = cast(equal(low, high), x.dtype);
  const start = sub(low, mul(widen, 0.5));
  const step = linspace(0, 1, bins + 1, { dtype: x.dtype });
  const edges = add(start, mul(step, add(sub(high, low), widen)));
  // The last edge must be the largest entry itself, not a rounding below it.
  return where(equal(step, 1), add(high, mul(widen, 0.5)), edges).stopGradient();
}

/**
 * How often each of 0 … length − 1 occurs; other numbers are not counted.
 * @param x integers of any shape
 * @param length number of counts
 * @param options `weights` what each entry counts, shape of `x`
 * @returns int32 (dtype of the weights with them) [length]
 * @throws DtypeError, OptionError, ShapeError
 */
export function bincount(x: Tensor, length: number, options: { weights?: Tensor } = {}): Tensor {
  checkOptions("ops.bincount", options, ["weights"]);
  if (!isInteger(x.dtype)) throw new DtypeError({ where: "ops.bincount", want: "integers", got: x.dtype });
  if (!Number.isInteger(length) || length < 1)
    throw new OptionError({ where: "ops.bincount", want: "a whole length ≥ 1", got: String(length) });
  checkWeights("bincount", x, options.weights);
  const inside = logicalAnd(greaterEqual(x, 0), less(x, length));
  return counted(where(inside, x, length), length, options.weights);
}
