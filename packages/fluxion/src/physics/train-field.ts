import { compile } from "../compile/compile.js";
import { checkOptions } from "../core/errors.js";
import { key as randomKey } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { seededUniform } from "../data/seeded.js";
import { max, mean } from "../ops/reduce.js";
import { adam } from "../optim/adam.js";
import { clipByGlobalNorm } from "../optim/clip.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { exponentialSchedule } from "../optim/schedules.js";
import { chain } from "../optim/transform.js";
import type { TrainRecord } from "../train/options.js";
import { train, type TrainResult } from "../train/train.js";
import type { FieldModel, FieldParams } from "./field-model.js";

/** Options of `trainField`. */
export interface TrainFieldOptions {
  /** Steps of one condition each, whole number ≥ 0. Default 400. */
  steps?: number;
  /** First step size of Adam; it falls to a tenth. Default 3e-3. */
  learningRate?: number;
  /** Points that each step's layer sees, drawn anew. Default: all. */
  seed?: number;
  /** Steps between records. Default 10. */
  recordEvery?: number;
  onRecord?: (record: TrainRecord) => void | Promise<void>;
  signal?: AbortSignal;
}

/**
 * Trains a model on the residuals of its fields alone: no solution is looked at. Every step draws a condition. Records
 * of hard constraints carry `iterations` (mean of the experts' solvers) and `work` (of the slowest).
 * @throws OptionError; what `train` throws
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §4 (training); deviates: one condition a step, the right
 *   boundary's own residual in the loss, where the authors' code compares with the reference
 */
export function trainField(
  model: FieldModel,
  options: TrainFieldOptions = {},
): Promise<TrainResult<FieldParams>> {
  const where = "physics.trainField";
  checkOptions(where, options, ["steps", "learningRate", "seed", "recordEvery", "onRecord", "signal"]);
  const { steps = 400, learningRate = 3e-3, seed = 0, recordEvery = 10, onRecord, signal } = options;
  checkWhole(where, "steps", steps, 0);
  checkRange(where, "learningRate", learningRate, "(0, ∞)");
  const { problem } = model;
  const schedule = exponentialSchedule({ init: learningRate, rate: 0.1, steps: Math.max(1, steps) });
  return train({
    params: model.init(randomKey(seed)),
    loss(params: FieldParams, condition: Tensor) {
      const output = model.apply(params, condition);
      const { layer } = output;
      const loss = model.loss(output, condition);
      if (!layer) return loss;
      return { loss, metrics: { iterations: mean(layer.iterations), work: max(layer.work) } };
    },
    optimizer: chain(clipByGlobalNorm(1), adam({ learningRate: schedule })),
    batches: (step) => tensor(problem.draw(seededUniform(seed, step + 1))),
    ...{ steps, recordEvery },
    ...(onRecord ? { onRecord } : {}),
    ...(signal ? { signal } : {}),
  });
}

/** A field of a trained model beside its reference. */
export interface FieldEvaluation {
  /** [P] in the grid's order. */
  readonly field: Float64Array;
  readonly reference: Float64Array;
  /** ‖field − reference‖/‖reference‖. */
  readonly error: number;
  /** Of each expert's solver; empty for a soft penalty. */
  readonly iterations: readonly number[];
  /** Multiplications with an addition that each expert's solver made. */
  readonly work: readonly number[];
}

/** The fields of some conditions with their errors relative to the reference. */
export async function evaluateField(
  model: FieldModel,
  params: FieldParams,
  conditions: readonly Float64Array[],
): Promise<FieldEvaluation[]> {
  const run = compile((p: FieldParams, condition: Tensor) => {
    const { field, layer } = model.apply(p, condition);
    return { field, ...(layer ? { iterations: layer.iterations, work: layer.work } : {}) };
  });
  try {
    const out: FieldEvaluation[] = [];
    for (const condition of conditions) {
      const answer = await run(params, tensor(condition));
      const field = Float64Array.from((await answer.field.data()) as Float64Array);
      const reference = model.problem.reference(condition);
      const size = (x: Float64Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
      out.push({
        ...{ field, reference },
        error: size(field.map((v, i) => v - reference[i]!)) / size(reference),
        iterations: answer.iterations ? Array.from((await answer.iterations.data()) as Float64Array) : [],
        work: answer.work ? Array.from((await answer.work.data()) as Float64Array) : [],
      });
    }
    return out;
  } finally {
    await run.release();
  }
}
