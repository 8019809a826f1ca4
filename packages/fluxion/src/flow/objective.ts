import { checkOptions } from "../core/errors.js";
import { keys } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { mean } from "../ops/reduce.js";
import { independentCoupling, type Coupling, type FlowBatch } from "./coupling.js";
import { l2, type Metric } from "./metric.js";
import { interpolate, linearPath, type Path } from "./path.js";
import { convertPrediction, targetOf, type FlowModel, type Prediction } from "./prediction.js";
import { uniformTime, type TimeDistribution } from "./time.js";

/** What a flow is trained by: independent choices, each with a default. */
export interface FlowObjective {
  /** Default `linearPath()`. */
  path?: Path;
  /** What the network gives. Default "velocity". */
  prediction?: Prediction;
  /** In which quantity the metric compares. Default: that of `prediction`. */
  space?: Prediction;
  /** Default `independentCoupling()`. */
  coupling?: Coupling;
  /** Default `uniformTime()`. */
  time?: TimeDistribution;
  /** Default `l2()`. */
  metric?: Metric;
  /** Factor per example as a function of t [B]; drawing times by a density and weighting by it counts twice. Default 1. */
  weight?: (t: Tensor) => Tensor;
}

/** The names of `FlowObjective`. @internal */
export const objectiveKeys = ["path", "prediction", "space", "coupling", "time", "metric", "weight"] as const;

/** A loss as the training loop takes it: scalar, with the mean training loss of the batch. */
export type FlowLoss<P> = (params: P, batch: FlowBatch, key: Tensor) => Tensor;

/**
 * The flow-matching loss E_t E_(x0,x1) weight(t)·metric(model(x_t, t), target).
 * @returns a function (params, batch, key) → scalar; with the defaults its minimum is the paper's V
 * @throws OptionError for an unknown option
 * @source X. Liu et al., 2022, arXiv 2209.03003, eq. 1; Y. Lipman et al., 2022, arXiv 2210.02747; deviates: none
 */
export function flowLoss<P>(model: FlowModel<P>, objective: FlowObjective = {}): FlowLoss<P> {
  checkOptions("flow.flowLoss", objective, objectiveKeys);
  const { path = linearPath(), prediction = "velocity", space = prediction, weight } = objective;
  const { coupling = independentCoupling(), time = uniformTime(), metric = l2() } = objective;
  return (params, batch, key) => {
    const [pairing, times] = keys(key, 2);
    const { x0, x1, cond } = coupling(pairing, batch);
    const t = time.sample(times, x1.shape[0]!);
    const { xt } = interpolate(path, x0, x1, t);
    const out = convertPrediction(path, prediction, space, model(params, xt, t, cond), xt, t);
    const loss = metric(out, targetOf(path, space, x0, x1, t));
    return mean(weight ? mul(loss, weight(t)) : loss);
  };
}
