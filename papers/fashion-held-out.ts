// Fashion-MNIST in two parts, for the papers on editing and restoring: 9000 of the 10,000 images shipped with Fluxion are
// trained on, the rest are what is measured. With the flow of the bench at 14 x 14 comes the one that rectifies it.
import { tensor, type Tensor } from "fluxion";
import { averagePool, gatherRows, loadDataset, toSigned, type ArrayData } from "fluxion/data";
import { generatePairs, reflow, type FlowMlpParams } from "fluxion/flow";
import { benchOptimizer, benchTraining } from "./fashion7.js";
import { network, nullClass, shape, trainFashion14 } from "./fashion14.js";

const trained = 9000;

/** Images in [−1, 1] with their classes. */
export interface Labelled {
  /** float32 [N, 1, H, W] */
  readonly x1: ArrayData<Float32Array>;
  /** int32 [N] */
  readonly cond: ArrayData<Int32Array>;
}

/** The images to train on and those to measure on, as `prepare` makes them of 28 x 28 pixels in [−1, 1]. */
export async function loadParts(
  prepare: (images: ArrayData<Float32Array>) => ArrayData<Float32Array>,
): Promise<{ train: Labelled; held: Labelled }> {
  const { images, labels } = await loadDataset("fashion-mnist");
  const x1 = prepare(toSigned(images));
  const part = (from: number, to: number): Labelled => {
    const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
    return { x1: gatherRows(x1, rows), cond: gatherRows(labels, rows) };
  };
  return { train: part(0, trained), held: part(trained, images.shape[0]!) };
}

/** `loadParts` at 14 x 14. */
export const loadParts14 = () => loadParts((images) => averagePool(images, 2));

/** Rows of a set as Tensors. */
export function asTensors({ x1, cond }: Labelled, rows: Int32Array): { x: Tensor; y: Tensor } {
  const [images, classes] = [gatherRows(x1, rows), gatherRows(cond, rows)];
  return {
    x: tensor(images.data, { shape: images.shape }),
    y: tensor(classes.data, { shape: classes.shape }),
  };
}

/** `n` held-out images with their classes, other ones for every seed. */
export function heldOut(held: Labelled, n: number, seed: number): { x: Tensor; y: Tensor } {
  const total = held.cond.shape[0]!;
  return asTensors(
    held,
    Int32Array.from({ length: n }, (_, i) => (n * seed + i) % total),
  );
}

/** How long the two flows are trained; `second` 0 leaves the rectified one out. */
export interface FlowBudget {
  readonly first: number;
  readonly second: number;
  /** Pairs of the first flow for the second. */
  readonly pairs: number;
}

/** The conditional flow of the bench, and the flow that rectifies it, by the averages of their parameters. */
export type Flows = { first: FlowMlpParams; second?: FlowMlpParams };

/** Trains the flow of the bench and rectifies it on its own pairs, one in eleven without a class. */
export async function trainFlows(
  { first: steps, second, pairs }: FlowBudget,
  { seed, signal }: { seed: number; signal: AbortSignal | undefined },
): Promise<Flows> {
  const { train } = await loadParts14();
  const stop = signal ? { signal } : {};
  const first = await trainFashion14({
    data: { images: train.x1, labels: train.cond },
    steps,
    seed,
    ...stop,
  });
  if (second === 0) return { first };
  const data = await generatePairs({
    ...{ model: network.apply, params: first, shape, n: pairs, steps: 20, threads: 1, ...stop },
    cond: { data: Int32Array.from({ length: pairs }, (_, i) => i % (nullClass + 1)), shape: [pairs] },
    seed: seed + 1000,
  });
  const straight = await reflow({
    ...{ ...benchTraining, batchSize: 128, model: network.apply, seed, ...stop },
    ...{ params: first, data, steps: second, optimizer: benchOptimizer(second, 1e-3) },
  });
  return { first, second: straight.ema! };
}
