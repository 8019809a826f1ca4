import { checkOptions } from "../core/errors.js";
import { split } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { slice } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { independentCoupling, type Coupling, type FlowBatch } from "./coupling.js";
import { l2, type Metric } from "./metric.js";
import { interpolate, linearPath, type Path } from "./path.js";
import { targetOf, type FlowModel, type Prediction } from "./prediction.js";
import { uniformTime, type TimeDistribution } from "./time.js";

/** What a flow is trained by: independent choices, each with a default. */
export interface FlowObjective {
  /** Default `linearPath()`. */
  path?: Path;
  /** What the network gives. Default "velocity". */
  prediction?: Prediction;
  /** Default `independentCoupling()`. */
  coupling?: Coupling;
  /** Default `uniformTime()`. */
  time?: TimeDistribution;
  /** Default `l2()`. */
  metric?: Metric;
  /** Factor per example as a function of t [B]. Default 1. */
  weight?: (t: Tensor) => Tensor;
}

/**
 * The flow-matching loss E_t E_(x0,x1) metric(model(x_t, t), target).
 * @returns a function (params, batch, key) → scalar for the training loop
 * @source X. Liu et al., 2022, arXiv 2209.03003, eq. 1; Y. Lipman et al., 2022, arXiv 2210.02747; deviates: none
 */
export function flowLoss<P>(
  model: FlowModel<P>,
  objective: FlowObjective = {},
): (params: P, batch: FlowBatch, key: Tensor) => Tensor {
  checkOptions("flow.flowLoss", objective, ["path", "prediction", "coupling", "time", "metric", "weight"]);
  const { path = linearPath(), prediction = "velocity", weight } = objective;
  const { coupling = independentCoupling(), time = uniformTime(), metric = l2() } = objective;
  return (params, batch, key) => {
    const keys = split(key, 2);
    const { x0, x1, cond } = coupling(slice(keys, 0), batch);
    const t = time.sample(slice(keys, 1), x1.shape[0]!);
    const { xt } = interpolate(path, x0, x1, t);
    const loss = metric(model(params, xt, t, cond), targetOf(path, prediction, x0, x1, t));
    return mean(weight ? mul(loss, weight(t)) : loss);
  };
}
