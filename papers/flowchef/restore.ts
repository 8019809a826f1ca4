// Held-out images with a box missing, or at half their size, restored by one flow in several ways.
import { compile, random, tensor, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import {
  centreBox,
  flowChef,
  freeDom,
  gradientAlignment,
  masking,
  misfit,
  pnpFlow,
  pooling,
  sampleOde,
  velocityOf,
  type FlowMlpParams,
  type Measurement,
  type SampleHook,
  type Velocity,
} from "fluxion/flow";
import { network, nullClass, shape } from "../fashion14.js";
import { heldOut, loadParts14, trainFlows, type FlowBudget } from "../fashion-held-out.js";

/** What is trained, and how much is restored. */
export interface RestoreBudget {
  readonly flows: FlowBudget;
  readonly steps: number;
  readonly n: number;
}

/** Pixels of a side that inpainting has to fill. */
export const box = 6;
/** What is known of an image, by task. */
export const tasks: Readonly<Record<string, Measurement>> = {
  inpaint: masking(centreBox([14, 14], box)),
  enlarge: pooling(2),
};
/** Step size of FlowChef and both of FreeDoM, of which the better one counts. */
export const stepSizes = [0.08, 0.16] as const;
/** Times at which the gradients are compared. */
export const alignmentTimes = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95] as const;

const meanSquare = (a: Tensor, b: Tensor): Tensor => a.sub(b).square().mean([1, 2, 3]);
/** Mean over the images of the peak signal-to-noise ratio in dB, of pixels cut to [−1, 1]. */
export const psnr = (restored: Tensor, images: Tensor): Tensor =>
  meanSquare(restored.clip(-1, 1), images)
    .log()
    .mul(-10 / Math.LN10)
    .mean()
    .add(10 * Math.log10(4));

/** A flow without a class. */
export const classless = (params: FlowMlpParams, n: number): Velocity =>
  velocityOf(network.apply, params, { cond: tensor(new Int32Array(n).fill(nullClass)) });

/** Restores the images of one seed by both flows. */
export async function restoreFigures(
  { seed, signal, progress }: ClaimContext,
  { flows: budget, steps, n }: RestoreBudget,
): Promise<Record<string, number>> {
  progress(0, "flows");
  const flows = await trainFlows(budget, { seed, signal });
  const { held } = await loadParts14();
  const { x: images } = heldOut(held, n, seed);
  const noise = random.normal(random.key(seed + 500), [n, ...shape]);
  const key = random.key(seed + 600);
  const figures: Record<string, number> = {};
  let done = 0.5;
  for (const [task, measurement] of Object.entries(tasks)) {
    const { apply, adjoint, gain } = measurement;
    const sampler = (hooks: (y: Tensor) => SampleHook[]) =>
      compile((params: FlowMlpParams, z: Tensor, x: Tensor) => {
        const y = apply(x);
        const end = sampleOde(classless(params, n), z, { steps, hooks: hooks(y) });
        return { psnr: psnr(end, x), misfit: apply(end).sub(y).square().mean() };
      });
    const ways = {
      unguided: sampler(() => []),
      flowChef: sampler((y) => [flowChef({ cost: misfit(measurement, y) })]),
      freeDom: sampler((y) => [freeDom({ cost: misfit(measurement, y), stepSize: stepSizes[0] })]),
      freeDomFar: sampler((y) => [freeDom({ cost: misfit(measurement, y), stepSize: stepSizes[1] })]),
      pnpFlow: compile((params: FlowMlpParams, _: Tensor, x: Tensor) => {
        const y = apply(x);
        const end = pnpFlow(classless(params, n), { measurement, y, key });
        return { psnr: psnr(end, x), misfit: apply(end).sub(y).square().mean() };
      }),
    };
    const degraded = adjoint(apply(images)).div(gain);
    figures[`${task}_degraded`] = await psnr(degraded, images).item();
    for (const [flow, params] of Object.entries(flows)) {
      progress((done += 0.1), `${task}, ${flow} flow`);
      for (const [way, restore] of Object.entries(ways)) {
        const got = await restore(params, noise, images);
        figures[`${task}_${way}_${flow}`] = await got.psnr.item();
        if (way === "flowChef") figures[`${task}_misfit_${flow}`] = await got.misfit.item();
      }
    }
    const operations = (way: typeof ways.flowChef): number =>
      way.lower(flows.first, noise, images).cost.flops;
    figures[`${task}_operations`] = operations(ways.flowChef) / operations(ways.freeDom);
    await Promise.all(Object.values(ways).map((way) => way.release()));
  }
  return { ...figures, ...(await alignment(flows, images, noise)) };
}

/** Mean cosine of FlowChef's gradient and the exact one on noised held-out images, by flow and time. */
async function alignment(
  flows: Awaited<ReturnType<typeof trainFlows>>,
  images: Tensor,
  noise: Tensor,
): Promise<Record<string, number>> {
  const { inpaint } = tasks;
  const cosines = compile((params: FlowMlpParams, x: Tensor, z: Tensor) => {
    const cost = misfit(inpaint!, inpaint!.apply(x));
    return alignmentTimes.map((t) => {
      const point = x.mul(t).add(z.mul(1 - t));
      return gradientAlignment(classless(params, x.shape[0]!), point, tensor(t), cost).mean();
    });
  });
  const figures: Record<string, number> = {};
  for (const [flow, params] of Object.entries(flows)) {
    const values = await cosines(params, images, noise);
    for (const [i, value] of values.entries())
      figures[`cosine_${flow}_${alignmentTimes[i]}`] = await value.item();
  }
  await cosines.release();
  return figures;
}
