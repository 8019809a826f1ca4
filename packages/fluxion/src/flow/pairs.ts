import { compile } from "../compile/compile.js";
import type { Device } from "../compile/device.js";
import { evaluate } from "../compile/evaluate.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { foldIn, key as randomKey } from "../core/random/index.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import type { ArrayData } from "../data/array-data.js";
import { gatherRows } from "../data/batches.js";
import { mul } from "../ops/arithmetic.js";
import { full, zeros } from "../ops/create.js";
import { gaussianSource, type Source } from "./coupling.js";
import type { FlowPairs } from "./flow-data.js";
import { nullLike, type NullCondition } from "./guidance.js";
import { guidance, type GuidanceRule } from "./guidance-rule.js";
import type { Path } from "./path.js";
import type { FlowModel, Prediction } from "./prediction.js";
import { sampleOde, timeGrid, type SampleOptions } from "./sample.js";
import { velocityOf } from "./velocity.js";

/** What pairs are drawn for, and how many. */
export interface DrawPairsOptions {
  /** Number of pairs, ≥ 1. */
  n: number;
  /** Shape of one example without the batch axis. */
  shape: Shape;
  /** Conditions [n, ...], one a pair; kept with the pairs. */
  cond?: ArrayData;
  /** Pairs in one call. Default 1000, or n if that is less. */
  batchSize?: number;
  /** Default N(0, I). */
  source?: Source;
  /** Whole number in [0, 2³²) that fixes the sources. Default 0. */
  seed?: number;
  /** Called after every batch with the number of pairs made. */
  onProgress?: (made: number, n: number) => void;
  signal?: AbortSignal;
}

/** Options of `generatePairs`. */
export interface GeneratePairsOptions<P> extends DrawPairsOptions, SampleOptions {
  model: FlowModel<P>;
  params: P;
  /** The path the model was trained on. Default `linearPath()`. */
  path?: Path;
  /** What the model gives. Default "velocity". */
  prediction?: Prediction;
  /** How the condition is strengthened, and what stands for none; needs `cond`. Default: not at all. */
  guidance?: { readonly rule: GuidanceRule; readonly nullCond: NullCondition };
  /** Default: as `compile`. */
  device?: Device;
  /** Threads within an operator; default: as `compile`. */
  threads?: number;
}

const drawKeys = ["n", "shape", "cond", "batchSize", "source", "seed", "onProgress", "signal"] as const;

/**
 * Sources and where a flow takes them: the data of reflow and distillation, and simply samples (`x1`). On a `path` whose
 * sigma is not 1 at the start, the flow begins at sigma·x0.
 * @returns x0 and x1 [n, ...shape], and `cond` as given
 * @throws OptionError, ShapeError; the signal's reason if it aborts
 */
export async function generatePairs<P>(options: GeneratePairsOptions<P>): Promise<FlowPairs> {
  const where = "flow.generatePairs";
  const { model, params, path, prediction, guidance: strengthened, device, threads, ...others } = options;
  const { solver, last, steps, grid, from, to, hooks = [], ...draw } = others;
  checkOptions(where, draw, drawKeys);
  if (strengthened && !draw.cond)
    throw new OptionError({ where, want: "a condition to guide by", got: "none" });
  const reading = defined({ path, prediction });
  const times = defined({ solver, last, steps, grid, from, to });
  const sample = compile((p: P, x0: Tensor, cond: Tensor | undefined) => {
    const start = path ? mul(x0, path.at(full([], timeGrid(times)[0]!)).sigma) : x0;
    const under = (c: Tensor | undefined) => velocityOf(model, p, { ...reading, ...(c ? { cond: c } : {}) });
    const guides =
      strengthened && cond
        ? [
            guidance(
              strengthened.rule,
              under(nullLike(where, strengthened.nullCond, cond)),
              defined({ path }),
            ),
          ]
        : [];
    return sampleOde(under(cond), start, { ...times, hooks: [...guides, ...hooks] });
  }, defined({ device, threads }));
  try {
    return await drawPairs((x0, cond) => sample(params, x0, cond), draw);
  } finally {
    await sample.release();
  }
}

/**
 * `generatePairs` with anything that makes a sample of a source: an ONNX session, a server, an adaptive solver.
 * @param end gives the ends [B, ...shape] of sources [B, ...shape]
 */
export async function drawPairs(
  end: (x0: Tensor, cond: Tensor | undefined) => Promise<Tensor>,
  options: DrawPairsOptions,
): Promise<FlowPairs> {
  const where = "flow.generatePairs";
  checkOptions(where, options, drawKeys);
  const { n, shape, cond, source = gaussianSource(), seed = 0, onProgress, signal } = options;
  const { batchSize = Math.min(1000, n) } = options;
  if (![n, batchSize].every((v) => Number.isInteger(v) && v >= 1)) {
    throw new OptionError({ where, want: "whole numbers n, batchSize ≥ 1", got: `${n}, ${batchSize}` });
  }
  if (cond && cond.shape[0] !== n) {
    throw new ShapeError({ where: `${where}: cond`, want: `${n} rows`, got: String(cond.shape[0]) });
  }
  const size = sizeOf(shape);
  const [x0, x1] = [new Float32Array(n * size), new Float32Array(n * size)];
  const key = randomKey(seed);
  for (let made = 0, batch = 0; made < n; batch++) {
    signal?.throwIfAborted();
    // The last batch is drawn in full, because another shape would be compiled anew.
    const rows = Array.from({ length: batchSize }, (_, i) => Math.min(made + i, n - 1));
    const part = cond && gatherRows(cond, rows);
    const z0 = await evaluate(
      source(foldIn(key, tensor(batch, { dtype: "int32" })), zeros([batchSize, ...shape])),
    );
    const z1 = await end(z0, part && tensor(part.data, { shape: part.shape }));
    if (z1.size !== z0.size) {
      throw new ShapeError({ where, want: `samples ${z0.shape.join(", ")}`, got: z1.shape.join(", ") });
    }
    const count = Math.min(batchSize, n - made);
    x0.set(((await z0.data()) as Float32Array).subarray(0, count * size), made * size);
    x1.set(((await z1.data()) as Float32Array).subarray(0, count * size), made * size);
    made += count;
    onProgress?.(made, n);
  }
  const rows = [n, ...shape];
  return { x0: { data: x0, shape: rows }, x1: { data: x1, shape: [...rows] }, ...(cond ? { cond } : {}) };
}

/** The entries that are there: for options that must not be undefined. @internal */
export const defined = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
