import { TreeError } from "../core/errors.js";
import { normal, permutation } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { take } from "../ops/indexing.js";

/** A batch of data, with sources if they are stored with it (pairs), and conditions if there are any. */
export type FlowBatch = { x1: Tensor; x0?: Tensor; cond?: Tensor };

/** A batch in which every datum has its source. */
export type CoupledBatch = FlowBatch & { x0: Tensor };

/** How data meet sources: a pure function of a key and a batch, run inside the training step. */
export type Coupling = (key: Tensor, batch: FlowBatch) => CoupledBatch;

/** A source distribution: a sample of the shape of `like`. */
export type Source = (key: Tensor, like: Tensor) => Tensor;

/** N(0, scale²·I). @param scale standard deviation, default 1 */
export const gaussianSource =
  (scale = 1): Source =>
  (key, like) => {
    const z = normal(key, like.shape);
    return scale === 1 ? z : mul(z, scale);
  };

/** Every datum with a fresh, independent source. Stored sources are ignored. */
export const independentCoupling =
  (source: Source = gaussianSource()): Coupling =>
  (key, batch) => ({ ...batch, x0: source(key, batch.x1) });

const stored = (batch: FlowBatch): Tensor => {
  if (!batch.x0)
    throw new TreeError({ where: "flow: coupling", want: "batches with stored sources x0", got: "x1 only" });
  return batch.x0;
};

/** The stored pairs as they are: what reflow and distillation train on. @throws TreeError without stored sources */
export const pairsCoupling = (): Coupling => (_, batch) => ({ ...batch, x0: stored(batch) });

/** Stored sources dealt out anew within the batch: the control that shows what pairing is worth. */
export const shuffledCoupling = (): Coupling => (key, batch) => {
  const x0 = stored(batch);
  return { ...batch, x0: take(x0, permutation(key, x0.shape[0]!), 0) };
};
