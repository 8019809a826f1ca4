import { valueAndGrad } from "../core/autodiff.js";
import { stopGradient } from "../core/backward.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { keys as splitKeys, key as randomKey, split } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import { treeMap } from "../core/tree.js";
import type { Tensor } from "../core/tensor.js";
import { rowLength } from "../data/array-data.js";
import { rowsOfStep } from "../data/batches.js";
import type { Model } from "../nn/model.js";
import { softplus } from "../ops/activation.js";
import { add, div, mul } from "../ops/arithmetic.js";
import { greaterEqual, where as select } from "../ops/compare.js";
import { ones, zeros } from "../ops/create.js";
import { narrow, reshape } from "../ops/movement.js";
import { mean } from "../ops/reduce.js";
import { std } from "../ops/statistics.js";
import { neg } from "../ops/unary.js";
import { adamw } from "../optim/adamw.js";
import { applyUpdates, type Transform } from "../optim/transform.js";
import type { StepInput, StepOutput } from "../train/step.js";
import type { TrainOptions } from "../train/options.js";
import { train, type TrainResult } from "../train/train.js";
import { gaussianSource, type FlowBatch } from "./coupling.js";
import { densityRatio, normalizeRatio, normalizeWeights } from "./density-ratio.js";
import { matchingGradient, pseudoLoss } from "./distribution-matching.js";
import { fDivergences, type FDivergence } from "./f-divergence.js";
import type { FitOptions } from "./fit.js";
import { checkFlowData, rowsOf, type FlowData } from "./flow-data.js";
import { flowLoss } from "./objective.js";
import { interpolate, linearPath, logSnr, type Path } from "./path.js";
import { convertPrediction, type FlowModel, type Prediction } from "./prediction.js";
import { uniformTime, type TimeDistribution } from "./time.js";

/** A network that tells noised real examples from noised samples: (params, x_t, t, condition?) → logits [B]. */
export type Discriminator<D> = Model<D, [x: Tensor, t: Tensor, cond?: Tensor]>;

type Passed = (typeof fitKeys)[number];
type Running<P, D> = Pick<TrainOptions<P, unknown, FDistillState<P, D>>, Passed> &
  Pick<FitOptions<P>, "batchSize" | "seed">;

/** Options of `fDistill`. */
export interface FDistillOptions<P, D> extends Running<P, D> {
  model: FlowModel<P>;
  /** Parameters of the trained flow: the teacher, and what student and fake score start from. */
  teacher: P;
  /** The teacher as it is asked, e.g. under `classifierFreeGuidance`. Default `model`. */
  teacherModel?: FlowModel<P>;
  discriminator: Discriminator<D>;
  /** Real examples, for the discriminator; with conditions if the model takes any. */
  data: FlowData;
  /** Default `fDivergences["jensen-shannon"]`. */
  divergence?: FDivergence;
  /** The path that the teacher was trained on. Default `linearPath()`. */
  path?: Path;
  /** What the model gives. Default "velocity". */
  prediction?: Prediction;
  /** Times at which distributions are compared, where there is both signal and noise. Default uniform on [0.001, 0.999]. */
  time?: TimeDistribution;
  /** Updates of fake score and discriminator between two of the student, ≥ 1. Default 4. */
  criticSteps?: number;
  /** Rounds before the student moves, while fake score and discriminator find it. Default 60. */
  warmup?: number;
  /** Factor of the adversarial loss softplus(−D) of the student, ≥ 0. Default 0.001. */
  ganWeight?: number;
  /** `clip` of the ratio, default [0.1, 20]; `bins` of the log-SNR that it is normalised in, default 10; `rate` that their means are kept at, default 0. */
  ratio?: { clip?: readonly [number, number] | false; bins?: number; rate?: number };
  /** Default AdamW with b1 0 and b2 0.99: 2e-4 for the student, 5e-4 for the others. */
  optimizer?: Transform;
  criticOptimizer?: Transform;
}

/** What `fDistill` keeps besides the student. */
export type FDistillState<P, D> = {
  teacher: P;
  fake: P;
  discriminator: D;
  /** Of student, fake score and discriminator. */
  optimizers: unknown[];
  /** Mean ratio of every bin, [bins]. */
  ratios: Tensor;
};

/** Batches of one round: [criticSteps + 1, B, ...]. */
type Round = { x1: Tensor; cond?: Tensor };
/** Log-SNRs beyond this fall into the first or last bin. */
const range = 6;

/**
 * The one-step generator that a flow model is: the data it sees at t = 0, in pure noise. On the straight path that is one
 * Euler step, z + v(z, 0).
 * @param z noise of unit variance [B, ...]
 */
export function oneStep<P>(
  model: FlowModel<P>,
  params: P,
  z: Tensor,
  options: { cond?: Tensor | undefined; path?: Path; prediction?: Prediction } = {},
): Tensor {
  const { cond, path = linearPath(), prediction = "velocity" } = options;
  const t = zeros([z.shape[0]!]);
  const x = mul(z, path.at(zeros([])).sigma);
  return convertPrediction(path, prediction, "data", model(params, x, t, cond), x, t);
}

/**
 * Distils a flow into one step by matching distributions in an f-divergence: samples of the student move along the
 * difference of two scores, the teacher's and that of a model that follows the student, weighted by h of the density
 * ratio that a discriminator gives. A step is a round: `criticSteps` updates of the follower and the discriminator, one
 * of the student. The loss that is recorded is the discriminator's, 2·log 2 where it sees no difference.
 * @returns what `train` returns; `ema ?? params` is the student, to be sampled by `oneStep` or one Euler step
 * @throws OptionError, ShapeError before the first step
 * @source Y. Xu, W. Nie, A. Vahdat, 2025, arXiv 2502.15681, Theorem 1 and Algorithm 1; deviates: the ratio is binned by
 *   log-SNR, the discriminator is a network of its own
 */
export function fDistill<P, D>(options: FDistillOptions<P, D>): Promise<TrainResult<P, FDistillState<P, D>>> {
  const where = "flow.fDistill";
  const {
    model,
    teacher,
    teacherModel = model,
    discriminator,
    data,
    batchSize: wanted,
    seed = 0,
    ...others
  } = options;
  const {
    divergence = fDivergences["jensen-shannon"],
    path = linearPath(),
    prediction = "velocity",
    ...more
  } = others;
  const {
    time = uniformTime({ min: 0.001, max: 0.999 }),
    criticSteps = 4,
    warmup = 60,
    ganWeight = 1e-3,
    ...rest
  } = more;
  const { ratio: ratioOptions = {}, optimizer = usual(2e-4), criticOptimizer = usual(5e-4), ...fit } = rest;
  const { clip = [0.1, 20] as const, bins = 10, rate = 0 } = ratioOptions;
  checkOptions(where, fit, fitKeys);
  checkOptions(`${where}: ratio`, ratioOptions, ["clip", "bins", "rate"]);
  checkFlowData(where, data);
  if (![criticSteps, bins].every((n) => Number.isInteger(n) && n >= 1) || !(warmup >= 0 && ganWeight >= 0)) {
    const got = `${criticSteps}, ${bins}, ${warmup}, ${ganWeight}`;
    throw new OptionError({ where, want: "criticSteps, bins ≥ 1 and warmup, ganWeight ≥ 0", got });
  }
  if (!(rate >= 0 && rate < 1)) throw new OptionError({ where, want: "rate in [0, 1)", got: String(rate) });
  rowLength(where, data.x1);

  const source = gaussianSource();
  const generate = (student: P, key: Tensor, like: Tensor, cond: Tensor | undefined): Tensor =>
    oneStep(model, student, source(key, like), { cond, path, prediction });
  const noised = (x: Tensor, key: Tensor): { xt: Tensor; t: Tensor } => {
    const [times, noise] = splitKeys(key, 2);
    const t = time.sample(times, x.shape[0]!);
    return { xt: interpolate(path, source(noise, x), x, t).xt, t };
  };
  const dataIn = (net: FlowModel<P>, params: P, xt: Tensor, t: Tensor, cond: Tensor | undefined): Tensor =>
    convertPrediction(path, prediction, "data", net(params, xt, t, cond), xt, t);
  const denoising = flowLoss(model, { path, prediction, time });
  const judge = (d: D, x: Tensor, key: Tensor, cond: Tensor | undefined): Tensor => {
    const { xt, t } = noised(x, key);
    return discriminator.apply(d, xt, t, cond);
  };

  type Critics = { fake: P; discriminator: D; optimizers: unknown[] };
  const critic = (
    student: P,
    now: Critics,
    real: FlowBatch,
    key: Tensor,
  ): [Critics, { fake: Tensor; told: Tensor }] => {
    const [sampling, denoise, fakes, reals] = splitKeys(key, 4);
    const { x1, cond } = real;
    const x = stopGradient(generate(student, sampling, x1, cond));
    const [fakeLoss, fakeSlope] = valueAndGrad((p: P) =>
      denoising(p, { x1: x, ...(cond ? { cond } : {}) }, denoise),
    )(now.fake);
    const [told, slope] = valueAndGrad((d: D) =>
      add(mean(softplus(judge(d, x, fakes, cond))), mean(softplus(neg(judge(d, x1, reals, cond))))),
    )(now.discriminator);
    const a = criticOptimizer.update(fakeSlope, now.optimizers[1], now.fake);
    const b = criticOptimizer.update(slope, now.optimizers[2], now.discriminator);
    return [
      {
        fake: applyUpdates(now.fake, a.updates),
        discriminator: applyUpdates(now.discriminator, b.updates),
        optimizers: [now.optimizers[0], a.state, b.state],
      },
      { fake: fakeLoss, told },
    ];
  };

  const step = (at: StepInput<P, FDistillState<P, D>, Round>): StepOutput<P, FDistillState<P, D>> => {
    const { params: student, state, batch, key } = at;
    const [critics, sampling, noising] = splitKeys(key, 3);
    const rows = (from: number, to: number): Round =>
      treeMap<Round>((x: Tensor) => narrow(x, 0, from, to), batch);
    const { ratios, teacher: guide, ...before } = state;
    const [now, seen] = scan(
      (c: Critics, each: { real: Round; key: Tensor }) => critic(student, c, each.real, each.key),
      before,
      { real: rows(0, criticSteps), key: split(critics, criticSteps) },
    );
    const { x1: like, cond } = treeMap<Round>(
      (x: Tensor) => reshape(x, x.shape.slice(1)),
      rows(criticSteps, criticSteps + 1),
    );
    const loss = (p: P): [Tensor, { means: Tensor; spread: Tensor; ratio: Tensor }] => {
      const x = generate(p, sampling, like, cond);
      const { xt, t } = noised(x, noising);
      const logits = discriminator.apply(now.discriminator, xt, t, cond);
      const level = div(add(logSnr(path, t), range), 2 * range);
      const { ratio, means } = normalizeRatio(densityRatio(logits, { clip }), level, ratios, rate);
      const weight = normalizeWeights(divergence.weight(ratio));
      const gradient = matchingGradient({
        ...{ x, weight },
        teacher: dataIn(teacherModel, guide, xt, t, cond),
        fake: dataIn(model, now.fake, xt, t, cond),
      });
      const matching = pseudoLoss(x, gradient);
      const total = ganWeight === 0 ? matching : add(matching, mul(mean(softplus(neg(logits))), ganWeight));
      return [total, { means, spread: std(weight), ratio: mean(ratio) }];
    };
    const [[, aux], slope] = valueAndGrad(loss, { hasAux: true })(student);
    const { updates, state: moments } = optimizer.update(slope, now.optimizers[0], student);
    // The student waits until the others know it.
    const awake = greaterEqual(at.step, warmup);
    const choose = <T>(next: T, old: T): T =>
      treeMap((a: Tensor, b: Tensor) => select(awake, a, b), next as never, old as never);
    return {
      params: choose(applyUpdates(student, updates), student),
      state: {
        teacher: guide,
        fake: now.fake,
        discriminator: now.discriminator,
        optimizers: [choose(moments, now.optimizers[0]), now.optimizers[1], now.optimizers[2]],
        ratios: aux.means,
      },
      loss: mean(seen.told),
      metrics: { fakeLoss: mean(seen.fake), weightSpread: aux.spread },
    };
  };

  const n = data.x1.shape[0]!;
  const batchSize = wanted ?? Math.min(256, n);
  const rowsAt = rowsOfStep({ n, batchSize, seed });
  const count = criticSteps + 1;
  const batches = (round: number): Round => {
    const indices = Array.from({ length: count }, (_, i) => [...rowsAt(round * count + i)]).flat();
    const { x1, cond } = rowsOf(data, indices);
    const stack = (x: Tensor): Tensor => reshape(x, [count, batchSize, ...x.shape.slice(1)]);
    return { x1: stack(x1), ...(cond ? { cond: stack(cond) } : {}) };
  };
  const fake = treeMap((p: Tensor) => p, teacher as never) as P;
  const d = discriminator.init(randomKey((seed + 0x3c6ef372) % 2 ** 32));
  return train<P, Round, FDistillState<P, D>>({
    ...fit,
    params: teacher,
    step,
    state: {
      ...{ teacher, fake, discriminator: d, ratios: ones([bins]) },
      optimizers: [optimizer.init(teacher), criticOptimizer.init(fake), criticOptimizer.init(d)],
    },
    batches,
    key: randomKey(seed),
  });
}

const usual = (learningRate: number): Transform => adamw({ learningRate, b1: 0, b2: 0.99 });

const fitKeys = [
  "steps",
  "ema",
  "recordEvery",
  "onRecord",
  "onProgress",
  "signal",
  "checkpoint",
  "resume",
  "device",
  "threads",
] as const;
