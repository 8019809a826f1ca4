import { checkOptions } from "../core/errors.js";
import { sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { foldIn } from "../core/random/index.js";
import { embedding } from "../nn/embedding.js";
import type { LinearParams } from "../nn/linear.js";
import { mlp } from "../nn/mlp.js";
import type { Model } from "../nn/model.js";
import { add } from "../ops/arithmetic.js";
import { concat, expandDims, flatten, squeeze } from "../ops/movement.js";

/** Parameters of `flowDiscriminator`. */
export type FlowDiscriminatorParams = { layers: LinearParams[]; classes?: { table: Tensor } };

/** Options of `flowDiscriminator`. */
export interface FlowDiscriminatorOptions {
  /** Shape of one example without the batch axis. */
  shape: Shape;
  /** Units of each of two hidden layers. Default 128. */
  width?: number;
  /** Number of classes, if the flow has any; index `classes` is "no class". Default 0. */
  classes?: number;
}

/**
 * A small discriminator of noised examples: one logit from x, t and the class, positive for real.
 * @returns a model (params, x [B, ...], t [B], cond?) → [B]
 * @throws OptionError
 */
export function flowDiscriminator(
  options: FlowDiscriminatorOptions,
): Model<FlowDiscriminatorParams, [x: Tensor, t: Tensor, cond?: Tensor]> {
  checkOptions("flow.flowDiscriminator", options, ["shape", "width", "classes"]);
  const { shape, width = 128, classes = 0 } = options;
  const size = sizeOf(shape);
  const net = mlp({ inputs: size + 1, hidden: [width, width], outputs: 1 });
  const table = classes > 0 ? embedding(classes, size, { nullClass: true, std: 0.1 }) : undefined;
  return {
    init: (key) => ({ ...net.init(key), ...(table ? { classes: table.init(foldIn(key, 99)) } : {}) }),
    apply(params, x, t, cond) {
      const flat = flatten(x, 1);
      const seen = table && cond ? add(flat, table.apply(params.classes!, cond)) : flat;
      return squeeze(net.apply({ layers: params.layers }, concat([seen, expandDims(t, 1)], 1)), 1);
    },
  };
}
