// The claim on real images: the linear path with reflow and distillation, and the VP path, where reflow must not straighten.
import { random, tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import { gatherRows, type ArrayData } from "fluxion/data";
import {
  curvature,
  distil,
  flowLoss,
  generatePairs,
  reflow,
  sampleTrajectory,
  straightness,
  trainFlow,
  transportCost,
  uniformTime,
  velocityOf,
  vpPath,
  type FlowMlpParams,
  type FlowPairs,
  type Path,
} from "fluxion/flow";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";

/** How long each part is trained, and how much is sampled. */
export interface ImageBudget {
  /** Of both trainings; distillation takes half of it. */
  learningRate: number;
  /** Memory of the average that samples are drawn with. */
  decay: number;
  first: number;
  second: number;
  distilled: number;
  /** Steps of both VP flows; 0 leaves the VP path out. */
  vp: number;
  pairs: number;
  /** Samples for a Fréchet distance; twice as many images, at most all 10,000, for the crossing. */
  samples: number;
  /** Euler steps that pairs and paths are made with. */
  samplerSteps: number;
  /** Numbers of Euler steps at which the quality of both flows is measured; 1 among them. */
  sweep: readonly number[];
}

const model = network.apply;
/** The VP velocity is singular at t = 1. */
const vpEnd = 0.999;

/** Rows as a Tensor. */
const rows = ({ data, shape: dims }: ArrayData<Float32Array>) => tensor(data, { shape: dims });

type Flow = { raw: FlowMlpParams; average: FlowMlpParams };

/** Figures of the linear path for one seed. */
export async function linearFigures(
  context: ClaimContext,
  budget: ImageBudget,
): Promise<Record<string, number>> {
  const { seed, signal } = context;
  const { samplerSteps } = budget;
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const common = {
    ...benchTraining,
    ema: { decay: budget.decay, warmup: true },
    model,
    seed,
    ...(signal ? { signal } : {}),
  };
  const draw = (params: FlowMlpParams, steps: number, n: number, from: number): Promise<FlowPairs> =>
    generatePairs({ model, params, shape, n, steps, seed: from, threads: 1, ...(signal ? { signal } : {}) });
  try {
    const first = await trainFlow({
      ...common,
      ...{ params: network.init(random.key(seed)), data: { x1: data } },
      ...{ steps: budget.first, optimizer: benchOptimizer(budget.first, budget.learningRate) },
    });
    context.progress(0.3, "images: reflow");
    const one = { raw: first.params, average: first.ema! };
    // Seeds of sources: one for the pairs to train on, one for all that is measured.
    const pairs = await draw(one.average, samplerSteps, budget.pairs, 2 * seed + 1);
    const second = await reflow({
      ...common,
      ...{
        params: one.raw,
        data: pairs,
        steps: budget.second,
        optimizer: benchOptimizer(budget.second, budget.learningRate),
      },
    });
    context.progress(0.5, "images: distillation");
    const two = { raw: second.params, average: second.ema! };
    const again = await draw(two.average, samplerSteps, budget.pairs / 2, 2 * seed + 1);
    const last = await distil({
      ...common,
      ...{
        params: two.raw,
        data: again,
        steps: budget.distilled,
        optimizer: benchOptimizer(budget.distilled, budget.learningRate / 2),
      },
    });
    context.progress(0.6, "images: measuring");
    const measured = 2 * seed + 2;
    const frechet = async (params: FlowMlpParams, steps: number): Promise<number> =>
      quality((await draw(params, steps, budget.samples, measured)).x1);
    const figures: Record<string, number> = {};
    for (const steps of budget.sweep) {
      figures[`frechet1n${steps}`] = await frechet(one.average, steps);
      figures[`frechet2n${steps}`] = await frechet(two.average, steps);
    }
    const seen = gatherRows(
      data,
      Array.from({ length: 2 * budget.samples }, (_, i) => i),
    );
    const loss = flowLoss(model)(one.average, { x1: rows(seen) }, random.key(seed + 1000));
    return {
      ...figures,
      frechetDistilled: await frechet(last.ema!, 1),
      costIndependent: await independentCost(data, seed),
      ...(await pathFigures("1", one)),
      ...(await pathFigures("2", two)),
      crossing: await loss.item(),
    };
  } finally {
    await quality.release();
  }

  /** Straightness and cost of a flow's paths, averaged over the 49 pixels. */
  async function pathFigures(name: string, flow: Flow): Promise<Record<string, number>> {
    const z = random.normal(random.key(seed + 500), [Math.min(2000, budget.samples), ...shape]);
    const trajectory = sampleTrajectory(velocityOf(model, flow.average), z, { steps: samplerSteps });
    const [s, c] = await Promise.all([
      straightness(trajectory).item(),
      transportCost(trajectory.slice(0), trajectory.slice(-1)).item(),
    ]);
    return { [`straightness${name}`]: s, [`cost${name}`]: c };
  }
}

/** E‖X1 − X0‖² of independent pairs, per pixel. */
async function independentCost(data: ArrayData<Float32Array>, seed: number): Promise<number> {
  const x1 = rows(data);
  return transportCost(random.normal(random.key(seed + 2000), x1.shape), x1).item();
}

/** Figures of the VP path for one seed: the curvature of its flow before and after reflow. */
export async function vpFigures(context: ClaimContext, budget: ImageBudget): Promise<Record<string, number>> {
  const { seed, signal } = context;
  const { samplerSteps } = budget;
  const data = await loadFashion7();
  const path: Path = vpPath();
  const objective = { path, time: uniformTime({ max: vpEnd }) };
  const common = {
    ...benchTraining,
    model,
    seed,
    objective,
    steps: budget.vp,
    ...(signal ? { signal } : {}),
  };
  const first = await trainFlow({
    ...common,
    ...{
      params: network.init(random.key(seed)),
      data: { x1: data },
      optimizer: benchOptimizer(budget.vp, budget.learningRate),
    },
  });
  const pairs = await generatePairs({
    ...{ model, params: first.ema!, shape, n: budget.pairs / 2, steps: samplerSteps, to: vpEnd },
    ...{ seed: 2 * seed + 1, threads: 1, ...(signal ? { signal } : {}) },
  });
  const second = await reflow({
    ...common,
    ...{ params: first.params, data: pairs, optimizer: benchOptimizer(budget.vp, budget.learningRate) },
  });
  const measure = async (params: FlowMlpParams): Promise<number> => {
    const z = random.normal(random.key(seed + 500), [1000, ...shape]);
    return curvature(
      sampleTrajectory(velocityOf(model, params), z, { steps: samplerSteps, to: vpEnd }),
    ).item();
  };
  return { vpCurvature1: await measure(first.ema!), vpCurvature2: await measure(second.ema!) };
}
