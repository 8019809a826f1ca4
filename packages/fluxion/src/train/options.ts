import type { Device } from "../compile/device.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import type { EmaOptions } from "../optim/ema.js";
import { checkWhole } from "../optim/options.js";
import type { Transform } from "../optim/transform.js";
import type { Progress } from "./progress.js";
import type { Snapshot } from "./snapshot.js";
import type { Loss, TrainStep } from "./step.js";

/** Loss and metrics of one step, as written to a metrics file. */
export interface TrainRecord {
  /** Steps made, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly [metric: string]: number;
}

/** Where checkpoints go. */
export interface CheckpointOptions<P, S> {
  /** Steps between checkpoints, whole number ≥ 1. One more is made at the end and when the run is aborted. */
  every: number;
  /** Keeps a snapshot; a name it gives, such as a path, is quoted when training fails. */
  save: (snapshot: Snapshot<P, S>) => Promise<string | void> | string | void;
}

/** Looks for a snapshot to resume; `like` has the structure, shapes and dtypes it must have. */
export type Resume<P, S> = (
  like: Snapshot<P, S>,
) => Promise<Snapshot<P, S> | undefined> | Snapshot<P, S> | undefined;

/** Options of `train`. */
export interface TrainOptions<P, B, S = unknown> {
  /** Initial parameters, a tree of Tensors. */
  params: P;
  /** The loss of a batch; with `optimizer`. */
  loss?: Loss<P, B>;
  optimizer?: Transform<S>;
  /** A custom step instead of `loss` and `optimizer`; with `state`. */
  step?: TrainStep<P, S, B>;
  /** Initial state of a custom step: a tree of Tensors, default none. */
  state?: S;
  /** The batch of a step, a tree of Tensors that depends on the number of the step (from 0) only. */
  batches: (step: number) => B | Promise<B>;
  /** Steps in all, those before a resume included: whole number ≥ 0. */
  steps: number;
  /** Randomness of the loss, uint32 [2]; step n gets `foldIn(key, n)`. Default `key(0)`. */
  key?: Tensor;
  /** Decay of a moving average of the parameters, or its options. Default: none is kept. */
  ema?: number | EmaOptions;
  /** Steps in one call of ONNX Runtime, as one Scan over stacked batches; default 1. More pay off for small models. */
  stepsPerCall?: number;
  /** Whether the metric `gradientNorm` is computed; default false. */
  gradientNorm?: boolean;
  /** Steps between records, whole number ≥ 1; default 10. The last step is always recorded. */
  recordEvery?: number;
  onRecord?: (record: TrainRecord) => void | Promise<void>;
  /** Called after every call of ONNX Runtime. */
  onProgress?: (progress: Progress) => void;
  /** Stops the run after the current call. */
  signal?: AbortSignal;
  checkpoint?: CheckpointOptions<NoInfer<P>, NoInfer<S>>;
  /** Where to go on, or a function that looks for it; undefined: from the start. */
  resume?: Snapshot<NoInfer<P>, NoInfer<S>> | Resume<NoInfer<P>, NoInfer<S>>;
  /** Default: as `compile`. */
  device?: Device;
  /** Threads within an operator; default: as `compile`. */
  threads?: number;
}

const known = [
  ...["params", "loss", "optimizer", "step", "state", "batches", "steps", "key", "ema", "stepsPerCall"],
  ...[
    "gradientNorm",
    "recordEvery",
    "onRecord",
    "onProgress",
    "signal",
    "checkpoint",
    "resume",
    "device",
    "threads",
  ],
];

/** @throws OptionError for unknown keys, values out of range, or a mixture of loss and step @internal */
export function checkTrainOptions<P, B, S>(options: TrainOptions<P, B, S>): void {
  const where = "train";
  checkOptions(where, options, known);
  const { loss, optimizer, step, checkpoint, stepsPerCall = 1, recordEvery = 10 } = options;
  const usual = loss !== undefined && optimizer !== undefined && step === undefined && !("state" in options);
  const custom = step !== undefined && loss === undefined && optimizer === undefined && !options.gradientNorm;
  if (!usual && !custom) {
    const got = ["loss", "optimizer", "step", "state", "gradientNorm"]
      .filter((name) => name in options)
      .join(", ");
    throw new OptionError({ where, want: "loss and optimizer, or step and state", got: got || "neither" });
  }
  if (typeof options.batches !== "function") {
    const got = typeof options.batches;
    throw new OptionError({ where, want: "batches, a function of the step", got });
  }
  checkWhole(where, "steps", options.steps, 0);
  checkWhole(where, "stepsPerCall", stepsPerCall, 1);
  checkWhole(where, "recordEvery", recordEvery, 1);
  if (checkpoint) {
    checkOptions("train: checkpoint", checkpoint, ["every", "save"]);
    checkWhole("train: checkpoint", "every", checkpoint.every, 1);
  }
}
