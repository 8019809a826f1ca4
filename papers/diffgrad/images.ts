// The claim on real images: the optimizers of the paper's tables on a small convolutional network, Fashion-MNIST.
import { random, valueAndGrad, type Tensor } from "fluxion";
import type { ClaimContext, Tier } from "fluxion/claims";
import {
  adadelta,
  adagrad,
  adam,
  applyUpdates,
  diffGrad,
  frictionCoefficient,
  momentum,
  piecewiseSchedule,
  rmsprop,
  type DiffGradState,
  type Schedule,
} from "fluxion/optim";
import { chooseLearningRates, compareOptimizers, train, type CompareOptions } from "fluxion/train";
import {
  accuracy,
  chosenRates,
  crossEntropy,
  fashionTask,
  once,
  smallConvNet,
  type ConvNetParams,
  type Labelled,
} from "../fashion-classifier.js";

const network = smallConvNet();
const batchSize = 128;
const budgets = {
  quick: { train: 2560, epochs: 2 },
  full: { train: 6000, epochs: 5 },
} as const satisfies Record<Tier, object>;

const optimizers = {
  diffGrad: (learningRate: Schedule) => diffGrad({ learningRate }),
  Adam: (learningRate: Schedule) => adam({ learningRate }),
  AMSGrad: (learningRate: Schedule) => adam({ learningRate, amsgrad: true }),
  SGDM: (learningRate: Schedule) => momentum({ learningRate }),
  AdaGrad: (learningRate: Schedule) => adagrad({ learningRate }),
  AdaDelta: (learningRate: Schedule) => adadelta({ learningRate }),
  RMSProp: (learningRate: Schedule) => rmsprop({ learningRate }),
};
type Name = keyof typeof optimizers;
/** Every optimizer of the paper's tables. */
export const names = Object.keys(optimizers) as Name[];

/** Three rates a factor of 3 apart, placed so that the tuning part does not choose the first or last of Adam and its like. */
const grids: Record<Name, readonly number[]> = {
  diffGrad: [6e-3, 1.8e-2, 5.4e-2],
  Adam: [3e-3, 9e-3, 2.7e-2],
  AMSGrad: [3e-3, 9e-3, 2.7e-2],
  SGDM: [0.03, 0.09, 0.27],
  AdaGrad: [3e-3, 9e-3, 2.7e-2],
  AdaDelta: [1, 3, 9],
  RMSProp: [1e-3, 3e-3, 9e-3],
};

const loss = (params: ConvNetParams, { x, y }: Labelled): Tensor => crossEntropy(network.apply(params, x), y);

const setup = {
  quick: once(() => bench("quick")),
  full: once(() => bench("full")),
};

/** What all runs of a tier have in common; the last epoch runs at a tenth of the rate. */
async function bench(tier: Tier) {
  const { train: size, epochs } = budgets[tier];
  const task = await fashionTask({ train: size, test: tier === "full" ? 3000 : 1000 });
  const perEpoch = Math.floor(size / batchSize);
  const steps = epochs * perEpoch;
  const common = {
    ...{ loss, steps, batches: task.batches(batchSize), stepsPerCall: 23 },
    init: (seed: number) => network.init(random.key(seed)),
    schedule: piecewiseSchedule({ boundaries: [steps - perEpoch], values: [1, 0.1] }),
    score: (p: ConvNetParams) => loss(p, task.tune),
    measure: (p: ConvNetParams) => ({ accuracy: accuracy(network.apply(p, task.test.x), task.test.y) }),
  } satisfies Partial<CompareOptions<ConvNetParams, Labelled>>;
  return { task, common };
}

const tuned = once(async () => {
  const { measure: _, ...common } = (await setup.full()).common;
  return chooseLearningRates({ ...common, optimizers, learningRates: grids });
});

/** diffGrad at a rate, and Adam at half of it: accuracies by name. */
export async function twins({ tier, seed, signal }: ClaimContext): Promise<Record<string, number>> {
  const { common } = await setup[tier]();
  const runs = await compareOptimizers({
    ...common,
    ...{ seeds: [seed], ...(signal ? { signal } : {}) },
    optimizers: { diffGrad: optimizers.diffGrad, Adam: optimizers.Adam },
    learningRates: { diffGrad: [2e-3], Adam: [1e-3] },
  });
  return {
    accuracyTwin: runs.diffGrad.runs[0]!.figures["accuracy"] ?? NaN,
    accuracyAdamHalf: runs.Adam.runs[0]!.figures["accuracy"] ?? NaN,
  };
}

/** Every optimizer at the learning rate that the tuning part chose: test accuracies and rates by name. */
export async function tables({ seed, signal, progress }: ClaimContext): Promise<Record<string, number>> {
  progress(0.2, "tuning");
  const chosen = await tuned();
  const { common } = await setup.full();
  const runs = await compareOptimizers({
    ...{ ...common, optimizers, seeds: [seed], ...(signal ? { signal } : {}) },
    learningRates: chosenRates(chosen),
    onProgress: (fraction, what) => progress(0.6 + 0.4 * fraction, what),
  });
  return Object.fromEntries(
    names.flatMap((n) => [
      [`rate${n}`, chosen[n].learningRate],
      [`accuracy${n}`, runs[n].runs[0]!.figures["accuracy"] ?? NaN],
    ]),
  );
}

/** Mean friction of the first layer's weights over the steps of one epoch, the first step left out. */
export async function firstLayerFriction({ tier, seed, signal }: ClaimContext): Promise<number> {
  const { common } = await setup[tier]();
  const optimizer = diffGrad({ learningRate: 2e-3 });
  const params = network.init(random.key(seed));
  const gradientsOf = (state: unknown): ConvNetParams =>
    (state as readonly DiffGradState[])[0]!.previous as ConvNetParams;
  const { history } = await train({
    ...{ params, state: optimizer.init(params), steps: 40, recordEvery: 1, threads: 1 },
    ...(signal ? { signal } : {}),
    batches: (step) => common.batches(seed, step),
    step({ params: p, state, batch }) {
      const [value, grads] = valueAndGrad(loss)(p, batch);
      const { updates, state: next } = optimizer.update(grads, state, p);
      const friction = frictionCoefficient(
        gradientsOf(state).first.weight,
        gradientsOf(next).first.weight,
      ).mean();
      return { params: applyUpdates(p, updates), state: next, loss: value, metrics: { friction } };
    },
  });
  const frictions = history.slice(1).map((record) => record["friction"]!);
  return frictions.reduce((a, b) => a + b, 0) / frictions.length;
}
