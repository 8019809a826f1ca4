// The claim on real images: a large flow, small students reflowed from it, and small one-step students distilled from those.
import { linalg, random, tensor, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import { gatherRows, type ArrayData } from "fluxion/data";
import {
  annealedCoupling,
  distil,
  distilGuided,
  flowMlp,
  generatePairs,
  independentCoupling,
  reflow,
  sampleTrajectory,
  straightness,
  trainFlow,
  velocityOf,
  type Coupling,
  type FlowGuidanceOptions,
  type FlowMlpParams,
  type FlowModel,
  type FlowPairs,
} from "fluxion/flow";
import { linearSchedule } from "fluxion/optim";
import { frechetDistance, moments, type Moments } from "fluxion/train";
import { benchOptimizer, benchTraining, fashion7Quality, loadFashion7, network, shape } from "../fashion7.js";

/** How long each part is trained, and how much is sampled. */
export interface Budget {
  readonly teacher: number;
  /** Reflow of a student, from random weights. */
  readonly student: number;
  readonly distilled: number;
  readonly learningRate: number;
  readonly decay: number;
  /** Pairs of the teacher. */
  readonly pairs: number;
  /** Numbers of pairs of the student flow that its distillation may use. */
  readonly offline: readonly number[];
  readonly samplerSteps: number;
  readonly samples: number;
  /** Whether all arms are run. */
  readonly others: boolean;
}

/** Students by width; 64 is 16,817 parameters, against the teacher's 165,425. */
const students = { 64: flowMlp({ shape, width: 64 }), 16: flowMlp({ shape, width: 16 }) } as const;
const student = students[64];
/** Part of the reflow over which fresh noise is mixed in. */
const annealing = 0.375;

/** Figures of one seed. */
export async function imageFigures(
  { seed, signal, progress }: ClaimContext,
  budget: Budget,
): Promise<Record<string, number>> {
  const data = await loadFashion7();
  const quality = await fashion7Quality(data);
  const pixels = await principalQuality(data, 32);
  const stop = signal ? { signal } : {};
  const common = { ...benchTraining, ema: { decay: budget.decay, warmup: true }, seed, ...stop };
  const training = (steps: number, rate = budget.learningRate) => ({
    ...{ steps, optimizer: benchOptimizer(steps, rate) },
  });
  const draw = (
    model: FlowModel<FlowMlpParams>,
    params: FlowMlpParams,
    steps: number,
    n: number,
    from: number,
  ): Promise<FlowPairs> => generatePairs({ model, params, shape, n, steps, seed: from, threads: 1, ...stop });
  // Seeds of sources: one for the pairs to train on, one for all that is measured.
  const figures: Record<string, number> = {};
  const measure = async (
    name: string,
    model: FlowModel<FlowMlpParams>,
    params: FlowMlpParams,
  ): Promise<void> => {
    const { x1 } = await draw(model, params, 1, budget.samples, 2 * seed + 2);
    figures[`frechet${name}`] = await quality(x1);
    figures[`pixels${name}`] = pixels(x1);
  };
  const bend = async (
    name: string,
    model: FlowModel<FlowMlpParams>,
    params: FlowMlpParams,
  ): Promise<void> => {
    const z = random.normal(random.key(seed + 500), [Math.min(2000, budget.samples), ...shape]);
    const trajectory = sampleTrajectory(velocityOf(model, params), z, { steps: budget.samplerSteps });
    figures[`straightness${name}`] = await straightness(trajectory).item();
  };

  try {
    progress(0, "teacher");
    const teacher = await trainFlow({
      ...{ ...common, model: network.apply, params: network.init(random.key(seed)), data: { x1: data } },
      ...training(budget.teacher),
    });
    await measure("Teacher", network.apply, teacher.ema!);
    progress(0.3, "teacher's pairs");
    const pairs = await draw(network.apply, teacher.ema!, budget.samplerSteps, budget.pairs, 2 * seed + 1);

    const small = async (
      name: string,
      coupling: Coupling | undefined,
      { init, apply }: typeof student = student,
    ): Promise<{ params: FlowMlpParams; average: FlowMlpParams }> => {
      const { params, ema } = await reflow({
        ...{ ...common, model: apply, params: init(random.key(seed)), data: pairs },
        ...{ ...training(budget.student), objective: coupling ? { coupling } : {} },
      });
      await measure(name, apply, ema!);
      await bend(name, apply, ema!);
      return { params, average: ema! };
    };
    progress(0.4, "students");
    const steps = Math.round(annealing * budget.student);
    const annealed = await small("Annealed", annealedCoupling(linearSchedule({ init: 1, end: 0, steps })));
    await small("First", independentCoupling());
    if (budget.others) {
      await small("Direct", undefined);
      await small("Narrow", undefined, students[16]);
      progress(0.65, "reflow of the teacher");
      const wide = await reflow({
        ...{ ...common, model: network.apply, params: teacher.params, data: pairs },
        ...training(Math.round(budget.teacher / 2)),
      });
      await bend("Wide", network.apply, wide.ema!);
    }

    progress(0.75, "one-step students");
    const most = Math.max(...budget.offline);
    const own = await draw(student.apply, annealed.average, budget.samplerSteps, most, 2 * seed + 1);
    for (const count of budget.offline) {
      const part = firstRows(own, count);
      const base = {
        ...{ ...common, model: student.apply, params: annealed.params, data: part },
        ...training(budget.distilled, budget.learningRate / 2),
      };
      const naive = await distil(base);
      await measure(`Naive${count}`, student.apply, naive.ema!);
      const guided = async (name: string, guidance: FlowGuidanceOptions): Promise<void> => {
        const { ema } = await distilGuided({ ...base, teacher: annealed.average, guidance });
        await measure(`${name}${count}`, student.apply, ema!);
      };
      await guided("Guided", {});
      if (budget.others) await guided("Paper", { first: "teacher", from: 0, to: 1 });
    }
    return figures;
  } finally {
    await quality.release();
  }
}

/** Fréchet distance to `real` over the first principal coordinates of its pixels. */
async function principalQuality(
  real: ArrayData<Float32Array>,
  count: number,
): Promise<(samples: ArrayData<Float32Array>) => number> {
  const target = moments(real);
  const d = target.mean.length;
  const covariance: Tensor = tensor(target.covariance, { shape: [d, d], dtype: "float64" });
  // Eigenvalues ascend.
  const vectors = (await linalg.eigh(covariance)[1].data()) as Float64Array;
  const axes = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length: d }, (_, i) => vectors[i * d + (d - 1 - k)]!),
  );
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const project = ({ mean, covariance: c }: Moments): Moments => {
    const turned = axes.map((a) =>
      Float64Array.from({ length: d }, (_, i) => dot(c.subarray(i * d, i * d + d), a)),
    );
    return {
      mean: Float64Array.from(axes, (a) => dot(a, mean)),
      covariance: Float64Array.from(axes.flatMap((a) => turned.map((t) => dot(a, t)))),
    };
  };
  const wanted = project(target);
  return (samples) => frechetDistance(wanted, project(moments(samples)));
}

/** The first pairs. */
function firstRows({ x0, x1 }: FlowPairs, count: number): FlowPairs {
  const rows = Int32Array.from({ length: count }, (_, i) => i);
  return { x0: gatherRows(x0, rows), x1: gatherRows(x1, rows) };
}
