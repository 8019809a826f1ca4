import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { ones, zeros } from "../ops/create.js";
import type { NormOptions } from "../ops/normalization.js";
import { reshape } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { variance } from "../ops/statistics.js";
import { sqrt } from "../ops/unary.js";
import type { Model } from "./model.js";
import type { NormParams } from "./norm.js";
import { checkSizes } from "./sizes.js";

/** Mean and variance of every channel, [C] each. */
export type ChannelStatistics = { mean: Tensor; variance: Tensor };

/** All axes of [B, C, ...] but the channels'. */
const others = (x: Tensor): number[] => x.shape.map((_, i) => i).filter((i) => i !== 1);

/**
 * Mean and variance (over n, not n − 1) of every channel of a batch.
 * @param x float [B, C, ...]
 */
export const channelStatistics = (x: Tensor): ChannelStatistics => ({
  mean: mean(x, others(x)),
  variance: variance(x, others(x)),
});

/**
 * Batch normalisation with learned scale and bias: [B, C, ...] → [B, C, ...]. With the batch's own statistics, for
 * training; with given ones where the answer for one example must not depend on the others. It keeps no running average:
 * take `channelStatistics` of the layer's input over many examples once training has ended, which is exact.
 * @throws OptionError
 * @source S. Ioffe, C. Szegedy, 2015, arXiv 1502.03167, algorithm 1; deviates: no running average
 */
export function batchNorm(
  channels: number,
  options: NormOptions = {},
): Model<NormParams, [x: Tensor, statistics?: ChannelStatistics]> {
  checkOptions("nn.batchNorm", options, ["epsilon"]);
  checkSizes("nn.batchNorm", { channels });
  const { epsilon = 1e-5 } = options;
  return {
    init: () => ({ scale: ones([channels]), bias: zeros([channels]) }),
    apply: ({ scale, bias }, x, given) => {
      const { mean: centre, variance: spread } = given ?? channelStatistics(x);
      const along = (v: Tensor): Tensor => reshape(v, [channels, ...x.shape.slice(2).map(() => 1)]);
      const factor = div(scale, sqrt(add(spread, epsilon)));
      return add(mul(sub(x, along(centre)), along(factor)), along(bias));
    },
  };
}
