import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError, TreeError } from "../core/errors.js";
import { bernoulli, keys, normal, permutation } from "../core/random/index.js";
import { sameShape, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import type { Schedule } from "../optim/schedules.js";
import { add, mul, square, sub } from "../ops/arithmetic.js";
import { cast, where as choose } from "../ops/compare.js";
import { take } from "../ops/gather.js";
import { flip } from "../ops/movement.js";
import { sqrt } from "../ops/unary.js";

/** A batch of a flow's training. */
export type FlowBatch = {
  /** Data [B, ...]. */
  x1: Tensor;
  /** Sources stored with the data (pairs), as x1. */
  x0?: Tensor;
  /** Conditions [B, ...]. */
  cond?: Tensor;
  /** The interval of times [B, 2] that a pair stands for; default [0, 1]. */
  span?: Tensor;
  /** Steps made before, int32 scalar; `trainFlow` and its kin give it. */
  step?: Tensor;
};

/** A batch in which every datum has its source. */
export type CoupledBatch = FlowBatch & { x0: Tensor };

/** How data meet sources: a pure function of a key and a batch, run inside the training step. */
export type Coupling = (key: Tensor, batch: FlowBatch) => CoupledBatch;

/** A source distribution: a sample of the shape of `like`. */
export type Source = (key: Tensor, like: Tensor) => Tensor;

/**
 * N(0, scale²·I).
 * @param scale standard deviation > 0, default 1
 * @throws OptionError
 */
export function gaussianSource(scale = 1): Source {
  if (!(scale > 0 && scale < Infinity)) {
    throw new OptionError({ where: "flow.gaussianSource", want: "scale > 0", got: String(scale) });
  }
  return (key, like) => {
    const z = normal(key, like.shape, { dtype: like.dtype === "float64" ? "float64" : "float32" });
    return scale === 1 ? z : mul(z, scale);
  };
}

/** Every datum with a fresh, independent source. Stored sources are ignored. */
export const independentCoupling =
  (source: Source = gaussianSource()): Coupling =>
  (key, batch) => ({ ...batch, x0: source(key, batch.x1) });

function stored({ x0, x1 }: FlowBatch): Tensor {
  const where = "flow: coupling";
  if (!x0) throw new TreeError({ where, want: "batches with stored sources x0", got: "x1 only" });
  if (!sameShape(x0.shape, x1.shape) || !isFloat(x0.dtype)) {
    throw new ShapeError({ where, want: `float sources ${showShape(x1.shape)}`, got: String(x0) });
  }
  return x0;
}

/** The stored pairs as they are: what reflow and distillation train on. @throws TreeError without stored sources */
export const pairsCoupling = (): Coupling => (_, batch) => ({ ...batch, x0: stored(batch) });

/**
 * Stored sources dealt out anew within the batch: independent coupling of two data sets, and the control that shows
 * what pairing is worth.
 * @throws TreeError without stored sources
 */
export const shuffledCoupling = (): Coupling => (key, batch) => {
  const x0 = stored(batch);
  return { ...batch, x0: take(x0, permutation(key, x0.shape[0]!), 0) };
};

/**
 * Stored sources mixed with fresh ones, √(1 − beta²)·x0 + beta·z: at beta = 1 the pairs are independent, at 0 they are
 * as stored. The sources stay N(0, I) all the way.
 * @param beta in [0, 1] as a function of the step, e.g. `linearSchedule({ init: 1, end: 0, steps })`
 * @throws TreeError without stored sources, or without the step in the batch
 * @source Y. Zhu et al., 2024, arXiv 2407.12718 (annealing reflow); deviates: none
 */
export const annealedCoupling =
  (beta: Schedule, source: Source = gaussianSource()): Coupling =>
  (key, batch) => {
    const x0 = stored(batch);
    if (!batch.step)
      throw new TreeError({ where: "flow: coupling", want: "batches with a step", got: "none" });
    const b = cast(beta(batch.step), x0.dtype);
    return { ...batch, x0: add(mul(x0, sqrt(sub(1, square(b)))), mul(source(key, x0), b)) };
  };

/**
 * A coupling whose examples are mirrored now and then, source, data and all: one coin an example, so that a pair stays a
 * pair. For models that treat mirrored images alike.
 * @param options `axis` that is reversed, default −1 (left and right); `rate` in [0, 1], default ½
 * @throws OptionError
 * @source Y. Zhu et al., 2024, arXiv 2407.12718 (pairs and their flips); deviates: a coin an example, where the
 *   official code has one a batch
 */
export function mirroredCoupling(
  coupling: Coupling,
  options: { axis?: number; rate?: number } = {},
): Coupling {
  const where = "flow.mirroredCoupling";
  checkOptions(where, options, ["axis", "rate"]);
  const { axis = -1, rate = 0.5 } = options;
  if (!(rate >= 0 && rate <= 1)) throw new OptionError({ where, want: "rate in [0, 1]", got: String(rate) });
  return (key, batch) => {
    const [pairing, tossing] = keys(key, 2);
    const coupled = coupling(pairing, batch);
    const { x0, x1 } = coupled;
    const coin = bernoulli(tossing, rate, [x1.shape[0]!, ...x1.shape.slice(1).map(() => 1)]);
    const mirror = (x: Tensor): Tensor => choose(coin, flip(x, axis), x);
    return { ...coupled, x0: mirror(x0), x1: mirror(x1) };
  };
}
