import { InvalidArgumentError, type Command } from "commander";
import { sourceHelp } from "./source.js";

/** A whole number ≥ `least`, for commander. */
export const whole =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`want a whole number ≥ ${least}.`);
    return value;
  };

/** A number > 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError("want a number > 0.");
  return value;
}

/** A number in [0, 1). */
export function fraction(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError("want a number in [0, 1).");
  return value;
}

/** Whole numbers ≥ 1, separated by commas. */
export const wholeList = (text: string): number[] => text.split(",").map(whole(1));

/** Options of every command that computes. */
export interface CommonOptions {
  json?: boolean;
  seed: number;
  device?: string;
}

/** Adds --json, --seed and --device. */
export const withCommon = (command: Command): Command =>
  command
    .option("--seed <n>", "fixes every random number", whole(0), 0)
    .option(
      "--device <name>",
      "where to compute: cpu, cuda, webgpu, coreml, dml (default: the first available)",
    )
    .option("--json", "print the result as JSON, and nothing else");

/** Options of the commands that train. */
export interface TrainingOptions extends CommonOptions {
  out?: string;
  resume?: string;
  steps: number;
  batch: number;
  optimizer: string;
  lr: number;
  ema: number;
  stepsPerCall: number;
  checkpointEvery: number;
}

/** Adds the options of training; `steps` is the default number of steps. */
export const withTraining = (
  command: Command,
  defaults: { steps: number; lr: number; out: string },
): Command =>
  withCommon(command)
    .option("--out <folder>", `run folder to write (default: "${defaults.out}")`)
    .option("--resume <folder>", "go on with the run in this folder, bit for bit; its config is used")
    .option("--steps <n>", "optimizer steps", whole(1), defaults.steps)
    .option("--batch <n>", "examples in a step", whole(1), 64)
    .option("--optimizer <name>", "adam, adamw, lion, sgd, momentum, nesterov, adagrad, rmsprop", "adam")
    .option("--lr <x>", "peak learning rate; warm-up, then a cosine to a twentieth", positive, defaults.lr)
    .option("--ema <x>", "memory of the averaged parameters that samples are drawn with", fraction, 0.995)
    .option("--steps-per-call <n>", "steps in one call of ONNX Runtime", whole(1), 10)
    .option("--checkpoint-every <n>", "steps between checkpoints", whole(1), 500);

/** Adds the options that say what to train on. */
export const withData = (command: Command): Command =>
  command
    .option("--data <name>", sourceHelp, "fashion-mnist")
    .option("--size <n>", "side that images of a folder are resized to", whole(4), 28)
    .option("--limit <n>", "rows to use; 0: all", whole(0), 0);
