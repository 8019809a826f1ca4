import { checkOptions, OptionError } from "../core/errors.js";
import { keys as splitKeys, uniform } from "../core/random/index.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add, mul } from "../ops/arithmetic.js";
import { cast, less, where as select } from "../ops/compare.js";
import { broadcastTo, reshape } from "../ops/movement.js";
import type { Coupling } from "./coupling.js";
import type { FlowModel } from "./prediction.js";

/** What stands for "no condition": the same number in every element (a class beyond the last, a padding token), or one row. */
export type NullCondition = number | Tensor;

/** `nullCond` for every row of `cond` [B, ...]. @throws OptionError for one of another shape @internal */
export function nullLike(where: string, nullCond: NullCondition, cond: Tensor): Tensor {
  const row = typeof nullCond === "number" ? constant(nullCond, cond.dtype) : cast(nullCond, cond.dtype);
  const fits = row.rank === 0 || row.shape.join() === cond.shape.slice(1).join();
  if (!fits) {
    const want = `nullCond a number or [${cond.shape.slice(1).join(", ")}]`;
    throw new OptionError({ where, want, got: `[${row.shape.join(", ")}]` });
  }
  return broadcastTo(row, cond.shape);
}

/** Options of `classifierFreeGuidance`. */
export interface GuidanceOptions {
  /** α, any number: 1 is the conditional model, 0 the unconditional one, above 1 exaggerates the condition. */
  scale: number;
  nullCond: NullCondition;
}

/**
 * A conditional model under guidance, α·v(x, t | c) + (1 − α)·v(x, t | ∅): a model again. At α = 0 and 1 it calls the
 * model once, else twice. Linear in the prediction, so it holds for velocity, noise and data alike.
 * @returns a model that needs a condition [B, ...]
 * @throws OptionError for a scale that is no number, a call without a condition, a null condition of another shape
 * @source J. Ho, T. Salimans, 2022, arXiv 2207.12598, eq. 6; X. Liu et al., 2023, arXiv 2309.06380, §3; deviates: α is
 *   1 + w of the former
 */
export function classifierFreeGuidance<P>(model: FlowModel<P>, options: GuidanceOptions): FlowModel<P> {
  const where = "flow.classifierFreeGuidance";
  checkOptions(where, options, ["scale", "nullCond"]);
  const { scale, nullCond } = options;
  if (!Number.isFinite(scale))
    throw new OptionError({ where, want: "scale a finite number", got: String(scale) });
  return (params, x, t, cond, tap) => {
    if (!cond) throw new OptionError({ where, want: "a condition for every example", got: "none" });
    const without = (): Tensor => model(params, x, t, nullLike(where, nullCond, cond), tap);
    if (scale === 1) return model(params, x, t, cond, tap);
    if (scale === 0) return without();
    return add(mul(model(params, x, t, cond, tap), scale), mul(without(), 1 - scale));
  };
}

/** Options of `droppedCondition`. */
export interface DroppedConditionOptions {
  /** Probability that an example loses its condition, in [0, 1]. */
  rate: number;
  nullCond: NullCondition;
}

/**
 * A coupling whose examples lose their condition now and then, so that one model learns the conditional and the
 * unconditional flow that guidance needs.
 * @throws OptionError; batches without a condition throw
 * @source J. Ho, T. Salimans, 2022, arXiv 2207.12598, Algorithm 1; deviates: none
 */
export function droppedCondition(coupling: Coupling, options: DroppedConditionOptions): Coupling {
  const where = "flow.droppedCondition";
  checkOptions(where, options, ["rate", "nullCond"]);
  const { rate, nullCond } = options;
  if (!(rate >= 0 && rate <= 1)) throw new OptionError({ where, want: "rate in [0, 1]", got: String(rate) });
  return (key, batch) => {
    const [pairing, dropping] = splitKeys(key, 2);
    const coupled = coupling(pairing, batch);
    const { cond } = coupled;
    if (!cond) throw new OptionError({ where, want: "batches with a condition", got: "none" });
    const rows = [cond.shape[0]!, ...cond.shape.slice(1).map(() => 1)];
    const drop = reshape(less(uniform(dropping, [cond.shape[0]!]), rate), rows);
    return { ...coupled, cond: select(drop, nullLike(where, nullCond, cond), cond) };
  };
}
