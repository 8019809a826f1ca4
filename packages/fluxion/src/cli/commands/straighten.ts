import type { Command } from "commander";
import { generate, storedPairs } from "../generate.js";
import { whole, withTraining, type TrainingOptions } from "../options.js";
import { createReport, type Report } from "../report.js";
import { loadRun, readConfig, trainRun, type RunConfig } from "../run.js";
import { finishRun, interruptible } from "../session.js";
import { OptionError } from "../../core/errors.js";

interface Options extends TrainingOptions {
  pairs: number;
  pairSteps: number;
  samplerSteps?: number;
}

/** `fluxion reflow` and `fluxion distil`: both train on noise and what a finished run makes of it. */
export function straightenCommands(program: Command): void {
  const reflow = program
    .command("reflow [run]")
    .description("straighten the flow of a finished run (rectify it once more)");
  pairOptions(withTraining(reflow, { steps: 1500, lr: 1e-3, out: "runs/reflow" })).action(
    (run: string | undefined, options: Options) => straighten("reflow", run, options),
  );
  const distil = program
    .command("distil [run]")
    .description("distil a (straightened) run into a one-step generator");
  pairOptions(withTraining(distil, { steps: 1000, lr: 5e-4, out: "runs/distil" }))
    .option("--sampler-steps <k>", "Euler steps of the distilled sampler", whole(1), 1)
    .action((run: string | undefined, options: Options) => straighten("distil", run, options));
}

const pairOptions = (command: Command): Command =>
  command
    .option("--pairs <n>", "pairs of noise and sample to train on", whole(1), 5000)
    .option("--pair-steps <n>", "Euler steps that make them", whole(1), 20);

async function straighten(
  command: "reflow" | "distil",
  run: string | undefined,
  options: Options,
): Promise<void> {
  const report = createReport(options.json ?? false);
  const folder = options.resume ?? options.out ?? `runs/${command}`;
  if (run === undefined && options.resume === undefined) {
    throw new OptionError({ where: `fluxion ${command}`, want: "the folder of a finished run", got: "none" });
  }
  const config = options.resume ? await readConfig(options.resume) : await configOf(command, run!, options);
  const { signal, device } = interruptible(options);
  const result = await straightenRun(config, {
    folder,
    report,
    signal,
    device,
    resume: options.resume !== undefined,
    checkpointEvery: options.checkpointEvery,
  });
  await finishRun(folder, result, report, options.seed);
}

/** Draws (or finds) the pairs of a config's parent, and trains on them from the parent's parameters. */
export async function straightenRun(
  config: RunConfig,
  controls: Parameters<typeof trainRun>[2] & { report: Report },
): ReturnType<typeof trainRun> {
  const parent = await loadRun(config.parent!);
  const pairs = await storedPairs(controls.folder, () =>
    generate(parent, {
      n: config.pairs!,
      steps: config.pairSteps!,
      seed: config.seed + 1_000_000,
      report: controls.report,
      title: "pairs",
      signal: controls.signal,
    }),
  );
  return trainRun(config, pairs, controls, parent.params);
}

async function configOf(command: "reflow" | "distil", run: string, options: Options): Promise<RunConfig> {
  const { config } = await loadRun(run);
  return {
    ...config,
    command,
    steps: options.steps,
    batch: options.batch,
    optimizer: options.optimizer,
    learningRate: options.lr,
    ema: options.ema,
    stepsPerCall: options.stepsPerCall,
    seed: options.seed,
    parent: run,
    pairs: options.pairs,
    pairSteps: options.pairSteps,
    ...(command === "distil" ? { samplerSteps: options.samplerSteps ?? 1 } : {}),
  };
}
