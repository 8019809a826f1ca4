import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { broadcastTo } from "../ops/movement.js";
import { linearPath, type Path } from "./path.js";
import { convertPrediction, type FlowModel, type Prediction } from "./prediction.js";
import type { Velocity } from "./sample.js";

/**
 * A model with its parameters and condition bound, read as a velocity.
 * @param options `cond` [B, ...]; `path` the model was trained on, default `linearPath()`; `prediction` it gives, default
 *   "velocity"
 * @throws OptionError for an unknown option
 */
export function velocityOf<P>(
  model: FlowModel<P>,
  params: P,
  options: { cond?: Tensor; path?: Path; prediction?: Prediction } = {},
): Velocity {
  checkOptions("flow.velocityOf", options, ["cond", "path", "prediction"]);
  const { cond, path = linearPath(), prediction = "velocity" } = options;
  return (x, t, tap) => {
    const time = broadcastTo(t, [x.shape[0]!]);
    return convertPrediction(path, prediction, "velocity", model(params, x, time, cond, tap), x, time);
  };
}
