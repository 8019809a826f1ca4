import { isFloat, type DType } from "../core/dtypes.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import { maximum, minimum } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { concat, reshape, slice } from "../ops/movement.js";
import { topK } from "../ops/sort.js";
import { abs, neg } from "../ops/unary.js";
import { adamKeys, adamMoments, type AdamOptions } from "./adam.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import { sgd, sgdKeys, type SgdOptions } from "./sgd.js";
import { chain, type Transform } from "./transform.js";

/**
 * The size that a fraction of all coordinates exceed: with |x| of all float leaves taken together, N of them, and sorted
 * from the largest, the one at place ⌊fraction·N⌋ (from 0).
 * @param fraction in [0, 1); 0 gives the largest
 * @returns scalar, float64 if a leaf is, else float32
 * @throws OptionError
 * @source Pan, Li, "Toward understanding why Adam converges faster than SGD for transformers", 2023, arXiv:2306.00204,
 *   section 4; deviates: none
 */
export function topFractionThreshold(tree: unknown, fraction: number): Tensor {
  const where = "optim.topFractionThreshold";
  checkRange(where, "fraction", fraction, "[0, 1)");
  const leaves = treeLeaves(tree).filter((t) => isFloat(t.dtype));
  if (leaves.length === 0) throw new OptionError({ where, want: "a tree with float leaves", got: "none" });
  const dtype: DType = leaves.some((t) => t.dtype === "float64") ? "float64" : "float32";
  const sizes = concat(
    leaves.map((t) => reshape(abs(cast(t, dtype)), [t.size])),
    0,
  );
  const place = Math.floor(fraction * sizes.size);
  const [largest] = topK(sizes, place + 1);
  return slice(largest, place);
}

/**
 * Clips the largest coordinates of all leaves together to the size of the next: those ⌊fraction·N⌋ become
 * sign(g)·threshold, the others stay.
 * @param fraction in [0, 1): of all coordinates; 0 changes nothing
 * @throws OptionError
 * @source Pan, Li, "Toward understanding why Adam converges faster than SGD for transformers", 2023, arXiv:2306.00204,
 *   section 4 (coordinate-wise clipping); deviates: none
 */
export function clipTopFraction(fraction: number): Transform {
  checkRange("optim.clipTopFraction", "fraction", fraction, "[0, 1)");
  return { init: () => ({}), update: (grads, state) => ({ updates: clipTop(grads, fraction), state }) };
}

function clipTop<P>(tree: P, fraction: number): P {
  if (fraction === 0) return tree;
  const threshold = topFractionThreshold(tree, fraction);
  const as = perDtype((dtype) => cast(threshold, dtype));
  const [clipped] = mapLeaves("optim.clipTopFraction", tree, [], (g) => [
    maximum(minimum(g, as(g.dtype)), neg(as(g.dtype))),
  ]);
  return clipped;
}

/** Options of `sgdClip`. */
export interface SgdClipOptions extends SgdOptions {
  /** Part of all coordinates that is clipped, in [0, 1); default 0.1. */
  fraction?: number;
}

/**
 * SGD on gradients whose largest coordinates are clipped, with momentum 0.9 unless given.
 * @throws OptionError
 * @source as `clipTopFraction`; deviates: none (the authors' published optimizers clip only with `foreach=True`)
 */
export function sgdClip(options: SgdClipOptions = {}): Transform {
  const where = "optim.sgdClip";
  checkOptions(where, options, [...sgdKeys, "fraction"]);
  const { fraction = 0.1, ...rest } = options;
  checkRange(where, "fraction", fraction, "[0, 1)");
  return chain(clipTopFraction(fraction), sgd({ momentum: 0.9, ...rest }));
}

/** Options of `adamClip`. */
export interface AdamClipOptions extends AdamOptions {
  /** Part of all coordinates that is clipped, in [0, 1); default 0.5. */
  fraction?: number;
}

/**
 * Adam whose first moment is of gradients with their largest coordinates clipped. The second moment is of the gradients
 * as they are: clipped there, too, the effect would cancel.
 * @throws OptionError
 * @source as `clipTopFraction`; deviates: none
 */
export function adamClip(options: AdamClipOptions = {}): Transform {
  const where = "optim.adamClip";
  checkOptions(where, options, [...adamKeys, "learningRate", "fraction"]);
  const { fraction = 0.5, learningRate = 1e-3, ...moments } = options;
  checkRange(where, "fraction", fraction, "[0, 1)");
  const clipped = adamMoments(where, moments, (grads) => clipTop(grads, fraction));
  return chain(clipped, scaleByLearningRate(learningRate));
}
