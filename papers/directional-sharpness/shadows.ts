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

/** Something for every compared optimizer. */
const record = <T>(make: (name: ShadowName) => T): Record<ShadowName, T> =>
  Object.fromEntries(shadowNames.map((name) => [name, make(name)])) as Record<ShadowName, T>;

/** A task: where to start, and what is minimised. */
export interface Task<P, B> {
  readonly start: P;
  readonly loss: (params: P, batch: B) => Tensor;
  readonly batches: (step: number) => B;
  /** A fixed set of training examples that curvature is taken on. */
  readonly fixed: B;
}

/** What is known at a point of the path. */
export interface Point {
  readonly step: number;
  /** Mean training loss since the measurement before. */
  readonly loss: number;
  /** Directional sharpness of every optimizer's update. */
  readonly sharpness: Readonly<Record<ShadowName, number>>;
}

/** A training run that can be looked at. */
export interface Path {
  /** Trains up to a step. @throws the signal's reason */
  advance(to: number, signal?: AbortSignal): Promise<void>;
  /** Sharpness along every update of the last step, at the point that it started from. @throws RangeError before any */
  measure(): Promise<Point>;
  /** Loss of the fixed examples at distances along every update: by name, [D]; empty before the first step. */
  profile(distances: readonly number[]): Promise<Record<ShadowName, number[]>>;
  release(): Promise<void>;
}

/** The path of `real` from the start of a task, with all compared optimizers along it. */
export function pathOf<P, B>({ start, loss, batches, fixed }: Task<P, B>, real: Transform): Path {
  type State = { params: P; real: unknown; shadows: Record<ShadowName, unknown> };
  const onFixed = (params: P): Tensor => loss(params, fixed);
  // One thread: the network is so small that more get into each other's way.
  const options = { threads: 1 };
  const step = compile((at: State, batch: B) => {
    const [value, grads] = valueAndGrad((p: P) => loss(p, batch))(at.params);
    const { updates, states } = shadows.observe(grads, at.shadows, at.params);
    const moved = real.update(grads, at.real, at.params);
    const next: State = {
      params: applyUpdates(at.params, moved.updates),
      ...{ real: moved.state, shadows: states },
    };
    return { next, updates, loss: value };
  }, options);
  const curvatures = compile(
    (params: P, updates: Record<ShadowName, P>) =>
      record((name) => directionalSharpness(onFixed, params, updates[name]).value),
    options,
  );
  const along = compile(
    (params: P, v: P, distances: readonly number[]) => lineProfile(onFixed, params, v, { distances }),
    options,
  );
  let at: State = { params: start, real: real.init(start), shadows: shadows.init(start) };
  let last: { readonly params: P; readonly updates: Record<ShadowName, P> } | undefined;
  let losses: number[] = [];
  let made = 0;
  return {
    async advance(to, signal) {
      for (; made < to; made++) {
        signal?.throwIfAborted();
        const out = await step(at, batches(made));
        // The updates belong to the point that their gradient is from, not to the one that the step leads to.
        last = { params: at.params, updates: out.updates };
        at = out.next;
        losses.push(await out.loss.item());
      }
    },
    async measure() {
      if (!last) throw new RangeError("there is no update to measure before the first step");
      const values = await curvatures(last.params, last.updates);
      const sharpness = record(() => NaN);
      for (const name of shadowNames) sharpness[name] = await values[name].item();
      const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
      losses = [];
      return { step: made, sharpness, loss };
    },
    async profile(distances) {
      const result = record<number[]>(() => []);
      for (const name of last ? shadowNames : []) {
        const line = await along(last!.params, last!.updates[name], distances);
        result[name] = [...((await line.data()) as Float32Array)];
      }
      return result;
    },
    async release() {
      await Promise.all([step.release(), curvatures.release(), along.release()]);
    },
  };
}
