import { checkOptions, OptionError } from "../core/errors.js";
import { keys } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { onesLike, zerosLike } from "../ops/create.js";
import { slice } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { independentCoupling, type Coupling, type FlowBatch } from "./coupling.js";
import { l2, type Metric } from "./metric.js";
import { interpolate, linearPath, timeLike, type Path } from "./path.js";
import {
  convertPrediction,
  dataAndNoise,
  pointOf,
  targetOf,
  type FlowModel,
  type Prediction,
} from "./prediction.js";
import { uniformTime, type TimeDistribution } from "./time.js";

/** In which quantity a loss compares: one of the predictions, or the point at the end of the pair's span. */
export type LossSpace = Prediction | "end";

/** One part of a loss: weight(t)·metric(prediction, target) in one space. */
export interface LossTerm {
  /** In which quantity the metric compares. Default: that of the objective's `prediction`. */
  space?: LossSpace;
  /** Default `l2()`. */
  metric?: Metric;
  /** Factor per example as a function of t [B]; drawing times by a density and weighting by it counts twice. Default 1. */
  weight?: (t: Tensor) => Tensor;
}

/** What a flow is trained by: independent choices, each with a default. */
export interface FlowObjective extends LossTerm {
  /** Default `linearPath()`. */
  path?: Path;
  /** What the network gives. Default "velocity". */
  prediction?: Prediction;
  /** Default `independentCoupling()`. */
  coupling?: Coupling;
  /** Of the times within a pair's span; the span is [0, 1] unless the pairs say otherwise. Default `uniformTime()`. */
  time?: TimeDistribution;
  /** Several terms, whose sum is the loss, in place of `space`, `metric` and `weight`. */
  terms?: readonly LossTerm[];
}

/** The names of `FlowObjective`. @internal */
export const objectiveKeys = [
  ...(["path", "prediction", "coupling", "time", "terms"] as const),
  ...(["space", "metric", "weight"] as const),
];

/** A loss as the training loop takes it: scalar, with the mean training loss of the batch. */
export type FlowLoss<P> = (params: P, batch: FlowBatch, key: Tensor) => Tensor;

/**
 * The flow-matching loss E_t E_(x0,x1) Σ weight(t)·metric(model(x_t, t), target).
 * @returns a function (params, batch, key) → scalar; with the defaults its minimum is the paper's V
 * @throws OptionError for an unknown option
 * @source X. Liu et al., 2022, arXiv 2209.03003, eq. 1; Y. Lipman et al., 2022, arXiv 2210.02747; deviates: none
 */
export function flowLoss<P>(model: FlowModel<P>, objective: FlowObjective = {}): FlowLoss<P> {
  checkOptions("flow.flowLoss", objective, objectiveKeys);
  const { path = linearPath(), prediction = "velocity" } = objective;
  const { coupling = independentCoupling(), time = uniformTime() } = objective;
  const terms = termsOf(objective);
  return (params, batch, key) => {
    const [pairing, times] = keys(key, 2);
    const { x0, x1, cond, span } = coupling(pairing, batch);
    const u = time.sample(times, x1.shape[0]!);
    const [from, to] = span ? [slice(span, null, 0), slice(span, null, 1)] : [zerosLike(u), onesLike(u)];
    const t = span ? add(mul(u, sub(to, from)), from) : u;
    const { xt } = interpolate(path, x0, x1, t);
    const out = model(params, xt, t, cond);
    const compare = ({ space = prediction, metric = l2(), weight }: LossTerm): Tensor => {
      const loss = metric(...(space === "end" ? ends() : values(space)));
      return mean(weight ? mul(loss, weight(t)) : loss);
    };
    const values = (space: Prediction): [Tensor, Tensor] => [
      convertPrediction(path, prediction, space, out, xt, t),
      targetOf(path, space, x0, x1, t),
    ];
    const ends = (): [Tensor, Tensor] => {
      const end = timeLike(to, xt);
      const guess = dataAndNoise(path, prediction, out, xt, timeLike(t, xt));
      return [pointOf(path, guess, end), pointOf(path, { data: x1, noise: x0 }, end)];
    };
    return terms.map(compare).reduce((a, b) => add(a, b));
  };
}

/** @throws OptionError for terms beside a single one's settings, or none */
function termsOf({ terms, space, metric, weight }: FlowObjective): readonly LossTerm[] {
  const where = "flow.flowLoss: terms";
  const single = {
    ...(space ? { space } : {}),
    ...(metric ? { metric } : {}),
    ...(weight ? { weight } : {}),
  };
  if (!terms) return [single];
  const beside = Object.keys(single);
  if (terms.length === 0) throw new OptionError({ where, want: "at least one", got: "none" });
  if (beside.length > 0)
    throw new OptionError({
      where,
      want: "the settings in the terms",
      got: `${beside.join(", ")} beside them`,
    });
  terms.forEach((term) => checkOptions(where, term, ["space", "metric", "weight"]));
  return terms;
}
