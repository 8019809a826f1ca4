// One training run, and what other optimizers would do along it: how sharp the loss is in the direction of each.
import { compile, treeMap, valueAndGrad, type Tensor } from "fluxion";
import { directionalSharpness, lineProfile, shadowOptimizers } from "fluxion/analyse";
import {
  adam,
  adamClip,
  applyUpdates,
  chain,
  momentum,
  normalizeByNorm,
  scaleByLearningRate,
  sgdClip,
  signSgd,
  trace,
  type Transform,
} from "fluxion/optim";
import { train, type Loss, type Snapshot } from "fluxion/train";

/** Makes the root mean square of every tensor 1, given that its norm is. */
const unitElements: Transform = {
  init: () => ({}),
  update: <P>(grads: P, state: unknown) => ({
    updates: treeMap((g: Tensor) => g.mul(Math.sqrt(g.size)), grads) as P,
    state,
  }),
};

/** What is compared; learning rates do not matter to a direction. */
const compared = {
  SGD: momentum({ learningRate: 1 }),
  "SGD, clipped": sgdClip({ learningRate: 1, fraction: 0.1 }),
  sign: chain(trace(0.9), signSgd({ learningRate: 1 })),
  "SGD, normalised": chain(
    trace(0.9),
    normalizeByNorm({ perLeaf: true }),
    unitElements,
    scaleByLearningRate(1),
  ),
  Adam: adam({ learningRate: 1 }),
  "Adam, clipped": adamClip({ learningRate: 1, fraction: 0.5 }),
};
const shadows = shadowOptimizers(compared);

/** Name of a compared optimizer. */
export type ShadowName = keyof typeof compared;
export const shadowNames = Object.keys(compared) as ShadowName[];

/** A task: where to start, and what is minimised. */
export interface Task<P, B> {
  readonly start: P;
  readonly loss: Loss<P, B> & ((params: P, batch: B) => Tensor);
  readonly batches: (step: number) => B;
  /** A fixed set of training examples that curvature is taken on. */
  readonly fixed: B;
}

/** What is known at a point of the path. */
export interface Point {
  readonly step: number;
  /** Mean training loss since the point before. */
  readonly loss: number;
  /** Directional sharpness of every optimizer's update. */
  readonly sharpness: Readonly<Record<ShadowName, number>>;
}

type Shadowed<P> = { real: unknown; shadows: Record<ShadowName, unknown>; updates: Record<ShadowName, P> };

/** A training run that can be looked at. */
export interface Path<P> {
  /** Trains up to a step and measures there. */
  advance(to: number, signal?: AbortSignal): Promise<Point>;
  /** Loss of the fixed examples at distances along every update: by name, [D]. */
  profile(distances: readonly number[]): Promise<Record<ShadowName, number[]>>;
  readonly params: () => P;
  release(): Promise<void>;
}

/** The path of `real` from the start of a task, with all compared optimizers along it. */
export function pathOf<P, B>(task: Task<P, B>, real: Transform): Path<P> {
  const { start, loss, batches, fixed } = task;
  const zero = treeMap((t: Tensor) => t.mul(0), start) as P;
  const record = <T>(value: T): Record<ShadowName, T> =>
    Object.fromEntries(shadowNames.map((name) => [name, value])) as Record<ShadowName, T>;
  const state: Shadowed<P> = {
    real: real.init(start),
    ...{ shadows: shadows.init(start), updates: record(zero) },
  };
  const measure = compile((params: P, updates: Record<ShadowName, P>) => {
    const f = (p: P): Tensor => loss(p, fixed);
    return Object.fromEntries(
      shadowNames.map((name) => [name, directionalSharpness(f, params, updates[name]).value]),
    ) as Record<ShadowName, Tensor>;
  });
  let at: Snapshot<P, Shadowed<P>> | undefined;
  return {
    async advance(to, signal) {
      const { history, snapshot } = await train<P, B, Shadowed<P>>({
        ...{ params: start, state, batches, steps: to, recordEvery: 1, threads: 1 },
        ...(at ? { resume: at } : {}),
        ...(signal ? { signal } : {}),
        step({ params, state: now, batch }) {
          const [value, grads] = valueAndGrad((p: P) => loss(p, batch))(params);
          const { updates, states } = shadows.observe(grads, now.shadows, params);
          const moved = real.update(grads, now.real, params);
          return {
            params: applyUpdates(params, moved.updates),
            state: { real: moved.state, shadows: states, updates },
            loss: value,
          };
        },
      });
      at = snapshot;
      const values = await measure(snapshot.params, snapshot.state.updates);
      const sharpness = record(NaN);
      for (const name of shadowNames) sharpness[name] = await values[name].item();
      return {
        ...{ step: snapshot.step, sharpness },
        loss: history.reduce((sum, r) => sum + r.loss, 0) / history.length,
      };
    },
    async profile(distances) {
      const result = record<number[]>([]);
      if (!at) return result;
      for (const name of shadowNames) {
        const line = lineProfile((p: P) => loss(p, fixed), at.params, at.state.updates[name], { distances });
        result[name] = [...((await line.data()) as Float32Array)];
      }
      return result;
    },
    params: () => at?.params ?? start,
    release: () => measure.release(),
  };
}
