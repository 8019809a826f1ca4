// Edits of real images from one class to another by a small transformer, with attention values of the inversion shared.
import { compile, random, type Tensor } from "fluxion";
import type { ClaimContext } from "fluxion/claims";
import { averagePool, batches } from "fluxion/data";
import {
  classifierFreeGuidance,
  droppedCondition,
  independentCoupling,
  rfEdit,
  rfInvert,
  trainFlow,
  velocityOf,
} from "fluxion/flow";
import { dit, mlp, type DitParams } from "fluxion/nn";
import { adam } from "fluxion/optim";
import { train } from "fluxion/train";
import { accuracy, crossEntropy } from "../fashion-classifier.js";
import { benchOptimizer, benchTraining } from "../fashion7.js";
import { nullClass } from "../fashion14.js";
import { asTensors, heldOut, loadParts, type Labelled } from "../fashion-held-out.js";

/** Shape of one image: 28 x 28 with a margin of 2, averaged over squares of 4. */
export const shape = [1, 8, 8] as const;
/** 16 tokens of 2 x 2 pixels. */
export const network = dit({ image: shape, patch: 2, width: 32, depth: 2, heads: 4, classes: nullClass });
/** Steps of the solver, both ways. */
export const steps = 15;
/** Guidance of the edit. */
const scale = 2;

/** What is trained, and how many images are edited. */
export interface EditBudget {
  readonly steps: number;
  /** Steps of the classifier that judges. */
  readonly judge: number;
  readonly n: number;
}

/** The images at 8 x 8. */
export const loadFashion8 = () =>
  loadParts(({ data, shape: [n = 0] }) => {
    const padded = new Float32Array(n * 1024).fill(-1);
    for (let row = 0; row < n * 28; row++) {
      const at = Math.floor(row / 28) * 1024 + ((row % 28) + 2) * 32 + 2;
      padded.set(data.subarray(row * 28, row * 28 + 28), at);
    }
    return averagePool({ data: padded, shape: [n, 1, 32, 32] }, 4);
  });

/** Figures of the edits for one seed. */
export async function editFigures(
  { seed, signal, progress }: ClaimContext,
  budget: EditBudget,
): Promise<Record<string, number>> {
  progress(0.6, "transformer");
  const { train: data, held } = await loadFashion8();
  const stop = signal ? { signal } : {};
  const flow = await trainFlow({
    ...{ ...benchTraining, batchSize: 64, model: network.apply, seed, data, ...stop },
    ...{ params: network.init(random.key(seed)), steps: budget.steps },
    optimizer: benchOptimizer(budget.steps, 4e-3),
    objective: { coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond: nullClass }) },
  });
  progress(0.9, "edits");
  const judge = await trainJudge(data, budget.judge, seed, signal);
  const { x, y: classes } = heldOut(held, budget.n, seed);
  // Every class becomes each of the others.
  const shift = random.randint(random.key(seed + 700), [budget.n], 1, 10);
  const wanted = classes.add(shift).remainder(10);

  const edit = compile((params: DitParams, images: Tensor, from: Tensor, to: Tensor) => {
    const source = velocityOf(network.apply, params, { cond: from });
    const guided = classifierFreeGuidance(network.apply, { scale, nullCond: nullClass });
    const target = velocityOf(guided, params, { cond: to });
    const figures: Record<string, Tensor> = {};
    for (const share of [0, 8, 12, 15]) {
      const inverted = rfInvert(source, images, { steps, share });
      const [edited, again] = [target, source].map((velocity) => rfEdit(velocity, inverted, { steps }));
      figures[`edit_${share}`] = edited!.sub(images).square().mean();
      figures[`target_${share}`] = accuracy(judge(edited!), to);
      figures[`reconstruction_${share}`] = again!.sub(images).square().mean();
    }
    figures["judge"] = accuracy(judge(images), from);
    return figures;
  });
  const measured = await edit(flow.ema!, x, classes, wanted);
  const figures: Record<string, number> = {};
  for (const [name, value] of Object.entries(measured)) figures[name] = await value.item();
  await edit.release();
  return figures;
}

/** A classifier of 8 x 8 pixels that never sees an edited image. */
async function trainJudge(
  data: Labelled,
  length: number,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<(x: Tensor) => Tensor> {
  const net = mlp({ inputs: 64, hidden: [128], outputs: 10 });
  const apply = (params: Parameters<typeof net.apply>[0], x: Tensor): Tensor =>
    net.apply(params, x.reshape([x.shape[0]!, 64]));
  const plan = { n: data.x1.shape[0]!, batchSize: 128, seed };
  const { params } = await train({
    ...{ params: net.init(random.key(seed + 300)), steps: length, stepsPerCall: 20, threads: 1 },
    optimizer: adam({ learningRate: 2e-3 }),
    loss: (p, batch: { x: Tensor; y: Tensor }) => crossEntropy(apply(p, batch.x), batch.y),
    batches: (step) => asTensors(data, batches(plan, step).next().value.indices),
    ...(signal ? { signal } : {}),
  });
  return (x) => apply(params, x);
}
