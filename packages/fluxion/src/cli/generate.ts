import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OptionError } from "../core/errors.js";
import { key, randint } from "../core/random/index.js";
import { full } from "../ops/create.js";
import type { ArrayData } from "../data/array-data.js";
import { fromSigned } from "../data/images.js";
import { writeFileAtomic, writeImageGrid } from "../data/node/index.js";
import type { FlowPairs } from "../flow/flow-data.js";
import { generatePairs } from "../flow/pairs.js";
import { solvers, type Solver } from "../flow/solver.js";
import { tensor } from "../core/tensor.js";
import { readSafetensors, writeSafetensors } from "../onnx/safetensors.js";
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
  report: Report;
  title: string;
  signal?: AbortSignal | undefined;
}

/** A fixed-step solver by name. @throws OptionError */
export function solverNamed(name = "euler"): Solver {
  if (!Object.hasOwn(solvers, name)) {
    throw new OptionError({ where: "--solver", want: Object.keys(solvers).join(", "), got: name });
  }
  return solvers[name as keyof typeof solvers];
}

/** Sources and samples of a run's averaged model. The same seed gives the same sources whatever the steps. */
export async function generate(run: LoadedRun, options: GenerateOptions): Promise<FlowPairs> {
  const { n, steps, seed, report, title, signal } = options;
  const bar = report.bar(title, n);
  try {
    return await generatePairs({
      model: run.network.apply,
      params: run.ema,
      n,
      shape: run.config.shape,
      batchSize: Math.min(n, 500),
      solver: solverNamed(options.solver),
      steps,
      seed,
      onProgress: (made) => bar.update(made),
      ...(run.config.network.classes > 0 ? { cond: await labels(run, n, seed, options.label) } : {}),
      ...(signal ? { signal } : {}),
    });
  } finally {
    bar.stop();
  }
}

async function labels(
  run: LoadedRun,
  n: number,
  seed: number,
  label: number | undefined,
): Promise<ArrayData<Int32Array>> {
  const { classes } = run.config.network;
  if (label !== undefined && (!Number.isInteger(label) || label < 0 || label >= classes)) {
    throw new OptionError({ where: "--class", want: `a class in 0 … ${classes - 1}`, got: String(label) });
  }
  const drawn =
    label === undefined ? randint(key(seed + 1), [n], 0, classes) : full([n], label, { dtype: "int32" });
  return { data: (await drawn.data()) as Int32Array, shape: [n] };
}

/** The pairs of a run folder, drawn from its parent once and kept, so that a resumed run trains on the same ones. */
export async function storedPairs(folder: string, draw: () => Promise<FlowPairs>): Promise<FlowPairs> {
  const path = join(folder, "pairs.safetensors");
  if (existsSync(path)) {
    const { tensors } = readSafetensors(await readFile(path), { where: path });
    const array = async (name: string): Promise<ArrayData<Float32Array>> => {
      const t = tensors.get(name)!;
      return { data: (await t.data()) as Float32Array, shape: [...t.shape] };
    };
    const cond = tensors.get("cond");
    return {
      x0: await array("x0"),
      x1: await array("x1"),
      ...(cond ? { cond: { data: (await cond.data()) as Int32Array, shape: [...cond.shape] } } : {}),
    };
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
  await writePlot(file, scatterPlot(flat, title));
  return file;
}
