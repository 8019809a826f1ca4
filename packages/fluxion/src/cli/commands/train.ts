import type { Command } from "commander";
import { networkConfig } from "../network.js";
import { whole, withData, withTraining, type TrainingOptions } from "../options.js";
import { finishRun, interruptible } from "../session.js";
import { createReport } from "../report.js";
import { readConfig, trainRun, type RunConfig } from "../run.js";
import { loadSource } from "../source.js";

interface Options extends TrainingOptions {
  data: string;
  size: number;
  limit: number;
  model?: string;
  width?: number;
  depth?: number;
  conditional?: boolean;
}

/** `fluxion train`: a rectified flow from noise to data. */
export function trainCommand(program: Command): void {
  const command = program.command("train").description("train a rectified flow from noise to your data");
  withTraining(withData(command), { steps: 3000, lr: 2e-3, out: "runs/train" })
    .option("--model <kind>", "mlp, dit or unet (default: dit for images, mlp for points)")
    .option("--width <n>", "units, token width, or channels of the finest level", whole(1))
    .option("--depth <n>", "layers, blocks, or levels", whole(1))
    .option("--conditional", "condition on the classes of the data")
    .action(async (options: Options) => {
      const report = createReport(options.json ?? false);
      const config = options.resume ? await readConfig(options.resume) : await configOf(options);
      const folder = options.resume ?? options.out ?? "runs/train";
      const source = await loadSource(config.source);
      report.note(`data ${config.source.data}: ${source.x1.shape.join(" x ")}`);
      const conditional = config.network.classes > 0 && source.labels;
      const data = { x1: source.x1, ...(conditional ? { cond: conditional } : {}) };
      const { signal, device } = interruptible(options);
      const result = await trainRun(config, data, {
        ...{ folder, report, signal, device, resume: options.resume !== undefined },
        checkpointEvery: options.checkpointEvery,
      });
      await finishRun(folder, result, report, options.seed);
    });
}

async function configOf(options: Options): Promise<RunConfig> {
  const { data, size, limit, conditional = false } = options;
  const sourceConfig = { data, size, limit };
  const source = await loadSource(sourceConfig);
  const classes = conditional ? source.classes : [];
  return {
    command: "train",
    source: sourceConfig,
    shape: source.shape,
    network: networkConfig(source.shape, {
      kind: options.model,
      width: options.width,
      depth: options.depth,
      classes: classes.length,
    }),
    classes,
    steps: options.steps,
    batch: options.batch,
    optimizer: options.optimizer,
    learningRate: options.lr,
    ema: options.ema,
    stepsPerCall: options.stepsPerCall,
    seed: options.seed,
  };
}
