import { readLocation } from "../data/assets.js";
import { annealedCoupling, independentCoupling, pairsCoupling } from "../flow/coupling.js";
import { droppedCondition } from "../flow/guidance.js";
import type { FlowObjective } from "../flow/objective.js";
import { discretePath } from "../flow/discrete-path.js";
import { pseudoHuber, scaledPseudoHuber } from "../flow/metric.js";
import type { Path } from "../flow/path.js";
import { lpipsHuber, onnxFeatures, perceptual } from "../flow/perceptual.js";
import type { Prediction } from "../flow/prediction.js";
import { ddim, euler, type Solver } from "../flow/solver.js";
import { gridTime, uniformTime, uShapedTime } from "../flow/time.js";
import { shiftedTime } from "../flow/time-shift.js";
import { timeNamed } from "../flow/times.js";
import { linearSchedule } from "../optim/schedules.js";
import { zeros } from "../ops/create.js";
import type { RunConfig } from "./config.js";
import { predictionOf } from "./network.js";

/** What `train --objective` may be. */
export const trainObjectives = ["rectified-flow", "diffusion"] as const;
/** What `reflow --objective` may be. */
export const reflowObjectives = ["rectified-flow", "rfpp", "phased", "annealed"] as const;
/** What `distil --method` may be. */
export const distilMethods = ["regression", "flow-guided", "f-distill"] as const;

/** Part of an annealed reflow over which fresh noise is mixed into the pairs. */
const annealing = 0.375;

/** Phases of `reflow --objective phased`. */
export const phases = 4;

/** What a model is, from its first training to its last: how it is read and sampled. */
export interface Form {
  /** Only of a model that is not on the straight line. */
  readonly path?: Path;
  readonly prediction: Prediction;
  /** What one step is by default. */
  readonly solver: Solver;
}

/** The form of a run's model: reflow and distillation keep that of the first training. */
export function formOf({ form, network, shape }: Pick<RunConfig, "form" | "network" | "shape">): Form {
  const prediction = predictionOf(network, shape);
  if (form !== "diffusion") return { prediction, solver: euler };
  const path = discretePath();
  return { path, prediction: prediction === "velocity" ? "v" : prediction, solver: ddim(path) };
}

/** What a run trains by. @throws FormatError, CompileError, OptionError for a bad file of features */
export async function objectiveOf(config: RunConfig): Promise<FlowObjective> {
  const objective = await lossOf(config);
  const { command, network, shift = 1, drop = 0 } = config;
  const { time: usual, ...rest } = objective;
  // Distillation chooses its times and pairs itself.
  if (command === "distil") return rest;
  const wanted = config.time === undefined ? usual : timeNamed(config.time, config.timeOptions);
  const time = shift === 1 ? wanted : shiftedTime(wanted ?? uniformTime(), shift);
  const coupling = rest.coupling ?? (command === "train" ? independentCoupling() : pairsCoupling());
  return {
    ...rest,
    ...(time ? { time } : {}),
    ...(drop > 0 ? { coupling: droppedCondition(coupling, { rate: drop, nullCond: network.classes }) } : {}),
  };
}

/** The part of the objective that `--objective` names. */
async function lossOf(config: RunConfig): Promise<FlowObjective> {
  const { path, prediction } = formOf(config);
  const form: FlowObjective = path ? { path, prediction, time: gridTime(1000) } : { prediction };
  switch (config.objective) {
    case "phased":
      return { ...form, space: "end", metric: pseudoHuber(1e-3) };
    case "annealed": {
      const beta = linearSchedule({
        init: 1,
        end: 0,
        steps: Math.max(1, Math.round(annealing * config.steps)),
      });
      return { ...form, coupling: annealedCoupling(beta) };
    }
    case "rfpp": {
      const time = uShapedTime();
      // The velocity of predicted data is divided by 1 − t, and these times are often near 1.
      const space = prediction === "data" ? "data" : "velocity";
      if (config.features === undefined) return { ...form, time, space, metric: scaledPseudoHuber() };
      const distance = perceptual(onnxFeatures(await readLocation(config.features)));
      // Traced only: images that the network cannot take are found here.
      distance(zeros([2, ...config.shape]), zeros([2, ...config.shape]));
      return { ...form, time, terms: lpipsHuber(distance) };
    }
    default:
      return form;
  }
}
