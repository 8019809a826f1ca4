import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { ones, zeros } from "../ops/create.js";
import * as ops from "../ops/normalization.js";
import type { Model } from "./model.js";
import { checkSizes } from "./sizes.js";

/** Scale and bias of a normalisation, [D] or [C] each. */
export type NormParams = { scale: Tensor; bias: Tensor };

const affine = (size: number) => (): NormParams => ({ scale: ones([size]), bias: zeros([size]) });

function check(where: string, sizes: Readonly<Record<string, number>>, options: ops.NormOptions): void {
  checkOptions(where, options, ["epsilon"]);
  checkSizes(where, sizes);
}

/**
 * Layer normalisation over the last axis with learned scale and bias: [..., D] → [..., D].
 * @throws OptionError
 */
export function layerNorm(size: number, options: ops.NormOptions = {}): Model<NormParams> {
  check("nn.layerNorm", { size }, options);
  return { init: affine(size), apply: (params, x) => ops.layerNorm(x, params, options) };
}

/**
 * Root-mean-square normalisation over the last axis with a learned scale: [..., D] → [..., D].
 * @throws OptionError
 */
export function rmsNorm(size: number, options: ops.NormOptions = {}): Model<{ scale: Tensor }> {
  check("nn.rmsNorm", { size }, options);
  return {
    init: () => ({ scale: ones([size]) }),
    apply: (params, x) => ops.rmsNorm(x, params, options),
  };
}

/**
 * Group normalisation with learned scale and bias: [B, C, ...] → [B, C, ...].
 * @throws OptionError unless `groups` divides `channels`
 */
export function groupNorm(
  groups: number,
  channels: number,
  options: ops.NormOptions = {},
): Model<NormParams> {
  const where = "nn.groupNorm";
  check(where, { groups, channels }, options);
  if (channels % groups)
    throw new OptionError({ where, want: `channels divisible by ${groups} groups`, got: String(channels) });
  return {
    init: affine(channels),
    apply: (params, x) => ops.groupNorm(x, groups, params, options),
  };
}
