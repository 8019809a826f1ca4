// A model that scores classes of images: predictions, gradients, tuning.
import { compile, grad, logSoftmax, tensor, treeMap, treePaths, type Tensor } from "fluxion";
import { batches } from "fluxion/data";
import type { NamedTree } from "fluxion/onnx";
import { adam } from "fluxion/optim";
import { train, type Snapshot } from "fluxion/train";
import { toInput, type Range } from "./pixels.js";
import type { ImageInput } from "./inputs.js";
import type { LabelledImages, Prediction } from "./protocol.js";

/** How the model is run. */
export interface ClassifierOptions {
  readonly input: ImageInput;
  /** Scores or chances [B, K] of images [B, ...]. */
  readonly scores: (params: NamedTree, images: Tensor) => Tensor;
  readonly images: LabelledImages;
  readonly range: Range;
}

/** Images in one run where the file leaves that open: fewer of large ones. */
const most = ({ shape: [n, h, w, c] }: LabelledImages): number =>
  Math.max(1, Math.min(n, 32, Math.floor(2 ** 21 / (h * w * c))));

/** A classifier with its images at hand. */
export function classifier({ input, scores, images, range }: ClassifierOptions) {
  const batch = input.batch ?? most(images);
  const [n, h, w, c] = images.shape;
  const example = input.layout === "nchw" ? [c, h, w] : [h, w, c];
  /** Whether the outputs are chances already; known after the first predictions. */
  let normalised: boolean | undefined;
  let classes = 0;

  /** As many rows as a batch holds; where there are fewer they repeat. */
  const fill = (rows: readonly number[]): number[] =>
    Array.from({ length: batch }, (_, i) => rows[i % rows.length]!);
  const inputOf = (rows: readonly number[]): Tensor => {
    return tensor(toInput(images.pixels, images.shape, fill(rows), { range, layout: input.layout }), {
      shape: [batch, ...example],
    });
  };
  const run = compile((p: NamedTree, x: Tensor) => scores(p, x));

  const predict = async (params: NamedTree): Promise<Prediction[]> => {
    const found: Prediction[] = [];
    for (let from = 0; from < n; from += batch) {
      const rows = Array.from({ length: Math.min(batch, n - from) }, (_, i) => from + i);
      const out = await run(params, inputOf(rows));
      const data = (await out.data()) as Float32Array;
      classes = out.shape[1]!;
      const row = (r: number): Float32Array => data.subarray(r * classes, (r + 1) * classes);
      normalised ??= rows.every((_, r) => isDistribution(row(r)));
      for (const r of rows.keys()) found.push(predictionOf(normalised ? row(r) : softmax(row(r))));
    }
    return found;
  };
  const known = async (params: NamedTree): Promise<void> => {
    if (normalised === undefined) await predict(params);
    const worst = images.labels.find((label) => label >= classes);
    if (worst !== undefined) throw new Error(`The model knows classes 0 to ${classes - 1}, not ${worst}.`);
  };
  const targetOf = (rows: readonly number[]): Tensor => {
    const hot = new Float32Array(batch * classes);
    fill(rows).forEach((row, i) => (hot[i * classes + images.labels[row]!] = 1));
    return tensor(hot, { shape: [batch, classes] });
  };
  const crossEntropy = (params: NamedTree, x: Tensor, target: Tensor): Tensor => {
    const out = scores(params, x);
    const logs = normalised ? out.add(1e-7).log() : logSoftmax(out, -1);
    return logs.mul(target).sum(-1).mean().neg();
  };
  const tunable = images.held.flatMap((held, i) => (held ? [] : [i]));

  return {
    predict,
    /** Norms of the gradient of the cross entropy, by path, at the first images that are tuned on. */
    async gradient(params: NamedTree): Promise<{ value: number; norms: Record<string, number> }> {
      await known(params);
      const rows = spread(tunable, batch);
      return normsOf((p, x, target) => crossEntropy(p, x, target), params, [inputOf(rows), targetOf(rows)]);
    },
    /** Trains the parameters at `paths`; `resume` goes on where an earlier call ended. */
    async tune(
      params: NamedTree,
      options: {
        paths: readonly string[];
        steps: number;
        learningRate: number;
        signal: AbortSignal;
        resume: Snapshot<Tensor[]> | undefined;
        onRecord: (step: number, loss: number) => Promise<void>;
      },
    ): Promise<{ params: NamedTree; snapshot: Snapshot<Tensor[]> }> {
      await known(params);
      if (tunable.length === 0) throw new Error("All images are held out: there is none to tune on.");
      const { paths, steps, learningRate, signal, resume, onRecord } = options;
      const all = new Map(treePaths(params).map(({ path, leaf }) => [path, leaf]));
      const whole = (some: readonly Tensor[]): NamedTree =>
        treeMap((leaf: Tensor, path: string) => {
          const at = paths.indexOf(path);
          return at < 0 ? leaf : some[at]!;
        }, params);
      const plan = { n: tunable.length, batchSize: Math.min(batch, tunable.length), seed: 0 };
      const rowsOf = (step: number): number[] =>
        Array.from(batches(plan, step).next().value.indices, (i) => tunable[i]!);
      const result = await train<Tensor[], { x: Tensor; target: Tensor }>({
        ...{ params: paths.map((path) => all.get(path)!), steps, signal, recordEvery: 1 },
        optimizer: adam({ learningRate }),
        batches(step) {
          const rows = rowsOf(step);
          return { x: inputOf(rows), target: targetOf(rows) };
        },
        loss: (some, { x, target }) => crossEntropy(whole(some), x, target),
        onRecord: ({ step, loss }) => onRecord(step, loss),
        ...(resume && { resume }),
      });
      if (result.status === "non-finite") {
        throw new Error("The loss left the finite numbers: try a smaller rate.");
      }
      return { params: whole(result.params), snapshot: result.snapshot };
    },
    release: () => run.release(),
  };
}

/** The value of a loss and the norms of its gradient by path. */
export async function normsOf(
  loss: (params: NamedTree, ...rest: Tensor[]) => Tensor,
  params: NamedTree,
  rest: readonly Tensor[],
): Promise<{ value: number; norms: Record<string, number> }> {
  const paths = treePaths(params).map(({ path }) => path);
  const run = compile((p: NamedTree, ...x: Tensor[]) => ({
    value: loss(p, ...x),
    norms: treePaths(grad(loss)(p, ...x)).map(({ leaf }) => leaf.square().sum().sqrt()),
  }));
  const { value, norms } = await run(params, ...rest);
  const found = await Promise.all(norms.map((t) => t.item()));
  const result = {
    value: await value.item(),
    norms: Object.fromEntries(paths.map((p, i) => [p, found[i]!])),
  };
  await run.release();
  return result;
}

/** `count` of the rows, spread over them. */
const spread = (rows: readonly number[], count: number): number[] =>
  rows.length <= count
    ? [...rows]
    : Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]!);

const isDistribution = (row: Float32Array): boolean =>
  row.every((v) => v >= 0 && v <= 1) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-3;

function softmax(row: Float32Array): Float32Array {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = row.map((v) => Math.exp(v - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
}

function predictionOf(chances: Float32Array): Prediction {
  const best = chances.reduce((b, v, i) => (v > chances[b]! ? i : b), 0);
  return { best, chance: chances[best]! };
}
