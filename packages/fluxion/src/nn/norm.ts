import type { Tensor } from "../core/tensor.js";
import { ones, zeros } from "../ops/create.js";
import * as ops from "../ops/normalization.js";
import type { Model } from "./model.js";

/** Scale and bias of a normalisation, [D] or [C] each. */
export type NormParams = { scale: Tensor; bias: Tensor };

const affine = (size: number) => (): NormParams => ({ scale: ones([size]), bias: zeros([size]) });

/** Layer normalisation over the last axis with learned scale and bias: [..., D] → [..., D]. */
export const layerNorm = (size: number, options: ops.NormOptions = {}): Model<NormParams> => ({
  init: affine(size),
  apply: (params, x) => ops.layerNorm(x, params, options),
});

/** Root-mean-square normalisation over the last axis with a learned scale: [..., D] → [..., D]. */
export const rmsNorm = (size: number, options: ops.NormOptions = {}): Model<{ scale: Tensor }> => ({
  init: () => ({ scale: ones([size]) }),
  apply: (params, x) => ops.rmsNorm(x, params, options),
});

/** Group normalisation with learned scale and bias: [B, C, ...] → [B, C, ...]. `groups` divides `channels`. */
export const groupNorm = (
  groups: number,
  channels: number,
  options: ops.NormOptions = {},
): Model<NormParams> => ({
  init: affine(channels),
  apply: (params, x) => ops.groupNorm(x, groups, params, options),
});
