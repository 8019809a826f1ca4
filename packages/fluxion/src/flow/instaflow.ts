import { checkOptions, OptionError } from "../core/errors.js";
import { treeMap } from "../core/tree.js";
import type { Tensor } from "../core/tensor.js";
import type { ArrayData } from "../data/array-data.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import type { TrainResult } from "../train/train.js";
import type { Shape } from "../core/shape.js";
import { pairsCoupling } from "./coupling.js";
import { distil, reflow, type FitOptions } from "./fit.js";
import type { FlowPairs } from "./flow-data.js";
import { classifierFreeGuidance, droppedCondition, type NullCondition } from "./guidance.js";
import type { Metric } from "./metric.js";
import { generatePairs } from "./pairs.js";
import type { Prediction } from "./prediction.js";
import type { Solver } from "./solver.js";

/** One stage of `instaflow`. */
interface Stage {
  /** Optimizer steps. */
  steps: number;
  /** α of the guidance that the stage's pairs are drawn with. */
  guidance?: number;
}

/** What all stages share: training settings that are not the stages' own. */
type Shared<P> = Omit<FitOptions<P>, "params" | "steps" | "optimizer" | "checkpoint" | "resume">;

/** Options of `instaflow`. */
export interface InstaflowOptions<P> extends Shared<P> {
  /** What the model gives, in all stages. Default "velocity". */
  prediction?: Prediction;
  /** A conditional flow on the straight path: its raw parameters to go on from, its average to draw pairs with. */
  teacher: { params: P; ema?: P | undefined };
  /** Draws `n` conditions [n, ...]; other seeds give others. */
  conditions: (n: number, seed: number) => ArrayData;
  /** What stands for "no condition". */
  nullCond: NullCondition;
  /** Shape of one example without the batch axis. */
  shape: Shape;
  /** Pairs of each of both sets. */
  pairs: number;
  /** Steps of the solver that draws pairs. Default 25. */
  pairSteps?: number;
  /** Default `euler`. */
  solver?: Solver;
  /** Text-conditioned reflow: `guidance` default 2, `dropRate` the part of the examples without condition, default 0.1. */
  reflow: Stage & { dropRate?: number };
  /** Distillation: `guidance` default 1.5, `metric` default `l2()`. */
  distil: Stage & { metric?: Metric };
  /** The optimizer of a stage with that many steps. Default: Adam at 1e-3, for distillation 5e-4. */
  optimizer?: (stage: "reflow" | "distil", steps: number) => NonNullable<FitOptions<P>["optimizer"]>;
  /** Called as stages begin. */
  onStage?: (stage: "pairs" | "reflow" | "new pairs" | "distil") => void;
}

/** What `instaflow` gives. */
export interface InstaflowResult<P> {
  /** Pairs of the guided teacher. */
  readonly teacherPairs: FlowPairs;
  /** The straightened flow. */
  readonly second: TrainResult<P>;
  /** Pairs of the guided straightened flow. */
  readonly pairs: FlowPairs;
  /** The one-step model: x = z + v(z, 0 | c), without guidance. */
  readonly student: TrainResult<P>;
}

/**
 * A one-step conditional sampler by supervised learning: pairs of the guided teacher, reflow on them, new pairs of the
 * guided second flow, and distillation of that into one step. Reflow changes which noise goes with which sample so that
 * a network can follow in one step; distillation then keeps the coupling.
 * @returns the student with what led to it; stops early where a training did, so look at their `status`
 * @throws OptionError, ShapeError; the signal's reason if it aborts while pairs are drawn
 * @source X. Liu et al., 2023, arXiv 2309.06380, §3, Algorithm 1; deviates: both stages share the networks' form (no
 *   stacked U-Net)
 */
export async function instaflow<P>(options: InstaflowOptions<P>): Promise<InstaflowResult<P>> {
  const { teacher, conditions, nullCond, shape, pairs: n, pairSteps = 25, solver, ...others } = options;
  const { reflow: straighten, distil: last, optimizer, onStage, prediction = "velocity", ...fit } = others;
  const { seed = 0, model, signal, threads, device } = fit;
  const where = "flow.instaflow";
  checkOptions(`${where}: reflow`, straighten, ["steps", "guidance", "dropRate"]);
  checkOptions(`${where}: distil`, last, ["steps", "guidance", "metric"]);
  if (typeof conditions !== "function")
    throw new OptionError({ where, want: "conditions, a function (n, seed)", got: typeof conditions });
  const running = {
    ...(signal ? { signal } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(device === undefined ? {} : { device }),
  };
  const draw = (params: P, guidance: number, set: number): Promise<FlowPairs> =>
    generatePairs({
      model: classifierFreeGuidance(model, { scale: guidance, nullCond }),
      ...{ prediction, params, shape, n, steps: pairSteps, ...running, ...(solver ? { solver } : {}) },
      cond: conditions(n, (seed + set) % 2 ** 32),
      seed: (seed + set) % 2 ** 32,
    });
  const stage = (name: "reflow" | "distil", steps: number) => ({
    ...fit,
    steps,
    ...(optimizer ? { optimizer: optimizer(name, steps) } : {}),
  });

  onStage?.("pairs");
  const teacherPairs = await draw(teacher.ema ?? teacher.params, straighten.guidance ?? 2, 0x51ed270b);
  onStage?.("reflow");
  const coupling = droppedCondition(pairsCoupling(), { rate: straighten.dropRate ?? 0.1, nullCond });
  const second = await reflow({
    ...stage("reflow", straighten.steps),
    ...{ params: teacher.params, data: teacherPairs, objective: { prediction, coupling } },
  });
  onStage?.("new pairs");
  const pairs = await draw(second.ema ?? second.params, last.guidance ?? 1.5, 0x2f6b1c93);
  onStage?.("distil");
  const student = await distil({
    ...stage("distil", last.steps),
    ...{
      params: second.params,
      data: pairs,
      objective: { prediction, ...(last.metric ? { metric: last.metric } : {}) },
    },
  });
  return { teacherPairs, second, pairs, student };
}

/**
 * Carries a fine-tuning over to another model of the same form: params + scale·(tuned − base), leaf by leaf.
 * @param scale default 1: with `params` = `base` exactly `tuned`
 * @throws TreeError for trees that differ
 * @source X. Liu et al., 2023, arXiv 2309.06380, authors' code (weights of a fine-tuned model on a distilled one);
 *   deviates: none
 */
export function addDelta<P>(params: P, base: P, tuned: P, scale = 1): P {
  return treeMap(
    (p: Tensor, b: Tensor, t: Tensor) => add(p, mul(sub(t, b), scale)),
    params as never,
    base as never,
    tuned as never,
  );
}
