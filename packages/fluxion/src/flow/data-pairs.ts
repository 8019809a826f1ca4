import { compile } from "../compile/compile.js";
import type { Device } from "../compile/device.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { foldIn, key as randomKey } from "../core/random/index.js";
import { tensor, type Tensor } from "../core/tensor.js";
import type { ArrayData } from "../data/array-data.js";
import { gatherRows } from "../data/batches.js";
import { div } from "../ops/arithmetic.js";
import { full } from "../ops/create.js";
import { gaussianSource, type FlowBatch, type Source } from "./coupling.js";
import { checkFlowData, rowsOf, type FlowData, type FlowPairs } from "./flow-data.js";
import { linearPath, type Path } from "./path.js";
import { endsThrough, pointOf, type FlowModel, type Prediction } from "./prediction.js";
import { defined } from "./pairs.js";
import { sampleOde, timeGrid, type SampleOptions } from "./sample.js";
import { ddim, type Solver } from "./solver.js";
import { velocityOf } from "./velocity.js";

/** How real data become pairs by a flow. */
export interface DataPairsOptions<P> {
  model: FlowModel<P>;
  params: P;
  data: FlowData;
  /** The path the model was trained on. Default `linearPath()`. */
  path?: Path;
  /** What the model gives. Default "velocity". */
  prediction?: Prediction;
  /** Default N(0, I). */
  source?: Source;
  /** Rows in one call. Default 1000, or all if there are less. */
  batchSize?: number;
  /** Whole number in [0, 2³²) that fixes the noise. Default 0. */
  seed?: number;
  /** Default: as `compile`. */
  device?: Device;
  threads?: number;
  /** Called after every batch with the number of pairs made. */
  onProgress?: (made: number, n: number) => void;
  signal?: AbortSignal;
}

/** Options of `inversionPairs`. */
export interface InversionPairsOptions<P> extends DataPairsOptions<P>, SampleOptions {
  /**
   * Where the inversion starts: the data are moved there along the path first, so that the flow sees what it was
   * trained on. Default 0.999.
   */
  from?: number;
  /** Default 0. */
  to?: number;
}

/**
 * Real data and the noise that a flow takes them back to: pairs whose data ends are not the flow's own samples, to go
 * on training a rectified flow with.
 * @returns x1 and cond as given, x0 of the same shape
 * @throws OptionError, ShapeError; the signal's reason if it aborts
 * @source S. Lee et al., 2024, arXiv 2405.20320 (incorporating real data); deviates: none
 */
export async function inversionPairs<P>(options: InversionPairsOptions<P>): Promise<FlowPairs> {
  const { solver, last, steps, grid, from = 0.999, to = 0, ...rest } = options;
  const times = defined({ solver, last, steps, grid, from, to });
  const visited = timeGrid(times);
  const end = visited.at(-1)!;
  const where = "flow.inversionPairs";
  if (!(end < visited[0]!))
    throw new OptionError({ where, want: "times that descend", got: `${visited[0]} to ${end}` });
  const { path = linearPath() } = rest;
  const rows = Int32Array.from({ length: rest.data.x1.shape[0] ?? 0 }, (_, i) => i);
  const { x0 } = await alongFlow(where, rest, rows, times, (_, xt) => ({
    x0: div(xt, path.at(full([], end)).sigma),
  }));
  return { ...rest.data, x0: x0! };
}

/** Options of `phasedPairs`. */
export interface PhasedPairsOptions<P> extends DataPairsOptions<P> {
  /** Number M ≥ 1 of equal intervals that [0, 1] is cut into. */
  phases: number;
  /** Number of pairs, ≥ M; every phase gets as many. Default: the rows of the data. */
  n?: number;
  /** Steps through one phase. Default 10. */
  steps?: number;
  /** Default `ddim(path)`. */
  solver?: Solver;
}

/**
 * Pairs for a flow that is to be first-order phase by phase: real data, moved to the start of a phase by fresh noise,
 * taken through it by the model; then the two ends of the path through both points, with the phase as the pair's span.
 * @returns x0, x1 [n, ...], span [n, 2], cond if the data have it
 * @throws OptionError, ShapeError; the signal's reason if it aborts
 * @source F.-Y. Wang et al., 2024, arXiv 2410.07303 (phased); H. Yan et al., 2024, arXiv 2405.07510 on the linear
 *   path; deviates: none
 */
export async function phasedPairs<P>(options: PhasedPairsOptions<P>): Promise<FlowPairs> {
  const where = "flow.phasedPairs";
  const { phases, steps = 10, solver, n: wanted, ...rest } = options;
  const { path = linearPath(), data, seed = 0 } = rest;
  const count = data.x1.shape[0] ?? 0;
  const n = wanted ?? count;
  if (![phases, n].every((v) => Number.isInteger(v) && v >= 1) || n < phases)
    throw new OptionError({ where, want: "whole numbers n ≥ phases ≥ 1", got: `${n}, ${phases}` });
  const parts: FlowPairs[] = [];
  for (let phase = 0; phase < phases; phase++) {
    const [from, to] = [phase / phases, (phase + 1) / phases];
    const first = Math.floor((n * phase) / phases);
    const length = Math.floor((n * (phase + 1)) / phases) - first;
    const rows = Int32Array.from({ length }, (_, i) => (first + i) % count);
    const { onProgress } = rest;
    const local = {
      ...rest,
      seed: (seed + phase * 0x9e3779b9) % 2 ** 32,
      ...(onProgress ? { onProgress: (made: number) => onProgress(first + made, n) } : {}),
    };
    const [s, t] = [full([], from), full([], to)];
    const times = { solver: solver ?? ddim(path), steps, from, to };
    const { x0, x1 } = await alongFlow(where, local, rows, times, (xs, xt) => {
      const ends = endsThrough(path, xs, s, xt, t);
      return { x0: ends.noise, x1: ends.data };
    });
    const span = Float32Array.from({ length: 2 * length }, (_, i) => (i % 2 === 0 ? from : to));
    const cond = data.cond && { cond: gatherRows(data.cond, rows) };
    parts.push({ x0: x0!, x1: x1!, span: { data: span, shape: [length, 2] }, ...cond });
  }
  return joinPairs(...parts);
}

/** Moves rows of data to the first of the times by fresh noise, takes them along the flow, and reads both points. */
async function alongFlow<P>(
  where: string,
  options: DataPairsOptions<P>,
  rows: Int32Array,
  times: SampleOptions,
  read: (start: Tensor, end: Tensor) => Readonly<Record<string, Tensor>>,
): Promise<Record<string, ArrayData<Float32Array>>> {
  checkOptions(where, options, dataKeys);
  const {
    model,
    params,
    data,
    path = linearPath(),
    prediction = "velocity",
    source = gaussianSource(),
  } = options;
  const { seed = 0, onProgress, signal, device, threads } = options;
  checkFlowData(where, data);
  const n = rows.length;
  const { batchSize = Math.min(1000, n) } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new OptionError({ where, want: "a whole batchSize ≥ 1", got: String(batchSize) });
  const from = full([], timeGrid(times)[0]!);
  const run = compile((p: P, { x1, cond }: FlowBatch, key: Tensor) => {
    const start = pointOf(path, { data: x1, noise: source(key, x1) }, from);
    const velocity = velocityOf(model, p, { path, prediction, ...(cond ? { cond } : {}) });
    return read(start, sampleOde(velocity, start, times));
  }, defined({ device, threads }));
  const size = data.x1.data.length / data.x1.shape[0]!;
  const out: Record<string, ArrayData<Float32Array>> = {};
  try {
    for (let made = 0, batch = 0; made < n; batch++) {
      signal?.throwIfAborted();
      // The last batch is computed in full, because another shape would be compiled anew.
      const indices = Int32Array.from({ length: batchSize }, (_, i) => rows[Math.min(made + i, n - 1)]!);
      const key = foldIn(randomKey(seed), tensor(batch, { dtype: "int32" }));
      const results = await run(params, rowsOf(data, indices), key);
      const count = Math.min(batchSize, n - made);
      for (const [name, values] of Object.entries(results)) {
        out[name] ??= { data: new Float32Array(n * size), shape: [n, ...data.x1.shape.slice(1)] };
        out[name].data.set(((await values.data()) as Float32Array).subarray(0, count * size), made * size);
      }
      made += count;
      onProgress?.(made, n);
    }
  } finally {
    await run.release();
  }
  return out;
}

const dataKeys = [
  ...["model", "params", "data", "path", "prediction", "source", "batchSize", "seed", "device", "threads"],
  ...["onProgress", "signal"],
];

/**
 * Pairs one after the other, e.g. samples of a flow and inverted real data.
 * @throws ShapeError unless all have the same parts of the same row shapes
 */
export function joinPairs(...parts: readonly FlowPairs[]): FlowPairs {
  const [first] = parts;
  const where = "flow.joinPairs";
  if (!first) throw new OptionError({ where, want: "at least one part", got: "none" });
  parts.forEach((part) => checkFlowData(where, part));
  const names = Object.keys(first) as (keyof FlowPairs)[];
  const rowShape = (part: FlowPairs): string =>
    names.map((name) => `${name} [${part[name]?.shape.slice(1).join(", ")}]`).join(", ");
  for (const part of parts) {
    if (rowShape(part) === rowShape(first) && Object.keys(part).length === names.length) continue;
    throw new ShapeError({ where, want: `rows ${rowShape(first)}`, got: rowShape(part) });
  }
  const joined = names.map((name) => {
    const arrays = parts.map((part) => part[name]!);
    const Kind = arrays[0]!.data.constructor as new (length: number) => Float32Array;
    const data = new Kind(arrays.reduce((length, a) => length + a.data.length, 0));
    let at = 0;
    for (const a of arrays) {
      data.set(a.data, at);
      at += a.data.length;
    }
    const rows = arrays.reduce((count, a) => count + a.shape[0]!, 0);
    return [name, { data, shape: [rows, ...arrays[0]!.shape.slice(1)] }] as const;
  });
  return Object.fromEntries(joined) as unknown as FlowPairs;
}
