import type { Tensor } from "../core/tensor.js";
import { broadcastTo } from "../ops/movement.js";
import { linearPath, type Path } from "./path.js";
import { convertPrediction, type FlowModel, type Prediction } from "./prediction.js";
import type { Velocity } from "./sample.js";

/** A model with its parameters and condition bound, read as a velocity. */
export function velocityOf<P>(
  model: FlowModel<P>,
  params: P,
  options: { cond?: Tensor; path?: Path; prediction?: Prediction } = {},
): Velocity {
  const { cond, path = linearPath(), prediction = "velocity" } = options;
  return (x, t) => {
    const time = broadcastTo(t, [x.shape[0]!]);
    return convertPrediction(path, prediction, "velocity", model(params, x, time, cond), x, time);
  };
}
