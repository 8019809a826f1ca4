import { InvalidArgumentError, Option, type Command } from "commander";
import { solvers } from "../flow/solver.js";
import { times } from "../flow/times.js";
import { optimizers } from "../optim/registry.js";
import type { OptimizerOptions } from "./config.js";
import { networkKinds } from "./network.js";
import { sourceHelp } from "./source.js";

/** A whole number in [least, most], for commander. */
export const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+(e\d)?$/i.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Want a whole number in ${least} … ${most}.`);
  };

/** A number in (0, most]. */
export const positive =
  (most: number) =>
  (text: string): number => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Want a number above 0, at most ${most}.`);
  };

/** A number in [0, 1). */
export function fraction(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= 0 && value < 1) return value;
  throw new InvalidArgumentError("Want a number in [0, 1).");
}

/** Whole numbers in [least, most], separated by commas. */
export const wholeList =
  (most: number, least = 1) =>
  (text: string): number[] =>
    text.split(",").map((part) => whole(least, most)(part.trim()));

/** Adds `name=value` to those before it; the value is a number, true, false or a word. */
export function setting(text: string, before: OptimizerOptions = {}): OptimizerOptions {
  const [, name, value] = /^([A-Za-z]\w*)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Want name=value.");
  if (name === "learningRate") throw new InvalidArgumentError("The learning rate is --lr.");
  const number = Number(value);
  const read =
    value === "true" || value === "false" ? value === "true" : Number.isNaN(number) ? value : number;
  return { ...before, [name]: read };
}

/** Most steps of a sampler. */
export const mostSteps = 10_000;
/** Most samples or pairs: they are held in memory. */
export const mostSamples = 1_000_000;

/** Options of every command that computes. */
export interface CommonOptions {
  json?: boolean;
  seed: number;
}

/** Adds --device and --json. */
export const withOutput = (command: Command): Command =>
  command
    .optionsGroup("Other options:")
    .option("--device <name>", "cpu, cuda, webgpu, coreml or dml (default: the first available)")
    .option("--json", "print the result as one JSON document, and nothing else");

/** Adds --seed, --device and --json. */
export const withCommon = (command: Command): Command =>
  withOutput(
    command
      .optionsGroup("Other options:")
      .option("--seed <n>", "fixes every random number", whole(0, 2 ** 32 - 1), 0),
  );

/** Adds --solver. */
export const withSolver = (command: Command): Command =>
  command.addOption(
    new Option("--solver <name>", "how the ODE is solved (default: the model's first-order step)").choices(
      Object.keys(solvers),
    ),
  );

/** Options of the commands that train. */
export interface TrainingOptions extends CommonOptions {
  out: string;
  resume?: string;
  steps: number;
  batch: number;
  optimizer: string;
  optimizerOption?: OptimizerOptions;
  lr: number;
  ema: number;
  stepsPerCall: number;
  checkpointEvery: number;
}

/** Adds the options of training with their defaults. */
export const withTraining = (
  command: Command,
  defaults: { steps: number; lr: number; out: string },
): Command =>
  withCommon(
    command
      .optionsGroup("Run folder:")
      .option("--out <folder>", "run folder to write; one that holds a run is refused", defaults.out)
      .option("--resume <folder>", "go on with the run in this folder, bit for bit, with its own settings")
      .option("--checkpoint-every <n>", "steps between checkpoints", whole(1, 1e9), 500)
      .optionsGroup("Training:")
      .option("--steps <n>", "optimizer steps", whole(1, 1e9), defaults.steps)
      .option("--batch <n>", "examples in a step", whole(1, 65_536), 64)
      .addOption(
        new Option("--optimizer <name>", "rule of the updates")
          .choices(Object.keys(optimizers))
          .default("adam"),
      )
      .option("--optimizer-option <name=value>", "an option of that optimizer; may be repeated", setting)
      .option("--lr <x>", "peak learning rate, after a warm-up", positive(100), defaults.lr)
      .option("--ema <x>", "memory of the averaged parameters that samples come from", fraction, 0.995)
      .option("--steps-per-call <n>", "steps in one call of ONNX Runtime", whole(1, 1000), 10),
  );

/** Options of the commands whose times of training are free. */
export interface TimesOptions {
  time?: string;
  timeOption?: OptimizerOptions;
  shift?: number;
  dropClass?: number;
}

/** Adds the options of the times. */
export const withTimes = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--time <name>",
        "how often which times are trained at (default: as the objective says)",
      ).choices(Object.keys(times)),
    )
    .option("--time-option <name=value>", "an option of that distribution; may be repeated", setting)
    .option("--shift <x>", "shift of times towards the noise, for large images (default: 1)", positive(1000))
    .option("--drop-class <x>", "part of the examples without their class (default: 0.1)", fraction);

/** Adds --guidance. */
export const withGuidance = (command: Command): Command =>
  command.option(
    "--guidance <x>",
    "how much a class counts, of a conditional flow; 1: as learnt",
    positive(100),
  );

/** Adds the options that say what to train on. */
export const withData = (command: Command): Command =>
  command
    .optionsGroup("Data:")
    .option("--data <name>", sourceHelp, "fashion-mnist")
    .option("--size <n>", "side that images of a folder are cropped and resized to", whole(4, 1024), 28)
    .option("--limit <n>", "rows to use (default: all)", whole(1, 1e9))
    .option("--conditional", "train on the classes of the data, too (a folder's sub-folders are classes)");

/** Adds the options of the network. */
export const withNetwork = (command: Command): Command =>
  command
    .optionsGroup("Network:")
    .addOption(
      new Option("--model <kind>", "kind of network (default: dit for images, mlp for points)").choices(
        networkKinds,
      ),
    )
    .option("--width <n>", "units, token width, or channels of the finest level", whole(1, 8192))
    .option("--depth <n>", "layers, blocks, or levels", whole(1, 100));
