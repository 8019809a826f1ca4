import { relative, resolve } from "node:path";
import { Option, type Command } from "commander";
import { OptionError } from "../../core/errors.js";
import { phasedPairs } from "../../flow/data-pairs.js";
import { fDivergences } from "../../flow/f-divergence.js";
import type { FlowData, FlowPairs } from "../../flow/flow-data.js";
import type { RunConfig } from "../config.js";
import { generate, storedPairs } from "../generate.js";
import { distilMethods, formOf, phases, reflowObjectives } from "../objective.js";
import {
  mostSamples,
  mostSteps,
  whole,
  withGuidance,
  withTimes,
  withTraining,
  type TimesOptions,
  type TrainingOptions,
} from "../options.js";
import { createReport } from "../report.js";
import { loadRun, trainRun, type LoadedRun, type RunControls, type RunEnd } from "../run.js";
import { finishRun, interruptible, resumedConfig } from "../session.js";
import { loadSource } from "../source.js";
import { timesOf, trainingOf } from "./train.js";

interface Options extends TrainingOptions, TimesOptions {
  guidance?: number;
  pairs: number;
  pairSteps: number;
  samplerSteps?: number;
  divergence?: string;
  objective?: (typeof reflowObjectives)[number];
  features?: string;
  method?: (typeof distilMethods)[number];
  width?: number;
  depth?: number;
}

/** `fluxion reflow` and `fluxion distil`: both train on noise and what a finished run makes of it. */
export function straightenCommands(program: Command): void {
  const reflow = program
    .command("reflow")
    .description("straighten the flow of a finished run (rectify it once more)");
  const distil = program
    .command("distil")
    .description("distil a (straightened) run into a sampler of one step, or a few");
  withPairs(reflow)
    .optionsGroup("Objective:")
    .addOption(
      new Option(
        "--objective <name>",
        "rectified-flow: as it was trained; rfpp: U-shaped times and a robust loss; phased: in 4 phases of time, from the data; annealed: a new network, from fresh noise to the pairs",
      )
        .choices(reflowObjectives)
        .default("rectified-flow"),
    )
    .option("--features <file>", "ONNX network of images that rfpp compares by, besides")
    .optionsGroup("Network (default: as the run's):")
    .option("--width <n>", "another width, and so a new network", whole(1, 8192))
    .option("--depth <n>", "another depth, and so a new network", whole(1, 100));
  withTraining(withTimes(reflow), { steps: 1500, lr: 1e-3, out: "runs/reflow" }).addHelpText(
    "after",
    `
Examples:
  $ fluxion reflow runs/train --out runs/straight
  $ fluxion reflow runs/train --objective rfpp --features vgg.onnx
  $ fluxion reflow runs/train --objective annealed --width 32 --out runs/small
  $ fluxion reflow --resume runs/straight`,
  );
  withPairs(distil)
    .optionsGroup("Sampler:")
    .option("--sampler-steps <k>", "Euler steps of the distilled sampler", whole(1, 1000), 1)
    .optionsGroup("Method:")
    .addOption(
      new Option(
        "--method <name>",
        "regression: onto the run's own pairs; flow-guided: and on where two steps of the flow lead fresh noise, for few pairs; f-distill: one step whose samples are distributed as the run's (no pairs; a step is a round of five updates)",
      )
        .choices(distilMethods)
        .default("regression"),
    )
    .addOption(
      new Option("--divergence <name>", "what f-distill makes small (default: jensen-shannon)").choices(
        Object.keys(fDivergences),
      ),
    );
  withTraining(distil, { steps: 1000, lr: 5e-4, out: "runs/distil" }).addHelpText(
    "after",
    `
Examples:
  $ fluxion distil runs/straight --out runs/one-step
  $ fluxion distil runs/train --method f-distill --divergence forward-kl --out runs/matched
  $ fluxion distil runs/small --method flow-guided --pairs 500 --out runs/small-one-step
  $ fluxion export runs/one-step --steps 1`,
  );
  for (const command of [reflow, distil])
    command.action((run: string | undefined, options: Options) => straighten(command, run, options));
}

const withPairs = (command: Command): Command =>
  withGuidance(
    command
      .argument("[run]", "folder of a finished run; left out with --resume")
      .optionsGroup("Pairs of noise and sample:")
      .option("--pairs <n>", "pairs to train on", whole(1, mostSamples), 5000)
      .option("--pair-steps <n>", "Euler steps that make them", whole(1, mostSteps), 20),
  );

async function straighten(command: Command, run: string | undefined, options: Options): Promise<void> {
  const report = createReport(options.json);
  const { resume } = options;
  const folder = resume ?? options.out;
  if (run === undefined && resume === undefined) {
    const where = `fluxion ${command.name()}`;
    throw new OptionError({ where, want: "the folder of a finished run", got: "none" });
  }
  const config =
    resume === undefined
      ? await configOf(command.name() as "reflow" | "distil", run!, options)
      : await resumedConfig(resume, command);
  const end = await straightenRun(config, {
    ...{ folder, report, signal: interruptible(), resume: resume !== undefined },
    checkpointEvery: options.checkpointEvery,
  });
  await finishRun(folder, end, report);
}

/** Draws (or finds) the pairs of a config's parent, and trains on them from the parent's parameters. */
export async function straightenRun(config: RunConfig, controls: RunControls): Promise<RunEnd> {
  const { folder, report, signal, resume = false } = controls;
  const parent = await loadRun(resolve(folder, config.parent ?? ""));
  const draw = () => (config.objective === "phased" ? drawPhases(parent, config, controls) : drawOwn());
  const drawOwn = () =>
    generate(parent, {
      n: config.pairs!,
      steps: config.pairSteps!,
      guidance: config.guidance,
      // Other sources than those of the samples that a run is judged by.
      seed: (config.seed + 1_000_000) % 2 ** 32,
      ...{ report, title: "pairs", signal },
    });
  if (config.method === "f-distill")
    return trainRun(config, () => realData(config), controls, { ...parent, params: parent.ema });
  return trainRun(config, () => storedPairs(folder, config, resume, draw), controls, parent);
}

/** What the flow of a config was trained on. */
async function realData({ source, network }: RunConfig): Promise<FlowData> {
  const { x1, labels } = await loadSource(source);
  return { x1, ...(network.classes > 0 && labels ? { cond: labels } : {}) };
}

async function drawPhases(
  { network, ema }: LoadedRun,
  config: RunConfig,
  { report, signal }: RunControls,
): Promise<FlowPairs> {
  const data = await realData(config);
  const bar = report.bar("pairs", config.pairs!);
  const { path, prediction } = formOf(config);
  try {
    return await phasedPairs({
      ...{ model: network.apply, params: ema, prediction, ...(path ? { path } : {}) },
      ...{ data, phases, n: config.pairs!, batchSize: Math.min(config.pairs!, 500) },
      steps: Math.max(1, Math.round(config.pairSteps! / phases)),
      seed: (config.seed + 1_000_000) % 2 ** 32,
      onProgress: (made) => bar.update(made),
      ...(signal ? { signal } : {}),
    });
  } finally {
    bar.stop();
  }
}

async function configOf(command: "reflow" | "distil", run: string, options: Options): Promise<RunConfig> {
  const { config } = await loadRun(run);
  // What a run says about its own training, and not about its flow.
  const { samplerSteps: _, objective: __, features: ___, ...kept } = config;
  const {
    time: _t,
    timeOptions: _o,
    drop: _d,
    guidance: _g,
    method: _m,
    divergence: _v,
    ...inherited
  } = kept;
  const { objective = "rectified-flow", features, width, depth, samplerSteps = 1 } = options;
  if (features !== undefined && objective !== "rfpp")
    throw new OptionError({ where: "--features", want: "--objective rfpp", got: objective });
  const { method = "regression", divergence } = options;
  if (divergence !== undefined && method !== "f-distill")
    throw new OptionError({ where: "--divergence", want: "--method f-distill", got: method });
  if (method !== "regression" && samplerSteps !== 1)
    throw new OptionError({ where: "--sampler-steps", want: `1 with ${method}`, got: String(samplerSteps) });
  if (method === "flow-guided" && config.form === "diffusion") {
    const want = "a flow on the straight line";
    throw new OptionError({ where: "--method flow-guided", want, got: "a diffusion model" });
  }
  const own = command === "reflow" ? timesOf(options, config) : {};
  const network = {
    ...config.network,
    ...{ width: width ?? config.network.width, depth: depth ?? config.network.depth },
  };
  return {
    ...inherited,
    ...trainingOf(options),
    network,
    command,
    // From folder to folder, so that runs can be moved together and resumed from anywhere.
    parent: relative(options.out, run),
    pairs: options.pairs,
    pairSteps: options.pairSteps,
    ...(objective === "rectified-flow" ? {} : { objective }),
    ...(features === undefined ? {} : { features: resolve(features) }),
    ...(options.guidance === undefined ? {} : { guidance: options.guidance }),
    ...own,
    ...(method === "regression" ? {} : { method }),
    ...(method === "f-distill" ? { divergence: divergence ?? "jensen-shannon" } : {}),
    ...(command === "distil" ? { samplerSteps } : {}),
  };
}
