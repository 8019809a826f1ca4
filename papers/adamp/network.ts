// The claim on real images: how far the weights before a normalisation grow, and what the projection does about it.
import { random, relu, valueAndGrad, type Tensor } from "fluxion";
import type { ClaimContext, Tier } from "fluxion/claims";
import { linear, type LinearParams, type Model } from "fluxion/nn";
import {
  adamp,
  adamw,
  applyUpdates,
  cosineSchedule,
  momentum,
  projectScaleInvariant,
  sgd,
  sgdp,
  type Schedule,
} from "fluxion/optim";
import { compareOptimizers, train } from "fluxion/train";
import { accuracy, crossEntropy, fashionTask, once, type Labelled } from "../fashion-classifier.js";

const [width, batchSize] = [128, 128];
type Params = { first: LinearParams; second: LinearParams; last: LinearParams };

/** 784 → 128 → 128 → 10; the hidden layers have no bias and are followed by a normalisation over the batch and relu. */
function network(): Model<Params> {
  const layers = {
    first: linear(784, width, { bias: false }),
    second: linear(width, width, { bias: false }),
    last: linear(width, 10),
  };
  const normalize = (x: Tensor): Tensor =>
    x.sub(x.mean(0, { keepDims: true })).div(x.variance(0, { keepDims: true }).add(1e-5).sqrt());
  return {
    init: (key) => ({
      first: layers.first.init(random.foldIn(key, 0)),
      second: layers.second.init(random.foldIn(key, 1)),
      last: layers.last.init(random.foldIn(key, 2)),
    }),
    apply(params, x) {
      const h = relu(normalize(layers.first.apply(params.first, x.reshape([x.shape[0]!, 784]))));
      return layers.last.apply(params.last, relu(normalize(layers.second.apply(params.second, h))));
    },
  };
}

const net = network();
const loss = (params: Params, { x, y }: Labelled): Tensor => crossEntropy(net.apply(params, x), y);
const squaredNorm = (t: Tensor): Tensor => t.square().sum();

const budgets = {
  quick: { train: 2560, epochs: 3, rates: [1] },
  full: { train: 5000, epochs: 10, rates: [0, 1, 2, 3] },
} as const satisfies Record<Tier, object>;

const families = {
  sgd: {
    rates: [0.01, 0.03, 0.1, 0.3],
    optimizers: {
      SGD: (learningRate: Schedule) => sgd({ learningRate }),
      SGDM: (learningRate: Schedule) => momentum({ learningRate }),
      SGDP: (learningRate: Schedule) => sgdp({ learningRate }),
    },
  },
  adam: {
    rates: [3e-4, 1e-3, 3e-3, 1e-2],
    optimizers: {
      AdamW: (learningRate: Schedule) => adamw({ learningRate, weightDecay: 0.01 }),
      AdamP: (learningRate: Schedule) => adamp({ learningRate, weightDecay: 0.01 }),
    },
  },
} as const;

const tasks = {
  quick: once(() => fashionTask({ train: budgets.quick.train, test: 1000 })),
  full: once(() => fashionTask({ train: budgets.full.train, test: 3000 })),
};

/** Growth of ‖W‖² of the first layer by optimizer and rate, and test accuracy at the rate that the tuning part chose. */
export async function growths({
  tier,
  seed,
  signal,
  progress,
}: ClaimContext): Promise<Record<string, number>> {
  const task = await tasks[tier]();
  const { train: size, epochs, rates: chosen } = budgets[tier];
  const steps = epochs * Math.floor(size / batchSize);
  const start = await squaredNorm(net.init(random.key(seed)).first.weight).item();
  const figures: Record<string, number> = {};
  for (const [f, { rates, optimizers }] of Object.values(families).entries()) {
    const best: Record<string, number> = {};
    for (const [i, k] of chosen.entries()) {
      const results = await compareOptimizers({
        ...{ loss, steps, seeds: [seed], stepsPerCall: 30, ...(signal ? { signal } : {}) },
        init: (s) => net.init(random.key(s)),
        batches: task.batches(batchSize),
        schedule: cosineSchedule({ init: 1, steps }),
        optimizers: optimizers,
        learningRates: [rates[k]],
        measure: (p) => ({
          norm: squaredNorm(p.first.weight),
          tune: loss(p, task.tune),
          accuracy: accuracy(net.apply(p, task.test.x), task.test.y),
        }),
        onProgress: (part, what) => progress((f + (i + part) / chosen.length) / 2, what),
      });
      for (const [name, { runs }] of Object.entries(results)) {
        const { norm, tune, accuracy: reached } = runs[0]!.figures;
        figures[`growth${name}@${rates[k]}`] = norm! - start;
        if (tune! < (best[name] ?? Infinity)) {
          best[name] = tune!;
          figures[`accuracy${name}`] = reached!;
        }
      }
    }
  }
  return figures;
}

/** Part of the steps in which the projection acts on both hidden layers, over AdamP's first steps. */
export async function firing({ tier, seed, signal }: ClaimContext): Promise<number> {
  const task = await tasks[tier]();
  const optimizer = adamp({ learningRate: 1e-3, weightDecay: 0.01 });
  const params = net.init(random.key(seed));
  const draw = task.batches(batchSize);
  const { history } = await train({
    ...{ params, state: optimizer.init(params), steps: 100, recordEvery: 1, threads: 1, stepsPerCall: 25 },
    ...(signal ? { signal } : {}),
    batches: (step) => draw(seed, step),
    step({ params: p, state, batch }) {
      const [value, grads] = valueAndGrad(loss)(p, batch);
      const { updates, state: next } = optimizer.update(grads, state, p);
      const acted = ([grads.first.weight, grads.second.weight] as const)
        .map((g, i) => projectScaleInvariant(g, g, [p.first.weight, p.second.weight][i]!).acted)
        .map((t) => t.cast("float32"))
        .reduce((a, b) => a.mul(b));
      return { params: applyUpdates(p, updates), state: next, loss: value, metrics: { acted } };
    },
  });
  return history.reduce((sum, record) => sum + record["acted"]!, 0) / history.length;
}

/** The rates at which both of a family are compared in a tier. */
export const ratesOf = (family: keyof typeof families, tier: Tier): readonly number[] =>
  budgets[tier].rates.map((k) => families[family].rates[k]);
