import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { normalizeAxes, sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "./arithmetic.js";
import { cast } from "./compare.js";
import { narrow, reshape, stack, transpose } from "./movement.js";
import { topK } from "./sort.js";

/** What stands between two order statistics: as NumPy's methods of the same names. */
export type QuantileMethod = "linear" | "lower" | "higher" | "nearest" | "midpoint";

/** Options of `quantile` and `median`. */
export interface QuantileOptions {
  /** Keeps the reduced axes with size 1. Default false. */
  keepDims?: boolean;
  /** Default "linear": interpolation at position q·(n − 1). */
  method?: QuantileMethod;
}

const methods: Record<QuantileMethod, (position: number) => number> = {
  linear: (p) => p,
  lower: Math.floor,
  higher: Math.ceil,
  nearest: (p) => (p % 1 === 0.5 ? 2 * Math.round(p / 2) : Math.round(p)),
  midpoint: (p) => (Math.floor(p) + Math.ceil(p)) / 2,
};

/**
 * Quantiles over the given axes (default: all), by sorting. The gradient goes to the one or two entries that make the
 * value.
 * @param q in [0, 1], one or several
 * @returns float; for several q a leading axis counts them
 * @throws OptionError if a q is out of range; ShapeError if there is nothing to sort
 */
export function quantile(
  x: Tensor,
  q: number | readonly number[],
  axis?: number | readonly number[],
  options: QuantileOptions = {},
): Tensor {
  checkOptions("ops.quantile", options, ["keepDims", "method"]);
  const { keepDims = false, method = "linear" } = options;
  if (!(method in methods))
    throw new OptionError({ where: "ops.quantile", want: Object.keys(methods).join(", "), got: method });
  const list = typeof q === "number" ? [q] : q;
  if (list.length === 0 || list.some((v) => !(v >= 0 && v <= 1)))
    throw new OptionError({ where: "ops.quantile", want: "q in [0, 1]", got: String(q) });
  const axes = normalizeAxes("ops.quantile", axis, x.rank);
  const n = sizeOf(axes.map((a) => x.shape[a]!));
  if (n === 0) throw new ShapeError({ where: "ops.quantile", want: "at least one element", got: "none" });
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const lead = others.map((i) => x.shape[i]!);
  const moved = reshape(transpose(isFloat(x.dtype) ? x : cast(x, "float32"), [...others, ...axes]), [
    ...lead,
    n,
  ]);
  const at = list.map((v) => methods[method](v * (n - 1)));
  // Only as many of the smallest as the highest quantile needs.
  const [values] = topK(moved, Math.ceil(Math.max(...at)) + 1, -1, { largest: false });
  const shape = keepDims ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : lead;
  const entry = (i: number): Tensor => reshape(narrow(values, -1, i, i + 1), shape);
  const results = at.map((p) => {
    const low = Math.floor(p);
    if (low === p) return entry(p);
    return add(entry(low), mul(sub(entry(low + 1), entry(low)), p - low));
  });
  return typeof q === "number" ? results[0]! : stack(results);
}

/** Median over the given axes (default: all): the mean of the two middle entries for an even number. */
export const median = (x: Tensor, axis?: number | readonly number[], options?: QuantileOptions): Tensor =>
  quantile(x, 0.5, axis, options);
