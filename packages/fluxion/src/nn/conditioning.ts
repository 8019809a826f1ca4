import { OptionError } from "../core/errors.js";
import { foldIn } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add } from "../ops/arithmetic.js";
import { embedding, sinusoidal } from "./embedding.js";
import type { LinearParams } from "./linear.js";
import { mlp } from "./mlp.js";
import type { Model } from "./model.js";

/** Parameters of `conditioning`. */
export type ConditioningParams = { time: { layers: LinearParams[] }; classes?: { table: Tensor } };

/**
 * The vector that tells a network the time and, if there are classes, the class: MLP(sinusoidal(t)) + table[class].
 * @param features sinusoidal features of t, an even number
 * @param size D of the vector
 * @param classes K: the condition is int [B] in 0 … K, where K means "no class"; undefined: no condition
 * @returns a model (params, t [B], cond? int [B]) → [B, D], which throws OptionError for a condition too few or too many
 * @internal
 */
export function conditioning(
  where: string,
  features: number,
  size: number,
  classes: number | undefined,
): Model<ConditioningParams, [t: Tensor, cond: Tensor | undefined]> {
  const time = mlp({ inputs: features, hidden: [size], outputs: size });
  const table = classes === undefined ? undefined : embedding(classes, size, { nullClass: true });
  return {
    init: (key) => ({
      time: time.init(foldIn(key, 1)),
      ...(table ? { classes: table.init(foldIn(key, 2)) } : {}),
    }),
    apply(params, t, cond) {
      if ((cond === undefined) !== (table === undefined)) {
        const want = table ? "a class for every example" : "no condition";
        throw new OptionError({ where, want, got: cond ? String(cond) : "none" });
      }
      const moment = time.apply(params.time, sinusoidal(t, features));
      return table && cond ? add(moment, table.apply(params.classes!, cond)) : moment;
    },
  };
}
