import { valueAndGrad } from "../core/autodiff.js";
import { checkOptions } from "../core/errors.js";
import { Tensor } from "../core/tensor.js";
import { globalNorm } from "../optim/clip.js";
import { applyUpdates, type Transform } from "../optim/transform.js";

/** Scalars by name that a loss or a step reports besides the loss. */
export type StepMetrics = Readonly<Record<string, Tensor>>;

/**
 * The loss of a batch: a float scalar, alone or with metrics.
 * @param key uint32 [2], another one at every step
 */
export type Loss<P, B> = (
  params: P,
  batch: B,
  key: Tensor,
) => Tensor | { readonly loss: Tensor; readonly metrics?: StepMetrics };

/** What one step is made from. */
export interface StepInput<P, S, B> {
  readonly params: P;
  readonly state: S;
  readonly batch: B;
  /** uint32 [2]: the run's key folded with the step. */
  readonly key: Tensor;
  /** Steps made before, int32 scalar. */
  readonly step: Tensor;
}

/** What one step gives; `params` and `state` keep structure, shapes and dtypes. */
export interface StepOutput<P, S> {
  readonly params: P;
  readonly state: S;
  /** Float scalar; training stops when it is not finite. */
  readonly loss: Tensor;
  readonly metrics?: StepMetrics;
}

/** One training step as a pure function, compiled by `train`. */
export type TrainStep<P, S, B> = (at: StepInput<P, S, B>) => StepOutput<P, S>;

/**
 * The usual step: gradient of the loss, the optimizer's update, and with `gradientNorm` its norm as a metric.
 * @throws OptionError
 */
export function optimizerStep<P, B, S>(
  loss: Loss<P, B>,
  optimizer: Transform<S>,
  options: { gradientNorm?: boolean } = {},
): TrainStep<P, S, B> {
  checkOptions("train.optimizerStep", options, ["gradientNorm"]);
  return ({ params, state, batch, key }) => {
    const withMetrics = (p: P): [Tensor, StepMetrics] => {
      const out = loss(p, batch, key);
      return out instanceof Tensor ? [out, {}] : [out.loss, out.metrics ?? {}];
    };
    const objective = (p: P): Tensor => withMetrics(p)[0];
    const [[value, metrics], grads] = valueAndGrad(withMetrics, { hasAux: true })(params);
    const { updates, state: next } = optimizer.update(grads, state, params, { value, objective, batch, key });
    return {
      params: applyUpdates(params, updates),
      state: next,
      loss: value,
      metrics: options.gradientNorm ? { ...metrics, gradientNorm: globalNorm(grads) } : metrics,
    };
  };
}
