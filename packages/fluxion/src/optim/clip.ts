import { isFloat } from "../core/dtypes.js";
import { OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import { add, div, maximum, mul, square } from "../ops/arithmetic.js";
import { cast, clip } from "../ops/compare.js";
import { sum } from "../ops/reduce.js";
import { sqrt } from "../ops/unary.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import type { Transform } from "./transform.js";

/**
 * Euclidean norm of all float leaves taken together: √Σ x².
 * @returns scalar, float64 if a leaf is, else float32
 * @throws OptionError if no leaf is a float
 */
export function globalNorm(tree: unknown): Tensor {
  const squares = treeLeaves(tree)
    .filter((t) => isFloat(t.dtype))
    .map((t) => sum(square(t.dtype === "float16" ? cast(t, "float32") : t)));
  if (squares.length === 0)
    throw new OptionError({ where: "optim.globalNorm", want: "a tree with float leaves", got: "none" });
  return sqrt(squares.reduce(add));
}

/**
 * Shrinks updates to a global norm of at most `maxNorm`: g·maxNorm / max(‖g‖, maxNorm).
 * @param maxNorm number in (0, ∞)
 * @throws OptionError
 * @source Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013, arXiv:1211.5063,
 *   algorithm 1; deviates: none
 */
export function clipByGlobalNorm(maxNorm: number): Transform {
  checkRange("optim.clipByGlobalNorm", "maxNorm", maxNorm, "(0, ∞)");
  return {
    init: () => ({}),
    update(grads, state) {
      const factor = div(maxNorm, maximum(globalNorm(grads), maxNorm));
      const as = perDtype((dtype) => cast(factor, dtype));
      const [updates] = mapLeaves("optim.clipByGlobalNorm", grads, [], (g) => [mul(g, as(g.dtype))]);
      return { updates, state };
    },
  };
}

/** Holds every element of the updates within [−bound, bound]. @throws OptionError unless bound is in (0, ∞) */
export function clipByValue(bound: number): Transform {
  checkRange("optim.clipByValue", "bound", bound, "(0, ∞)");
  return {
    init: () => ({}),
    update(grads, state) {
      const [updates] = mapLeaves("optim.clipByValue", grads, [], (g) => [clip(g, -bound, bound)]);
      return { updates, state };
    },
  };
}
