import { checkOptions, OptionError, ShapeError } from "../errors.js";
import { normalizeAxis, showShape, sizeOf, type Shape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { add, mul, sub } from "../../ops/arithmetic.js";
import { arange } from "../../ops/create.js";
import { take } from "../../ops/gather.js";
import { narrow, reshape } from "../../ops/movement.js";
import { cumsum } from "../../ops/cumulative.js";
import { argsort, searchsorted } from "../../ops/sort.js";
import { log } from "../../ops/unary.js";
import { gumbel } from "./continuous.js";
import { randint } from "./discrete.js";
import { checkCount, checkShape, keys } from "./key.js";
import { bits, uniform } from "./uniform.js";

/**
 * 0 … n−1 in random order. Sorts random words; enough rounds that equal words, which a stable sort leaves in place, make
 * a bias of at most n⁻³.
 */
function shuffledRange(key: Tensor, n: number): Tensor {
  const rounds = Math.ceil((3 * Math.log(n)) / Math.log(2 ** 32 - 1));
  let rest = key;
  let order: Tensor | undefined;
  for (let i = 0; i < rounds; i++) {
    const [next, now] = keys(rest, 2);
    const sorted = argsort(bits(now, [n]));
    order = order ? take(order, sorted) : sorted;
    rest = next;
  }
  return order ?? arange(n);
}

/**
 * A random permutation; equal to `jax.random.permutation`.
 * @param key uint32 [2]
 * @param x whole number n ≥ 1 for a permutation of 0 … n−1 (int32 [n]), or a Tensor to shuffle along an axis
 * @param axis default 0
 * @throws OptionError, ShapeError
 */
export function permutation(key: Tensor, x: number | Tensor, axis = 0): Tensor {
  if (!(x instanceof Tensor)) {
    checkCount("random.permutation", x);
    return shuffledRange(key, x);
  }
  const k = normalizeAxis("random.permutation", axis, x.rank);
  const n = x.shape[k]!;
  return n < 2 ? x : take(x, shuffledRange(key, n), k);
}

/** Options of `choice`. */
export interface ChoiceOptions {
  /** Whether an entry may be drawn more than once. Default true. */
  replace?: boolean;
  /** Weights, float [n]; need not sum to 1. Default: all equal. */
  p?: Tensor;
  /** Axis of `x` to choose along. Default 0. */
  axis?: number;
}

/** Positions drawn by weight, by inversion, or without replacement by the largest log p + Gumbel noise. */
function weighted(key: Tensor, n: number, count: number, replace: boolean, p: Tensor): Tensor {
  const dtype = p.dtype === "float64" ? "float64" : "float32";
  if (!replace)
    return narrow(argsort(add(gumbel(key, [n], { dtype }), log(p)), -1, { descending: true }), 0, 0, count);
  const total = cumsum(p, 0);
  // 1 − u lies in (0, 1], so that a first entry of weight 0 is never drawn.
  const u = sub(1, uniform(key, [count], { dtype }));
  return searchsorted(total, mul(u, narrow(total, 0, n - 1, n)));
}

/**
 * Random entries; equal to `jax.random.choice`.
 * @param key uint32 [2]
 * @param x whole number n ≥ 1 to draw from 0 … n−1, or a Tensor to draw from along an axis
 * @param shape of the draw, which takes the place of the axis; default [] (one entry)
 * @throws OptionError for more draws than entries without replacement; ShapeError for weights not [n]
 */
export function choice(
  key: Tensor,
  x: number | Tensor,
  shape: Shape = [],
  options: ChoiceOptions = {},
): Tensor {
  const where = "random.choice";
  checkOptions(where, options, ["replace", "p", "axis"]);
  checkShape(where, shape);
  const { replace = true, p } = options;
  const axis = x instanceof Tensor ? normalizeAxis(where, options.axis ?? 0, x.rank) : 0;
  const n = x instanceof Tensor ? x.shape[axis]! : x;
  checkCount(where, n);
  const count = sizeOf(shape);
  if (!replace && count > n)
    throw new OptionError({ where, want: `at most ${n} draws without replacement`, got: String(count) });
  if (p && (p.rank !== 1 || p.shape[0] !== n))
    throw new ShapeError({ where, want: `weights of shape [${n}]`, got: showShape(p.shape) });
  let index: Tensor;
  if (p) index = weighted(key, n, count, replace, p);
  else index = replace ? randint(key, [count], 0, n) : narrow(permutation(key, n), 0, 0, count);
  index = reshape(index, shape);
  return x instanceof Tensor ? take(x, index, axis) : index;
}
