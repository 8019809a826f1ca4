import { existsSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "../compile/evaluate.js";
import { FormatError } from "../core/errors.js";
import { key } from "../core/random/index.js";
import { readLocation } from "../data/assets.js";
import { writeFileAtomic } from "../data/node/index.js";
import { fDistill, type FDistillOptions } from "../flow/f-distill.js";
import { fDivergences, type FDivergenceName } from "../flow/f-divergence.js";
import { distil, reflow, trainFlow } from "../flow/fit.js";
import type { FlowData, FlowPairs } from "../flow/flow-data.js";
import { flowDiscriminator, type FlowDiscriminatorParams } from "../flow/flow-discriminator.js";
import { classifierFreeGuidance } from "../flow/guidance.js";
import { distilGuided } from "../flow/flow-guided.js";
import { linearPath } from "../flow/path.js";
import { convertModel } from "../flow/prediction.js";
import { readSafetensors, writeSafetensors } from "../onnx/safetensors.js";
import { zeros } from "../ops/create.js";
import { createOptimizer } from "../optim/registry.js";
import { warmupCosineSchedule, type Schedule } from "../optim/schedules.js";
import { openRun, readMetrics } from "../train/node/index.js";
import type { TrainResult } from "../train/train.js";
import { readConfig, type RunConfig } from "./config.js";
import { buildNetwork, type Network } from "./network.js";
import { formOf, objectiveOf } from "./objective.js";
import { linePlot, writePlot } from "./plots.js";
import type { Report } from "./report.js";

/** How a run is carried out; does not change its result. */
export interface RunControls {
  folder: string;
  report: Report;
  resume?: boolean;
  checkpointEvery?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** How a run ended. */
export interface RunEnd {
  status: "ok" | "aborted" | "non-finite";
  /** Steps that the run has behind it. */
  step: number;
  /** Of the last recorded step. */
  loss: number | undefined;
  /** Whether there was nothing left to do. */
  already: boolean;
  /** What went wrong and what to try. */
  message?: string;
}

/** A finished run, loaded. */
export interface LoadedRun {
  folder: string;
  config: RunConfig;
  network: Network;
  /** The last parameters, and their average to sample with. */
  params: unknown;
  ema: unknown;
}

const modelFile = "model.safetensors";

/**
 * Trains what a config says and leaves config, metrics, checkpoints, the model and a plot of the loss in the run's
 * folder.
 * @param load gives the data, once the folder is known to be good
 * @param parent the run that is gone on from; another network than its own starts anew, and so does an annealed one
 * @throws FluxionError before anything is written if the config makes no sense or the folder cannot be used
 */
export async function trainRun(
  config: RunConfig,
  load: () => Promise<FlowData | FlowPairs>,
  controls: RunControls,
  parent?: Pick<LoadedRun, "config" | "params" | "ema">,
): Promise<RunEnd> {
  const { folder, report, signal, resume = false, checkpointEvery = 500 } = controls;
  const network = buildNetwork(config.network, config.shape);
  const objective = await objectiveOf(config);
  const optimizer = createOptimizer(config.optimizer, {
    ...config.optimizerOptions,
    learningRate: rate(config),
  });
  const goesOn = parent && config.objective !== "annealed" && sameNetwork(parent.config, config);
  const fresh = goesOn ? parent.params : network.init(key(config.seed));
  const example = [zeros([1, ...config.shape]), zeros([1])] as const;
  // Traced only: shapes that the network cannot take are found here.
  network.apply(fresh, ...example, ...(config.network.classes > 0 ? [zeros([1], { dtype: "int32" })] : []));
  const run = await openRun(folder, { config: { ...config }, resume, checkpointEvery });
  try {
    const data = await load().catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
    if (!data) return { status: "aborted", step: 0, loss: undefined, already: false };
    const bar = report.bar(config.command, config.steps);
    let made = 0;
    const result = await fit(
      config,
      {
        model: network.apply,
        objective,
        params: await evaluate(fresh),
        batchSize: Math.min(config.batch, data.x1.shape[0]!),
        steps: config.steps,
        seed: config.seed,
        ema: { decay: config.ema, warmup: true },
        stepsPerCall: config.stepsPerCall,
        optimizer,
        onProgress: (p) => {
          made++;
          bar.update(p.step, `loss ${p.loss.toFixed(4)}  ${p.stepsPerSecond.toFixed(0)}/s`);
        },
        ...(signal ? { signal } : {}),
        ...run.options,
      },
      data,
      parent?.ema,
    ).finally(() => bar.stop());
    for (const { path, reason } of run.damaged)
      report.warn(`skipped a damaged checkpoint: ${path} (${reason})`);
    return await leave(folder, result, made === 0);
  } finally {
    await run.close();
  }
}

/** Writes what a run leaves beside its checkpoints; the model only of a run that went to its end. */
async function leave(folder: string, result: TrainResult<unknown>, idle: boolean): Promise<RunEnd> {
  const { status, step, failure } = result;
  const records = await readMetrics(join(folder, "metrics.jsonl"));
  const end = { status, step, loss: records.at(-1)?.loss, already: idle && status === "ok" };
  if (failure) return { ...end, message: failure.message };
  if (status === "aborted") return end;
  const model = await writeSafetensors({ params: result.params, ema: result.ema ?? result.params });
  await writeFileAtomic(join(folder, modelFile), model);
  if (records.length > 1) {
    const points = records.map((r) => [r.step, r.loss] as const);
    const labels = { title: "Training loss", x: "step", y: "loss", logY: true };
    await writePlot(join(folder, "loss.svg"), await linePlot([{ name: "loss", points }], labels));
  }
  return end;
}

/** Warm-up over the first tenth (at most 100 steps), then a cosine to a twentieth. */
function rate({ steps, learningRate: peak }: RunConfig): Schedule | number {
  const warmupSteps = Math.max(1, Math.min(100, Math.floor(steps / 10)));
  return steps > warmupSteps ? warmupCosineSchedule({ peak, end: peak / 20, warmupSteps, steps }) : peak;
}

function fit(
  config: RunConfig,
  common: Omit<Parameters<typeof trainFlow<unknown>>[0], "data">,
  data: FlowData | FlowPairs,
  teacher: unknown,
): Promise<TrainResult<unknown>> {
  if (config.command === "train") return trainFlow({ ...common, data });
  if (config.method === "f-distill") return match(config, common, data);
  const pairs = data as FlowPairs;
  if (config.command === "reflow") return reflow({ ...common, data: pairs });
  if (config.method === "flow-guided") {
    const { objective, model, ...rest } = common;
    const { prediction = "velocity" } = objective ?? {};
    const velocity = convertModel(model, linearPath(), prediction, "velocity");
    return distilGuided({ ...rest, model: velocity, data: pairs, teacher });
  }
  return distil({ ...common, data: pairs, samplerSteps: config.samplerSteps ?? 1 });
}

/** Distribution matching from the parent's average, with a discriminator of the form's own. */
function match(
  config: RunConfig,
  common: Omit<Parameters<typeof trainFlow<unknown>>[0], "data">,
  data: FlowData,
): Promise<TrainResult<unknown>> {
  const { shape, network, guidance = 1, steps } = config;
  const { classes } = network;
  const { model, params, objective: _, stepsPerCall: __, ...rest } = common;
  const { path, prediction } = formOf(config);
  const options = {
    ...{ ...rest, model, teacher: params, data, prediction, ...(path ? { path } : {}) },
    teacherModel:
      guidance === 1 ? model : classifierFreeGuidance(model, { scale: guidance, nullCond: classes }),
    discriminator: flowDiscriminator({ shape, classes }),
    divergence: fDivergences[(config.divergence ?? "jensen-shannon") as FDivergenceName],
    warmup: Math.min(60, Math.floor(steps / 8)),
  };
  // Checkpoints hold the state of whatever method there is.
  return fDistill(options as FDistillOptions<unknown, FlowDiscriminatorParams>);
}

const sameNetwork = ({ network: a }: RunConfig, { network: b }: RunConfig): boolean =>
  a.width === b.width && a.depth === b.depth;

/** Loads the model of a run. @throws FormatError, TreeError or ShapeError naming the file that is not a finished run's */
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
  const { tree } = readSafetensors(await readLocation(path), { where: path, like: { params, ema: params } });
  return { folder, config, network, ...tree };
}
