import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "../compile/device.js";
import { evaluate } from "../compile/evaluate.js";
import { FluxionError, FormatError } from "../core/errors.js";
import { key } from "../core/random/index.js";
import type { Shape } from "../core/shape.js";
import { writeFileAtomic } from "../data/node/index.js";
import { distil, reflow, trainFlow } from "../flow/fit.js";
import type { FlowData, FlowPairs } from "../flow/flow-data.js";
import { readSafetensors, writeSafetensors } from "../onnx/safetensors.js";
import { createOptimizer } from "../optim/registry.js";
import { warmupCosineSchedule } from "../optim/schedules.js";
import { openRun, readMetrics } from "../train/node/index.js";
import type { TrainResult } from "../train/train.js";
import { buildNetwork, type Network, type NetworkConfig } from "./network.js";
import { linePlot, writePlot } from "./plots.js";
import type { Report } from "./report.js";
import type { SourceConfig } from "./source.js";

/** What a run is made from; `config.json` of its folder. */
export interface RunConfig {
  command: "train" | "reflow" | "distil";
  source: SourceConfig;
  /** One example: [C, H, W] or [D]. */
  shape: Shape;
  network: NetworkConfig;
  /** Class names, where the flow is conditional. */
  classes: readonly string[];
  steps: number;
  batch: number;
  optimizer: string;
  /** Peak of a warm-up and cosine schedule. */
  learningRate: number;
  ema: number;
  stepsPerCall: number;
  seed: number;
  /** Folder of the run that made the pairs, and how it made them. */
  parent?: string;
  pairs?: number;
  pairSteps?: number;
  /** Steps of the distilled sampler. */
  samplerSteps?: number;
}

/** How a run is carried out; does not change its result. */
export interface RunControls {
  folder: string;
  report: Report;
  resume?: boolean;
  device?: Device | undefined;
  checkpointEvery?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Parameters as a run leaves them: the last ones, and their average to sample with. */
export interface TrainedParams {
  params: unknown;
  ema: unknown;
}

/** A finished run, loaded. */
export interface LoadedRun extends TrainedParams {
  folder: string;
  config: RunConfig;
  network: Network;
}

const modelFile = "model.safetensors";

/**
 * Trains what a config says on `data` and leaves config, metrics, checkpoints, the model and a plot of the loss in the
 * run's folder.
 * @throws FluxionError if the loss stops being finite, with what to try
 */
export async function trainRun(
  config: RunConfig,
  data: FlowData | FlowPairs,
  controls: RunControls,
  start?: unknown,
): Promise<TrainResult<unknown>> {
  const { folder, report, signal, device, resume = false, checkpointEvery = 500 } = controls;
  const network = buildNetwork(config.network, config.shape);
  const params = await evaluate(start ?? network.init(key(config.seed)));
  const run = await openRun(folder, { config: { ...config }, resume, checkpointEvery });
  const bar = report.bar(config.command, config.steps);
  const warmupSteps = Math.max(1, Math.min(100, Math.floor(config.steps / 10)));
  const learningRate =
    config.steps > warmupSteps
      ? warmupCosineSchedule({
          peak: config.learningRate,
          end: config.learningRate / 20,
          warmupSteps,
          steps: config.steps,
        })
      : config.learningRate;
  try {
    const common = {
      model: network.apply,
      params,
      batchSize: Math.min(config.batch, data.x1.shape[0]!),
      steps: config.steps,
      seed: config.seed,
      ema: { decay: config.ema, warmup: true },
      stepsPerCall: config.stepsPerCall,
      optimizer: createOptimizer(config.optimizer, { learningRate }),
      onProgress: (p: { step: number; loss: number; stepsPerSecond: number }) =>
        bar.update(p.step, `loss ${p.loss.toFixed(4)}  ${p.stepsPerSecond.toFixed(0)}/s`),
      ...(device ? { device } : {}),
      ...(signal ? { signal } : {}),
      ...run.options,
    };
    const result = await fit(config, common, data);
    for (const { path, reason } of run.damaged)
      report.note(`skipped a damaged checkpoint: ${path} (${reason})`);
    if (result.failure) throw new FluxionError({ where: folder, got: result.failure.message });
    await writeFileAtomic(
      join(folder, modelFile),
      await writeSafetensors({ params: result.params, ema: result.ema ?? result.params }),
    );
    await plotLoss(folder);
    return result;
  } finally {
    bar.stop();
    await run.close();
  }
}

function fit(
  config: RunConfig,
  common: Omit<Parameters<typeof trainFlow<unknown>>[0], "data">,
  data: FlowData | FlowPairs,
): Promise<TrainResult<unknown>> {
  if (config.command === "train") return trainFlow({ ...common, data });
  const pairs = data as FlowPairs;
  if (config.command === "reflow") return reflow({ ...common, data: pairs });
  return distil({ ...common, data: pairs, samplerSteps: config.samplerSteps ?? 1 });
}

async function plotLoss(folder: string): Promise<void> {
  const records = await readMetrics(join(folder, "metrics.jsonl"));
  if (records.length < 2) return;
  const points = records.map((r) => [r.step, r.loss] as const);
  const plot = linePlot([{ name: "loss", points }], {
    title: "Training loss",
    x: "step",
    y: "loss",
    logY: true,
  });
  await writePlot(join(folder, "loss.svg"), plot);
}

/** The config of a run folder. @throws FormatError if there is none, or it is no run's */
export async function readConfig(folder: string): Promise<RunConfig> {
  const path = join(folder, "config.json");
  if (!existsSync(path))
    throw new FormatError({ where: folder, want: "a run folder (with config.json)", got: "none" });
  const config = JSON.parse(await readFile(path, "utf8")) as Partial<RunConfig>;
  if (!config.network || !config.shape || !config.source) {
    throw new FormatError({ where: path, want: "the config of a flow's run", got: "another file" });
  }
  return config as RunConfig;
}

/** Loads the model of a run. @throws FormatError if the folder holds no finished run */
export async function loadRun(folder: string): Promise<LoadedRun> {
  const config = await readConfig(folder);
  const path = join(folder, modelFile);
  if (!existsSync(path)) {
    throw new FormatError({
      where: folder,
      want: "a finished run",
      got: `no ${modelFile}`,
      hint: `finish it: fluxion ${config.command} --resume ${folder}`,
    });
  }
  const network = buildNetwork(config.network, config.shape);
  const params = network.init(key(config.seed));
  const { tree } = readSafetensors(await readFile(path), { where: path, like: { params, ema: params } });
  return { folder, config, network, ...tree };
}
