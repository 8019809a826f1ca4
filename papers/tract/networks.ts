// The claim on real images: the first layer of a convolutional network and of a perceptron under TrAct and without.
import { compile, random, relu, type Tensor } from "fluxion";
import type { ClaimContext, Tier } from "fluxion/claims";
import { mlp } from "fluxion/nn";
import {
  chain,
  cosineSchedule,
  identity,
  momentum,
  tract,
  type Schedule,
  type TractTransformOptions,
  type Transform,
} from "fluxion/optim";
import { chooseLearningRates, train, type Snapshot } from "fluxion/train";
import {
  accuracy,
  crossEntropy,
  fashionTask,
  once,
  smallConvNet,
  type FashionTask,
  type Labelled,
} from "../fashion-classifier.js";

const batchSize = 128;
const budgets = {
  quick: { train: 2560, epochs: 2, test: 1000 },
  full: { train: 6000, epochs: 6, test: 3000 },
} as const satisfies Record<Tier, object>;

const perceptron = mlp({ inputs: 784, hidden: [128, 128], outputs: 10, activation: relu });
const rowsOf = ({ x }: Labelled): Tensor => x.reshape([x.shape[0]!, 784]);
const convNet = smallConvNet();

type Params = object;
/** The networks, with what TrAct has to know of their first layers. */
const networks: Record<
  "conv" | "mlp",
  {
    init: (key: Tensor) => Params;
    apply: (params: never, batch: Labelled) => Tensor;
    first: TractTransformOptions;
  }
> = {
  conv: {
    init: convNet.init,
    apply: (params, { x }) => convNet.apply(params, x),
    first: { weight: "first.weight", input: ({ x }: Labelled) => x, conv: { stride: 2, padding: 2 } },
  },
  mlp: {
    init: perceptron.init,
    apply: (params, batch) => perceptron.apply(params, rowsOf(batch)),
    first: { weight: "layers[0].weight", input: rowsOf },
  },
};
/** Name of a network. */
export type NetworkName = keyof typeof networks;

/** What is put before the optimizer, by name. */
export const variants = {
  vanilla: () => identity(),
  "TrAct 0.1": (first: TractTransformOptions) => tract({ ...first, lambda: 0.1 }),
  "TrAct 0.2": (first: TractTransformOptions) => tract({ ...first, lambda: 0.2 }),
} as const satisfies Record<string, (first: TractTransformOptions) => Transform>;
/** Name of a variant. */
export type VariantName = keyof typeof variants;

const tasks = {
  quick: once(() => fashionTask(budgets.quick)),
  full: once(() => fashionTask(budgets.full)),
};

const lossOf =
  (name: NetworkName) =>
  (params: Params, batch: Labelled): Tensor =>
    crossEntropy(networks[name].apply(params as never, batch), batch.y);

/** The rate of momentum that the tuning part chooses for the network as it is; TrAct takes it over. */
const tunedRate = once(async () => {
  const task = await tasks.full();
  const steps = budgets.full.epochs * Math.floor(budgets.full.train / batchSize);
  const loss = lossOf("conv");
  const { vanilla } = await chooseLearningRates({
    ...{ loss, steps, batches: task.batches(batchSize), schedule: cosineSchedule({ init: 1, steps }) },
    init: (seed) => networks.conv.init(random.key(seed)),
    optimizers: { vanilla: (learningRate: Schedule) => momentum({ learningRate }) },
    learningRates: [0.02, 0.05, 0.1, 0.2],
    score: (params) => loss(params, task.tune),
  });
  return vanilla!.learningRate;
});

/** A network to train: its start, its loss, its accuracy on a part, its first layer. */
export const networkOf = (name: NetworkName) => ({
  ...networks[name],
  loss: lossOf(name),
  accuracy: (params: Params, part: Labelled): Tensor =>
    accuracy(networks[name].apply(params as never, part), part.y),
});

/** The first layer's weights as grey images, each from its smallest value (black) to its largest: uint8 [N, H, W, 1]. */
export async function filters(
  name: NetworkName,
  params: Params,
): Promise<{ pixels: Uint8Array; shape: [number, number, number, number] }> {
  const weight =
    name === "conv"
      ? (params as { first: { weight: Tensor } }).first.weight.reshape([16, 25])
      : (params as { layers: { weight: Tensor }[] }).layers[0]!.weight.slice(null, [0, 32]).transpose();
  const [low, high] = [weight.min(1, { keepDims: true }), weight.max(1, { keepDims: true })];
  const grey = await weight.sub(low).div(high.sub(low)).mul(255).round().cast("uint8").data();
  const [n, size] = weight.shape as [number, number];
  return { pixels: grey as Uint8Array, shape: [n, Math.sqrt(size), Math.sqrt(size), 1] };
}

/** Of every epoch: mean training loss, and test accuracy after it. */
export interface Course {
  readonly losses: readonly number[];
  readonly accuracies: readonly number[];
}

/** Trains a network with SGD of momentum 0.9 under a cosine, a variant before it, and looks at it after every epoch. */
export async function course(
  name: NetworkName,
  variant: VariantName,
  options: {
    task: FashionTask;
    size: number;
    epochs: number;
    rate: number;
    seed: number;
    signal?: AbortSignal | undefined;
    onEpoch?: (course: Course) => Promise<void> | void;
  },
): Promise<Course> {
  const { task, size, epochs, rate, seed, signal, onEpoch } = options;
  const perEpoch = Math.floor(size / batchSize);
  const steps = epochs * perEpoch;
  const { init, apply, first } = networks[name];
  const optimizer: Transform = chain(
    variants[variant](first),
    momentum({ learningRate: cosineSchedule({ init: rate, steps }) }),
  );
  const draw = task.batches(batchSize);
  const measure = compile((params: Params) => accuracy(apply(params as never, task.test), task.test.y));
  const result: { losses: number[]; accuracies: number[] } = { losses: [], accuracies: [] };
  let resume: Snapshot<Params> | undefined;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { history, snapshot } = await train({
      ...{ params: init(random.key(seed)), optimizer, loss: lossOf(name), recordEvery: 1, threads: 1 },
      ...{ steps: epoch * perEpoch, batches: (step: number) => draw(seed, step), key: random.key(seed) },
      ...(resume ? { resume } : {}),
      ...(signal ? { signal } : {}),
    });
    resume = snapshot;
    result.losses.push(history.reduce((sum, r) => sum + r.loss, 0) / history.length);
    result.accuracies.push(await (await measure(snapshot.params)).item());
    await onEpoch?.(result);
  }
  await measure.release();
  return result;
}

/** Figures of one seed: last and early losses and accuracies of every variant on both networks. */
export async function courses({
  tier,
  seed,
  signal,
  progress,
}: ClaimContext): Promise<Record<string, number>> {
  const task = await tasks[tier]();
  const rate = tier === "full" ? await tunedRate() : 0.1;
  const { train: size, epochs } = budgets[tier];
  const figures: Record<string, number> = { rate };
  const plan: [NetworkName, VariantName][] = [
    ["conv", "vanilla"],
    ["conv", "TrAct 0.1"],
    ["mlp", "vanilla"],
    ["mlp", "TrAct 0.1"],
    ...(tier === "full" ? [["conv", "TrAct 0.2"] satisfies [NetworkName, VariantName]] : []),
  ];
  for (const [i, [network, variant]] of plan.entries()) {
    progress(i / plan.length, `${network}, ${variant}`);
    const { losses, accuracies } = await course(network, variant, { task, size, epochs, rate, seed, signal });
    const id = `${network} ${variant}`;
    figures[`loss, ${id}`] = losses.at(-1)!;
    figures[`loss two epochs before, ${id}`] = losses.at(-3) ?? NaN;
    figures[`accuracy, ${id}`] = accuracies.at(-1)!;
    figures[`accuracy after one epoch, ${id}`] = accuracies[0]!;
  }
  return figures;
}
