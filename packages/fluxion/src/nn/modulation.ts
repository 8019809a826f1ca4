import type { Tensor } from "../core/tensor.js";
import { add, mul } from "../ops/arithmetic.js";
import { expandDims, split } from "../ops/movement.js";
import { layerNorm } from "../ops/normalization.js";

/** A modulation vector [B, count·D] in `count` parts [B, 1, D]: shifts, scales and gates of a block. @internal */
export const modulationParts = (m: Tensor, count: number): Tensor[] => split(expandDims(m, 1), count, -1);

/** Adaptive layer norm: normalised tokens times 1 + scale, plus shift. @internal */
export const modulate = (x: Tensor, shift: Tensor, scale: Tensor): Tensor =>
  add(mul(layerNorm(x), add(scale, 1)), shift);
