import type { DType } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { apply, type Op } from "../core/node.js";
import { normalizeAxis, sameShape, showShape } from "../core/shape.js";
import { asTensor, type Tensor, type TensorLike } from "../core/tensor.js";
import { add, minimum, sub } from "./arithmetic.js";
import { cast, less, lessEqual, logicalAnd, where } from "./compare.js";
import { zeros } from "./create.js";
import { take, takeAlongAxis } from "./gather.js";
import { expandDims } from "./movement.js";
import { sum } from "./reduce.js";
import { scatterElements } from "./scatter.js";

type TopKAttrs = { k: number; axis: number; largest: boolean };

const topKOp: Op<TopKAttrs> = {
  name: "TopK",
  infer([x], { k, axis }) {
    const shape = x!.shape.map((d, i) => (i === axis ? k : d));
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int64" },
    ];
  },
  grad({ inputs: [x], attrs: { axis }, outputs: [, indices] }, [ct]) {
    return [ct && scatterElements(zeros(x!.shape, { dtype: ct.dtype }), indices!, ct, axis, "none")];
  },
  batch: (inputs, _, { k, axis, largest }) => apply(topKOp, inputs, { k, axis: axis + 1, largest }),
  emit: (scope, { attrs: { k, axis, largest } }, [x]) =>
    scope.node("TopK", [x!, scope.ints([k])], { axis, largest: largest ? 1 : 0, sorted: 1 }, { outputs: 2 }),
};

/** dtypes without a kernel are sorted as a wider one. */
const sortable: Partial<Record<DType, DType>> = { bool: "uint8", uint32: "int64" };

function ordered(x: Tensor, k: number, axis: number, largest: boolean): [Tensor, Tensor] {
  const [values, indices] = apply(topKOp, [cast(x, sortable[x.dtype] ?? x.dtype)], { k, axis, largest });
  return [cast(values!, x.dtype), cast(indices!, "int32")];
}

/**
 * The `k` largest entries along an axis, largest first, with their positions; of equal ones the first comes first. The
 * gradient goes to the entries chosen. NaN has no defined place.
 * @param k whole number, 0 … the size of the axis
 * @param axis default −1
 * @param options `largest: false` for the smallest, smallest first
 * @returns [values, int32 positions]
 * @throws ShapeError if k is out of range
 */
export function topK(x: Tensor, k: number, axis = -1, options: { largest?: boolean } = {}): [Tensor, Tensor] {
  checkOptions("ops.topK", options, ["largest"]);
  const i = normalizeAxis("ops.topK", axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[i]!)
    throw new ShapeError({ where: "ops.topK", want: `k in 0 … ${x.shape[i]!}`, got: String(k) });
  return ordered(x, k, i, options.largest ?? true);
}

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Largest first. Default false. */
  descending?: boolean;
}

function sorted(name: string, x: Tensor, axis: number, options: SortOptions): [Tensor, Tensor] {
  checkOptions(`ops.${name}`, options, ["descending"]);
  const i = normalizeAxis(`ops.${name}`, axis, x.rank);
  return ordered(x, x.shape[i]!, i, options.descending ?? false);
}

/**
 * Entries in order along an axis (default the last). The gradient of each value goes to the entry it was; NaN has no
 * defined place.
 */
export const sort = (x: Tensor, axis = -1, options: SortOptions = {}): Tensor =>
  sorted("sort", x, axis, options)[0];

/** int32 positions that sort `x` along an axis (default the last); stable: equal entries keep their order. */
export const argsort = (x: Tensor, axis = -1, options: SortOptions = {}): Tensor =>
  sorted("argsort", x, axis, options)[1];

/** Sorted arrays up to this length are compared with every value; longer ones are searched by halving. */
const COMPARE_ALL = 32;

/**
 * Where values belong in a sorted array: how many of its entries are < v (side "left") or ≤ v ("right").
 * @param sorted ascending, [n], or [..., n] with the leading axes of `values`
 * @param options `side`, default "left"
 * @returns int32, shape of `values`, each in [0, n]
 * @throws ShapeError
 */
export function searchsorted(
  sorted: Tensor,
  values: TensorLike,
  options: { side?: "left" | "right" } = {},
): Tensor {
  checkOptions("ops.searchsorted", options, ["side"]);
  const { side = "left" } = options;
  if (side !== "left" && side !== "right")
    throw new OptionError({ where: "ops.searchsorted", want: 'side "left" or "right"', got: String(side) });
  const v = asTensor(values, sorted.dtype);
  const lead = sorted.shape.slice(0, -1);
  if (sorted.rank === 0 || (sorted.rank > 1 && !sameShape(lead, v.shape.slice(0, -1)))) {
    throw new ShapeError({
      where: "ops.searchsorted",
      want: "a sorted vector, or one for every row of the values",
      got: `${showShape(sorted.shape)} for ${showShape(v.shape)}`,
    });
  }
  const before = side === "left" ? less : lessEqual;
  const n = sorted.shape[sorted.rank - 1]!;
  if (n <= COMPARE_ALL) {
    const row = sorted.rank === 1 ? sorted : expandDims(sorted, -2);
    return sum(before(row, expandDims(v, v.rank)), -1);
  }
  let count = zeros(v.shape, { dtype: "int32" });
  for (let step = 2 ** Math.floor(Math.log2(n)); step >= 1; step /= 2) {
    const next = add(count, step);
    const at = sub(minimum(next, n), 1);
    const probe = sorted.rank === 1 ? take(sorted, at) : takeAlongAxis(sorted, at, -1);
    count = where(logicalAnd(lessEqual(next, n), before(probe, v)), next, count);
  }
  return count;
}
