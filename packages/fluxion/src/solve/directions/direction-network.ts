import { checkOptions, OptionError } from "../../core/errors.js";
import { keys } from "../../core/random/index.js";
import type { Tensor } from "../../core/tensor.js";
import { conv, type ConvParams } from "../../nn/conv.js";
import { glorotUniform } from "../../nn/initializers.js";
import type { Model } from "../../nn/model.js";
import { checkSizes } from "../../nn/sizes.js";
import { relu } from "../../ops/activation.js";
import { add } from "../../ops/arithmetic.js";
import { avgPool } from "../../ops/average-pool.js";
import { resize } from "../../ops/resize.js";

/** Options of `directionNetwork`. */
export interface DirectionNetworkOptions {
  /** Axes of the grid. Default 2. */
  dims?: 2 | 3;
  /** Channels of every layer. Default 8 in the plane, 16 in space. */
  channels?: number;
}

/** Parameters of `directionNetwork`: fifteen convolutions and a linear map of the channels. */
export type DirectionNetworkParams = { layers: ConvParams[]; output: ConvParams };

/**
 * The network that proposes directions: convolutions of 3 cells with relu and residual pairs R(h) = relu(W·relu(V·h)) + h
 * on the grid, three pairs on the grid of half the size (average pooling, nearest upsampling, skip), two pairs again,
 * one output. No normalisation, and no activation on first and last layer. 8,265 parameters for 8 channels in the
 * plane, 97,457 for 16 in space.
 * @returns a model (params, r [B, 1, ...grid]) → [B, 1, ...grid]; the sides of the grid are even
 * @throws OptionError
 * @source Kaneda et al., 2022, arXiv 2205.10763, §4 and authors' code (the network for 64³); deviates: also in the plane
 */
export function directionNetwork(options: DirectionNetworkOptions = {}): Model<DirectionNetworkParams> {
  const where = "solve.directionNetwork";
  checkOptions(where, options, ["dims", "channels"]);
  const { dims = 2, channels = dims === 3 ? 16 : 8 } = options;
  if (dims !== 2 && dims !== 3) throw new OptionError({ where, want: "dims 2 or 3", got: String(dims) });
  checkSizes(where, { channels });
  const init = glorotUniform;
  const layers = Array.from({ length: 15 }, (_, i) => conv(i === 0 ? 1 : channels, channels, { dims, init }));
  const output = conv(channels, 1, { dims, kernel: 1, init });
  return {
    init(key) {
      const all = keys(key, 16);
      return { layers: layers.map((layer, i) => layer.init(all[i]!)), output: output.init(all[15]) };
    },
    apply(params, r) {
      const sides = r.shape.slice(2);
      if (sides.length !== dims || sides.some((n) => n % 2 !== 0))
        throw new OptionError({ where, want: `a grid of ${dims} even sides`, got: `[${sides.join(", ")}]` });
      let next = 0;
      const plain = (x: Tensor): Tensor => layers[next]!.apply(params.layers[next++]!, x);
      const active = (x: Tensor): Tensor => relu(plain(x));
      const pair = (x: Tensor): Tensor => add(active(active(x)), x);
      const skip = active(pair(active(plain(r))));
      const coarse = pair(pair(pair(avgPool(skip, 2))));
      const fine = pair(pair(add(resize(coarse, sides), skip)));
      return output.apply(params.output, fine);
    },
  };
}
