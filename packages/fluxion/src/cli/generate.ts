import { existsSync } from "node:fs";
import { join } from "node:path";
import { OptionError } from "../core/errors.js";
import { key, randint } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import type { ArrayData } from "../data/array-data.js";
import { readLocation } from "../data/assets.js";
import { fromSigned } from "../data/images.js";
import { writeFileAtomic, writeImageGrid } from "../data/node/index.js";
import type { FlowPairs } from "../flow/flow-data.js";
import { classifierFreeGuidance } from "../flow/guidance.js";
import { generatePairs } from "../flow/pairs.js";
import { shiftedGrid } from "../flow/time-shift.js";
import { solvers, type Solver } from "../flow/solver.js";
import { readSafetensors, writeSafetensors } from "../onnx/safetensors.js";
import { full, zeros } from "../ops/create.js";
import type { RunConfig } from "./config.js";
import type { Network } from "./network.js";
import { formOf, type Form } from "./objective.js";
import { scatterPlot, writePlot } from "./plots.js";
import type { Report } from "./report.js";
import type { LoadedRun } from "./run.js";

/** How many samples, and how they are made. */
export interface GenerateOptions {
  n: number;
  steps: number;
  solver?: string;
  seed: number;
  /** Class of every sample; default: classes drawn uniformly. Only of a conditional flow. */
  label?: number | undefined;
  /** Guidance by the class. Default 1: none. Only of a conditional flow. */
  guidance?: number | undefined;
  report: Report;
  title: string;
  signal?: AbortSignal | undefined;
}

/** A fixed-step solver by name; default: the first-order step of the model's form. @throws OptionError */
export function solverNamed(name: string | undefined, form: Form): Solver {
  if (name === undefined) return form.solver;
  if (!Object.hasOwn(solvers, name)) {
    throw new OptionError({ where: "--solver", want: Object.keys(solvers).join(", "), got: name });
  }
  return solvers[name as keyof typeof solvers];
}

/** Sources and samples of a run's averaged model. The same seed gives the same sources whatever the steps. */
export async function generate(run: LoadedRun, options: GenerateOptions): Promise<FlowPairs> {
  const { n, steps, seed, report, title, signal } = options;
  const form = formOf(run.config);
  const solver = solverNamed(options.solver, form);
  const cond = await labels(run, n, seed, options.label);
  const model = guided(run, options.guidance ?? 1);
  const bar = report.bar(title, n);
  try {
    return await generatePairs({
      model,
      prediction: form.prediction,
      ...(form.path ? { path: form.path } : {}),
      params: run.ema,
      n,
      shape: run.config.shape,
      batchSize: Math.min(n, 500),
      solver,
      ...samplingTimes(run, steps),
      seed,
      onProgress: (made) => bar.update(made),
      ...(cond ? { cond } : {}),
      ...(signal ? { signal } : {}),
    });
  } finally {
    bar.stop();
  }
}

/** The times of a run's sampler: a shifted flow is sampled as it was trained, a distilled one at the times it knows. */
export function samplingTimes({ config }: LoadedRun, steps: number): { steps: number } | { grid: number[] } {
  const { shift = 1, command } = config;
  return shift === 1 || command === "distil" ? { steps } : { grid: shiftedGrid({ steps, shift }) };
}

/** The model of a run under guidance. @throws OptionError for guidance of an unconditional flow */
export function guided({ network, config }: LoadedRun, scale: number): Network["apply"] {
  const { classes } = config.network;
  if (scale === 1) return network.apply;
  if (classes === 0)
    throw new OptionError({ where: "--guidance", want: "a conditional flow", got: "no classes" });
  return classifierFreeGuidance(network.apply, { scale, nullCond: classes });
}

async function labels(
  run: LoadedRun,
  n: number,
  seed: number,
  label: number | undefined,
): Promise<ArrayData<Int32Array> | undefined> {
  const { network, classes: names } = run.config;
  const { classes } = network;
  if (label !== undefined && label >= classes) {
    const want = classes > 0 ? `a class in 0 … ${classes - 1} (${names.join(", ")})` : "a conditional flow";
    throw new OptionError({ where: "--class", want, got: String(label) });
  }
  if (classes === 0) return undefined;
  const drawn =
    label === undefined
      ? randint(key((seed + 1) % 2 ** 32), [n], 0, classes)
      : full([n], label, { dtype: "int32" });
  return { data: (await drawn.data()) as Int32Array, shape: [n] };
}

/**
 * The pairs of a run that goes on, so that it trains on the ones it began with; drawn and kept if there are none.
 * @throws FormatError, TreeError or ShapeError naming a file that holds other things
 */
export async function storedPairs(
  folder: string,
  { shape, pairs: n, network, objective }: RunConfig,
  resume: boolean,
  draw: () => Promise<FlowPairs>,
): Promise<FlowPairs> {
  const path = join(folder, "pairs.safetensors");
  if (resume && existsSync(path)) {
    const rows = [n!, ...shape];
    const cond = network.classes > 0 ? { cond: zeros([n!], { dtype: "int32" }) } : {};
    const span = objective === "phased" ? { span: zeros([n!, 2]) } : {};
    const like: Record<string, Tensor> = { x0: zeros(rows), x1: zeros(rows), ...cond, ...span };
    const { tree } = readSafetensors(await readLocation(path), { where: path, like });
    const arrays = Object.entries(tree).map(async ([name, t]) => [
      name,
      { data: await t.data(), shape: [...t.shape] },
    ]);
    return Object.fromEntries(await Promise.all(arrays)) as FlowPairs;
  }
  const pairs = await draw();
  const tree = Object.fromEntries(
    Object.entries(pairs).map(([name, a]: [string, ArrayData]) => [name, tensor(a.data, { shape: a.shape })]),
  );
  await writeFileAtomic(path, await writeSafetensors(tree));
  return pairs;
}

/** Writes samples as a picture: images as a PNG grid, points as an SVG scatter plot. Returns the file's path. */
export async function writeSamples(
  path: string,
  samples: ArrayData<Float32Array>,
  options: { columns?: number; scale?: number; title: string },
): Promise<string> {
  const { columns, scale = 2, title } = options;
  if (samples.shape.length === 4) {
    const file = path.replace(/(\.png)?$/, ".png");
    await writeImageGrid(file, fromSigned(samples), { scale, ...(columns ? { columns } : {}) });
    return file;
  }
  const [n, d] = samples.shape as [number, number];
  const file = path.replace(/(\.svg)?$/, ".svg");
  const flat = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    flat[2 * i] = samples.data[i * d]!;
    flat[2 * i + 1] = d > 1 ? samples.data[i * d + 1]! : 0;
  }
  await writePlot(file, await scatterPlot(flat, title));
  return file;
}
