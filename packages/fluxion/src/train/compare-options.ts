import type { Device } from "../compile/device.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { checkRange, checkWhole } from "../optim/options.js";
import type { Schedule } from "../optim/schedules.js";
import type { Transform } from "../optim/transform.js";
import type { Loss, StepMetrics } from "./step.js";

/** Options of `compareOptimizers`. */
export interface CompareOptions<P, B, Name extends string = string> {
  /** The parameters that every optimizer starts from with this seed. */
  init: (seed: number) => P;
  loss: Loss<P, B>;
  /** The batch of a step (from 0): the same for every optimizer, so seeds are paired. */
  batches: (seed: number, step: number) => B | Promise<B>;
  /** Steps of every run, whole number ≥ 1. */
  steps: number;
  /** What is compared, by name: an optimizer for a schedule of learning rates. */
  optimizers: Readonly<Record<Name, (learningRate: Schedule) => Transform>>;
  /** Peak learning rates to choose from, for all or by name, each in (0, ∞). A single one is not tuned. */
  learningRates: readonly number[] | Readonly<Record<Name, readonly number[]>>;
  /** What the peak is multiplied by at each step; default 1. */
  schedule?: Schedule;
  /** Seeds of the runs that count. */
  seeds: readonly number[];
  /** Seeds of the runs that learning rates are chosen by; default [1000]. Keep them apart from `seeds`. */
  tuningSeeds?: readonly number[];
  /**
   * What learning rates are chosen by, the smallest mean over the tuning seeds: a float scalar of the parameters after
   * training, taken on examples that `measure` does not use. Default: the mean training loss of the last tenth.
   */
  score?: (params: P) => Tensor;
  /**
   * What is reported of the parameters after training, and of the optimizer's state: float scalars by name. Default:
   * nothing.
   */
  measure?: (params: P, state: unknown) => StepMetrics;
  /** Steps in one call of ONNX Runtime; default 20, at most `steps`. */
  stepsPerCall?: number;
  /** Called with the fraction of all runs done, in [0, 1], and what comes next. */
  onProgress?: (fraction: number, what: string) => void;
  /** Ends the comparison; its reason is thrown. */
  signal?: AbortSignal;
  /** Default: as `compile`. */
  device?: Device;
  /** Threads within an operator; default 1, as models that are compared this way are small. */
  threads?: number;
}

const known = [
  ...["init", "loss", "batches", "steps", "optimizers", "learningRates", "schedule", "seeds", "tuningSeeds"],
  ...["score", "measure", "stepsPerCall", "onProgress", "signal", "device", "threads"],
];

/** @returns the learning rates by name @throws OptionError @internal */
export function checkCompareOptions<P, B, Name extends string>(
  options: CompareOptions<P, B, Name>,
): Record<Name, readonly number[]> {
  const where = "train.compareOptimizers";
  checkOptions(where, options, known);
  checkWhole(where, "steps", options.steps, 1);
  checkWhole(where, "stepsPerCall", options.stepsPerCall ?? 20, 1);
  const names = Object.keys(options.optimizers) as Name[];
  if (names.length === 0) throw new OptionError({ where, want: "at least one optimizer", got: "none" });
  if (options.tuningSeeds?.length === 0)
    throw new OptionError({ where, want: "at least one of tuningSeeds", got: "none" });
  const given = options.learningRates;
  const of = (name: Name): readonly number[] | undefined =>
    Array.isArray(given) ? (given as readonly number[]) : (given as Record<Name, readonly number[]>)[name];
  return Object.fromEntries(
    names.map((name) => {
      const list = of(name);
      if (!list || list.length === 0)
        throw new OptionError({ where, want: `learningRates of ${name}`, got: "none" });
      list.forEach((rate, i) => checkRange(where, `learningRates of ${name}[${i}]`, rate, "(0, ∞)"));
      return [name, list];
    }),
  ) as Record<Name, readonly number[]>;
}
