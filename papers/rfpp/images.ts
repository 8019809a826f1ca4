// The claim on real images: one reflow, trained in the plain way and with each of the paper's changes on top of the last.
import { compile, random, tensor, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import type { ArrayData } from "fluxion/data";
import {
  changePath,
  edmDenoiser,
  edmPath,
  edmTerm,
  euler,
  generatePairs,
  heunIn,
  inversionPairs,
  linearPath,
  loadPerceptual,
  logitNormalTime,
  lossProfile,
  lpipsHuber,
  noiseLevelTime,
  pairsCoupling,
  perceptual,
  reflow,
  reinterpolate,
  sampleOde,
  scaledPseudoHuber,
  trainFlow,
  uShapedTime,
  velocityOf,
  type FlowMlpParams,
  type FlowModel,
  type FlowObjective,
  type FlowPairs,
  type SampleOptions,
} from "fluxion/flow";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";

/** How long each part is trained, and how much is sampled. */
export interface Budget {
  readonly first: number;
  readonly second: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly pairs: number;
  /** Euler steps that pairs are made with. */
  readonly samplerSteps: number;
  readonly samples: number;
  /** Whether all arms are run, and what comes after them. */
  readonly others: boolean;
}

/** The arms by the paper's letters; LN is the distribution that suits the first flow, not the second. */
type Arm = "A" | "C" | "D" | "E" | "F" | "LN";

const model = network.apply;
/** Standard deviation of the pixels, which lie in [−1, 1]. */
const sigmaData = 0.6;
const edm = edmPath();
/** Preconditioned for noise levels; its network is the bench's own. */
const denoiser: FlowModel<FlowMlpParams> = edmDenoiser(model, { path: edm, sigmaData });
/** The same as a rectified flow, exactly. */
const fromDiffusion: FlowModel<FlowMlpParams> = changePath(denoiser, edm, linearPath(), {
  prediction: "data",
});

const rows = ({ data, shape: dims }: ArrayData<Float32Array>): Tensor => tensor(data, { shape: dims });

/** Objectives of the second flow. */
async function objectives(): Promise<Readonly<Record<Arm, FlowObjective>>> {
  const distance = perceptual(await loadPerceptual("fashion-mnist-7"));
  const time = uShapedTime();
  return {
    A: {},
    C: { time },
    D: { time, metric: scaledPseudoHuber() },
    E: { time, terms: lpipsHuber(distance, { divide: false }) },
    F: { time, terms: lpipsHuber(distance) },
    LN: { time: logitNormalTime() },
  };
}

/** All figures of one seed. */
export async function imageFigures(
  { seed, signal, progress }: ClaimContext,
  budget: Budget,
): Promise<Record<string, number>> {
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const losses = await objectives();
  const stop = signal ? { signal } : {};
  const common = { ...benchTraining, ema: { decay: budget.decay, warmup: true }, seed, ...stop };
  const training = (steps: number) => ({ steps, optimizer: benchOptimizer(steps, budget.learningRate) });
  const draw = (
    net: FlowModel<FlowMlpParams>,
    params: FlowMlpParams,
    sampler: SampleOptions,
    n: number,
    from: number,
  ): Promise<FlowPairs> =>
    generatePairs({ model: net, params, shape, n, ...sampler, seed: from, threads: 1, ...stop });
  // Seeds of sources: one for the pairs to train on, one for all that is measured.
  const measured = 2 * seed + 2;
  const frechet = async (
    net: FlowModel<FlowMlpParams>,
    params: FlowMlpParams,
    sampler: SampleOptions,
  ): Promise<number> => quality((await draw(net, params, sampler, budget.samples, measured)).x1);
  const figures: Record<string, number> = {};

  try {
    progress(0, "first flow");
    const first = await trainFlow({
      ...{ ...common, model, params: network.init(random.key(seed)), data: { x1: data } },
      ...training(budget.first),
    });
    progress(0.2, "pairs");
    const pairs = await draw(model, first.ema!, { steps: budget.samplerSteps }, budget.pairs, 2 * seed + 1);
    const target = await draw(model, first.ema!, { steps: budget.samplerSteps }, budget.samples, measured);
    figures["frechetFirst1"] = await quality(
      (await draw(model, first.ema!, { steps: 1 }, budget.samples, measured)).x1,
    );

    const second = async (arm: Arm): Promise<FlowMlpParams> => {
      const { ema } = await reflow({
        ...{ ...common, model, params: first.params, data: pairs, objective: losses[arm] },
        ...training(budget.second),
      });
      const once = (await draw(model, ema!, { steps: 1 }, budget.samples, measured)).x1;
      figures[`frechet${arm}1`] = await quality(once);
      figures[`error${arm}`] = meanSquare(once, target.x1);
      if (budget.others) figures[`frechet${arm}2`] = await frechet(model, ema!, { steps: 2 });
      return ema!;
    };
    const arms: readonly Arm[] = budget.others ? ["A", "C", "D", "E", "F", "LN"] : ["A", "E", "LN"];
    const trained = new Map<Arm, FlowMlpParams>();
    for (const [i, arm] of arms.entries()) {
      progress(0.3 + (0.4 * i) / arms.length, `second flow, ${arm}`);
      trained.set(arm, await second(arm));
    }
    if (!budget.others) return figures;

    progress(0.7, "losses against t");
    await profiles("Second", trained.get("A")!, pairs, pairsCoupling());
    await profiles("First", first.ema!, { x1: data });

    progress(0.72, "samplers");
    const best = trained.get("F")!;
    for (const steps of [3, 4, 5]) {
      figures[`frechetEuler${steps}`] = await frechet(model, best, { steps });
      figures[`frechetNew${steps}`] = await frechet(model, best, { steps, solver: reinterpolate() });
    }

    progress(0.75, "real data");
    const real = await inversionPairs({
      ...{ model, params: first.ema!, data: { x1: data }, solver: euler, steps: 128, to: 0 },
      ...{ seed: seed + 4000, threads: 1, ...stop },
    });
    const short = Math.round(budget.second / 4);
    const tuned = async (name: string, more: FlowPairs): Promise<void> => {
      const { ema } = await reflow({
        ...{ ...common, model, params: best, data: more, objective: losses.F, steps: short },
        optimizer: benchOptimizer(short, budget.learningRate / 5),
      });
      for (const steps of [1, 2]) figures[`frechet${name}${steps}`] = await frechet(model, ema!, { steps });
    };
    await tuned("Real", real);
    // The same training on the pairs it had: what of the gain is not due to the real data.
    await tuned("More", pairs);
    await reconstruction({ First: first.ema!, F: best });

    progress(0.85, "from a diffusion model");
    const diffusion = await trainFlow({
      ...{ ...common, model: denoiser, params: network.init(random.key(seed)), data: { x1: data } },
      objective: {
        ...{ path: edm, prediction: "data", time: noiseLevelTime(edm) },
        terms: [edmTerm({ path: edm, sigmaData })],
      },
      ...training(budget.first),
    });
    const edmPairs = await generatePairs({
      ...{ model: denoiser, params: diffusion.ema!, path: edm, prediction: "data", shape, n: budget.pairs },
      ...{ ...heunIn(35), seed: 2 * seed + 1, threads: 1, ...stop },
    });
    figures["frechetDiffusion"] = await quality({
      data: edmPairs.x1.data.subarray(0, budget.samples * 49),
      shape: [budget.samples, ...shape],
    });
    const b = await reflow({
      ...{ ...common, model: fromDiffusion, params: diffusion.params, data: edmPairs },
      ...training(budget.second),
    });
    figures["frechetB1"] = await frechet(fromDiffusion, b.ema!, { steps: 1 });
    figures["frechetB2"] = await frechet(fromDiffusion, b.ema!, { steps: 2 });
    return figures;
  } finally {
    await quality.release();
  }

  /** The training loss in ten equal intervals of t. */
  async function profiles(
    name: string,
    params: FlowMlpParams,
    set: { x1: ArrayData<Float32Array>; x0?: ArrayData<Float32Array> },
    coupling?: FlowObjective["coupling"],
  ): Promise<void> {
    const count = Math.min(4000, set.x1.shape[0]!);
    const part = (a: ArrayData<Float32Array>): Tensor =>
      rows({ data: a.data.slice(0, count * 49), shape: [count, ...shape] });
    const batch = { x1: part(set.x1), ...(set.x0 ? { x0: part(set.x0) } : {}) };
    const objective = coupling ? { coupling } : {};
    const list = await lossProfile(model, params, batch, random.key(seed + 600), { objective }).data();
    Array.from(list, Number).forEach((loss, i) => (figures[`loss${name}${i}`] = loss));
  }

  /** Mean squared error of real images inverted and sampled again, in two evaluations each way. */
  async function reconstruction(flows: Readonly<Record<string, FlowMlpParams>>): Promise<void> {
    const some = rows({ data: data.data.slice(0, 2000 * 49), shape: [2000, ...shape] });
    const round = compile((p: FlowMlpParams, x: Tensor) => {
      const velocity = velocityOf(model, p);
      const z = sampleOde(velocity, x, { steps: 2, from: 1, to: 0 });
      return sampleOde(velocity, z, { steps: 2 }).sub(x).square().mean();
    });
    for (const [name, params] of Object.entries(flows)) {
      figures[`reconstruction${name}`] = await (await round(params, some)).item();
    }
    await round.release();
  }
}

/** Mean squared difference per pixel. */
const meanSquare = (a: ArrayData<Float32Array>, b: ArrayData<Float32Array>): number =>
  a.data.reduce((sum, v, i) => sum + (v - b.data[i]!) ** 2, 0) / a.data.length;
