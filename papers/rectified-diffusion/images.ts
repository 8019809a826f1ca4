// The claim on real images: teachers on three paths, rectified on their own pairs and on pairs dealt out anew.
import { random } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import {
  curvature,
  ddim,
  discretePath,
  generatePairs,
  gridTime,
  linearPath,
  noiseVariance,
  phasedPairs,
  pseudoHuber,
  reflow,
  sampleTrajectory,
  shuffledCoupling,
  subVpPath,
  timeGrid,
  trainFlow,
  uniformTime,
  velocityOf,
  type FlowMlpParams,
  type FlowObjective,
  type FlowPairs,
  type Path,
  type Prediction,
  type TimeDistribution,
} from "fluxion/flow";
import { chain, clipByGlobalNorm } from "fluxion/optim";
import type { TrainResult } from "fluxion/train";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";

/** How long each part is trained, and how much is sampled. */
export interface Budget {
  /** Steps of a teacher. */
  readonly teacher: number;
  /** Steps of a rectification. */
  readonly rectified: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly pairs: number;
  /** First-order steps that pairs and paths are made with. */
  readonly samplerSteps: number;
  readonly samples: number;
  /** Numbers of steps at which the main teacher and its rectified model are measured. */
  readonly sweep: readonly number[];
  /** Whether the arms beside the main one are run: sub-VP, straight line, noise prediction, phases. */
  readonly others: boolean;
}

/** A kind of model: nothing of this changes when it is rectified. */
interface Form {
  readonly path: Path;
  readonly prediction: Prediction;
  readonly time: TimeDistribution;
}

/** Stable Diffusion's schedule, its thousand steps, v-prediction. */
const vp: Form = { path: discretePath(), prediction: "v", time: gridTime(1000) };
const noiseForm: Form = { ...vp, prediction: "noise" };
const subVp: Form = { path: subVpPath(), prediction: "v", time: uniformTime() };
const straight: Form = { path: linearPath(), prediction: "velocity", time: uniformTime() };
const phases = 4;

const model = network.apply;
type Trained = TrainResult<FlowMlpParams>;

/** All figures of one seed. */
export async function imageFigures(
  { seed, signal, progress }: ClaimContext,
  budget: Budget,
): Promise<Record<string, number>> {
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const stop = signal ? { signal } : {};
  const common = { ...benchTraining, ema: { decay: budget.decay, warmup: true }, model, seed, ...stop };
  const optimizer = (steps: number) => chain(clipByGlobalNorm(1), benchOptimizer(steps, budget.learningRate));
  const samplerOf = ({ path, prediction }: Form) => ({ path, prediction, solver: ddim(path) });

  const teach = (form: Form): Promise<Trained> =>
    trainFlow({
      ...{ ...common, params: network.init(random.key(seed)), data: { x1: data }, steps: budget.teacher },
      ...{ objective: form, optimizer: optimizer(budget.teacher) },
    });
  const draw = (
    form: Form,
    params: FlowMlpParams,
    steps: number,
    n: number,
    from: number,
  ): Promise<FlowPairs> =>
    generatePairs({ ...samplerOf(form), model, params, shape, n, steps, seed: from, threads: 1, ...stop });
  // Seeds of sources: one for the pairs to train on, one for all that is measured.
  const pairsOf = (form: Form, { ema }: Trained): Promise<FlowPairs> =>
    draw(form, ema!, budget.samplerSteps, budget.pairs, 2 * seed + 1);
  const rectify = (
    form: Form,
    teacher: Trained,
    pairs: FlowPairs,
    changes: FlowObjective = {},
  ): Promise<Trained> =>
    reflow({
      ...{ ...common, params: teacher.params, data: pairs, steps: budget.rectified },
      ...{ objective: { ...form, ...changes }, optimizer: optimizer(budget.rectified) },
    });
  const frechet = async (form: Form, params: FlowMlpParams, steps: number): Promise<number> =>
    quality((await draw(form, params, steps, budget.samples, 2 * seed + 2)).x1);

  try {
    progress(0, "VP teacher");
    const teacher = await teach(vp);
    progress(0.2, "VP pairs");
    const pairs = await pairsOf(vp, teacher);
    const rectified = await rectify(vp, teacher, pairs);
    progress(0.35, "shuffled pairs");
    const shuffled = await rectify(vp, teacher, pairs, { coupling: shuffledCoupling() });
    const figures: Record<string, number> = {};
    for (const steps of budget.sweep) {
      figures[`frechetTeacher${steps}`] = await frechet(vp, teacher.ema!, steps);
      figures[`frechetRectified${steps}`] = await frechet(vp, rectified.ema!, steps);
    }
    Object.assign(figures, {
      frechetShuffled1: await frechet(vp, shuffled.ema!, 1),
      ...(await pathFigures("Teacher", vp, teacher)),
      ...(await pathFigures("Rectified", vp, rectified)),
    });
    if (!budget.others) return figures;

    progress(0.45, "reflow with conversion");
    const converted = await rectify(straight, teacher, pairs);
    figures["frechetConverted1"] = await frechet(straight, converted.ema!, 1);
    progress(0.5, "phases");
    const inPhases = await phasedPairs({
      ...{ ...samplerOf(vp), model, params: teacher.ema!, data: { x1: data }, phases, n: budget.pairs },
      ...{ seed: 2 * seed + 1, threads: 1, ...stop },
    });
    const phased = await rectify(vp, teacher, inPhases, { space: "end", metric: pseudoHuber(1e-3) });
    figures["frechetPhased4"] = await frechet(vp, phased.ema!, phases);
    for (const [name, form, at] of [
      ["SubVp", subVp, 0.6],
      ["Straight", straight, 0.75],
      ["Noise", noiseForm, 0.88],
    ] as const) {
      progress(at, `${name} teacher`);
      const first = await teach(form);
      // A noise prediction is compared as the image that it stands for.
      const changes: FlowObjective = form === noiseForm ? { space: "data", metric: pseudoHuber(1e-3) } : {};
      const second = await rectify(form, first, await pairsOf(form, first), changes);
      figures[`frechet${name}Teacher1`] = await frechet(form, first.ema!, 1);
      figures[`frechet${name}Rectified1`] = await frechet(form, second.ema!, 1);
    }
    return figures;
  } finally {
    await quality.release();
  }

  /** How the noise varies along the paths, and how they bend. */
  async function pathFigures(name: string, form: Form, { ema }: Trained): Promise<Record<string, number>> {
    const z = random.normal(random.key(seed + 500), [Math.min(2000, budget.samples), ...shape]);
    const times = { solver: ddim(form.path), steps: budget.samplerSteps };
    const { path, prediction } = form;
    const trajectory = sampleTrajectory(velocityOf(model, ema!, { path, prediction }), z, times);
    const [variance, bend] = await Promise.all([
      noiseVariance(path, trajectory, timeGrid(times)).item(),
      curvature(trajectory).item(),
    ]);
    return { [`noiseVariance${name}`]: variance, [`curvature${name}`]: bend };
  }
}
