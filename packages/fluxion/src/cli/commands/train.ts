import { Option, type Command } from "commander";
import { FormatError, OptionError } from "../../core/errors.js";
import { showShape, sameShape } from "../../core/shape.js";
import { timeNamed } from "../../flow/times.js";
import { createOptimizer } from "../../optim/registry.js";
import type { RunConfig } from "../config.js";
import { networkConfig } from "../network.js";
import { trainObjectives } from "../objective.js";
import {
  withData,
  withNetwork,
  withTimes,
  withTraining,
  type TimesOptions,
  type TrainingOptions,
} from "../options.js";
import { createReport } from "../report.js";
import { trainRun } from "../run.js";
import { finishRun, interruptible, resumedConfig } from "../session.js";
import { loadSource, sourceName, type Source } from "../source.js";

interface Options extends TrainingOptions, TimesOptions {
  data: string;
  size: number;
  limit?: number;
  model?: string;
  width?: number;
  depth?: number;
  conditional?: boolean;
  objective: (typeof trainObjectives)[number];
}

/** `fluxion train`: a rectified flow from noise to data. */
export function trainCommand(program: Command): void {
  const command = program.command("train").description("train a rectified flow from noise to your data");
  withNetwork(withData(command))
    .optionsGroup("Objective:")
    .addOption(
      new Option("--objective <name>", "a flow on the straight line, or a diffusion model")
        .choices(trainObjectives)
        .default("rectified-flow"),
    );
  withTraining(withTimes(command), { steps: 3000, lr: 2e-3, out: "runs/train" })
    .addHelpText(
      "after",
      `
Examples:
  $ fluxion train                                          Fashion-MNIST
  $ fluxion train --data moons --steps 2000 --out runs/moons
  $ fluxion train --data photos/ --size 32 --model unet --out runs/photos
  $ fluxion train --objective diffusion                    Stable Diffusion's path; reflow rectifies it as it is
  $ fluxion train --time logit-normal                      the middle of the path more often
  $ fluxion train --conditional --model mmdit              image and class in two streams, for guidance
  $ fluxion train --optimizer adamw --optimizer-option weightDecay=0.1 --optimizer-option b2=0.99
  $ fluxion train --resume runs/photos                     after Ctrl-C, a crash or a power cut`,
    )
    .action(async (options: Options) => {
      const report = createReport(options.json);
      const { resume } = options;
      const before = resume === undefined ? undefined : await resumedConfig(resume, command);
      const size = { data: sourceName(options.data), size: options.size, limit: options.limit ?? 0 };
      const source = await loadSource(before?.source ?? size);
      const config = before ?? configOf(options, size, source);
      if (!sameShape(source.shape, config.shape)) {
        const want = `examples ${showShape(config.shape)}, as when the run began`;
        throw new FormatError({ where: config.source.data, want, got: showShape(source.shape) });
      }
      report.note(`data ${config.source.data}: ${source.x1.shape.join(" x ")}`);
      const conditional = config.network.classes > 0 && source.labels;
      const folder = resume ?? options.out;
      const end = await trainRun(
        config,
        () => Promise.resolve({ x1: source.x1, ...(conditional ? { cond: conditional } : {}) }),
        {
          ...{ folder, report, signal: interruptible(), resume: resume !== undefined },
          checkpointEvery: options.checkpointEvery,
        },
      );
      await finishRun(folder, end, report);
    });
}

function configOf(options: Options, source: RunConfig["source"], { shape, classes }: Source): RunConfig {
  if (options.conditional && classes.length === 0)
    throw new OptionError({ where: "--conditional", want: "data with classes", got: options.data });
  const names = options.conditional ? classes : [];
  const { model: kind, width, depth } = options;
  const network = networkConfig(shape, { kind, width, depth, classes: names.length });
  const form = options.objective === "diffusion" ? { form: "diffusion" as const } : {};
  return {
    ...{ command: "train", source, shape, network, classes: names },
    ...form,
    ...trainingOf(options),
    ...timesOf(options, { ...form, network }),
  };
}

/** The part of a config that says at which times a flow trains. @throws OptionError for options that are not the time's */
export function timesOf(
  { time, timeOption, shift, dropClass }: TimesOptions,
  { form, network }: Pick<RunConfig, "form" | "network">,
): Pick<RunConfig, "time" | "timeOptions" | "shift" | "drop"> {
  const conditional = network.classes > 0;
  if (timeOption && time === undefined)
    throw new OptionError({ where: "--time-option", want: "--time", got: "none" });
  timeNamed(time ?? "uniform", timeOption);
  if (form === "diffusion" && (time !== undefined || shift !== undefined))
    throw new OptionError({ where: "--time, --shift", want: "a flow", got: "a diffusion model" });
  if (dropClass !== undefined && !conditional)
    throw new OptionError({ where: "--drop-class", want: "a conditional flow", got: "none" });
  return {
    ...(time === undefined ? {} : { time }),
    ...(timeOption ? { timeOptions: timeOption } : {}),
    ...(shift === undefined ? {} : { shift }),
    ...(conditional ? { drop: dropClass ?? 0.1 } : {}),
  };
}

/** The part of a config that every training has. @throws OptionError if the optimizer refuses its options */
export function trainingOf(
  options: TrainingOptions,
): Pick<
  RunConfig,
  "steps" | "batch" | "optimizer" | "optimizerOptions" | "learningRate" | "ema" | "stepsPerCall" | "seed"
> {
  createOptimizer(options.optimizer, options.optimizerOption);
  return {
    steps: options.steps,
    batch: options.batch,
    optimizer: options.optimizer,
    ...(options.optimizerOption ? { optimizerOptions: options.optimizerOption } : {}),
    learningRate: options.lr,
    ema: options.ema,
    stepsPerCall: options.stepsPerCall,
    seed: options.seed,
  };
}
