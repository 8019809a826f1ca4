// Two valleys of very different curvature, one of them not convex: where one learning rate cannot fit both.
import { compile, grad, linalg, jacobian, scan, tensor, valueAndGrad, random, type Tensor } from "fluxion";
import {
  adam,
  applyUpdates,
  hutchinson,
  sgd,
  signSgd,
  sophia,
  type Schedule,
  type Transform,
} from "fluxion/optim";

/** L(a, b) = 8(a − 1)²(1.3a² + 2a + 1) + ½(b − 4)². Minimum 0 at (1, 4); a maximum of the first part at a = 0. @param p [2, ...] */
export function loss(p: Tensor): Tensor {
  const [a, b] = [p.slice(0), p.slice(1)];
  const first = a
    .sub(1)
    .square()
    .mul(8)
    .mul(a.square().mul(1.3).add(a.mul(2)).add(1));
  return first.add(b.sub(4).square().mul(0.5));
}

/** Where all start: the first part is concave there, the second far from its minimum. */
export const start = [0.3, 0] as const;

/** Newton's method as it is: the update is −H⁻¹g, whatever the sign of the curvature. */
const newton: Transform = {
  init: () => ({}),
  update: (grads, state, params) => {
    const p = params as Tensor;
    const hessian = jacobian(grad(loss))(p);
    const step = linalg.solve(hessian, (grads as Tensor).reshape([2, 1])).reshape([2]);
    return { updates: step.neg() as never, state };
  },
};

/** Optimizers by name, with the learning rates that are tried. */
export const walkers = {
  "gradient descent": {
    rates: [0.002, 0.005, 0.01, 0.02, 0.05],
    make: (r: number | Schedule) => sgd({ learningRate: r }),
  },
  signs: { rates: [0.01, 0.02, 0.03], make: (r: number | Schedule) => signSgd({ learningRate: r }) },
  Adam: {
    rates: [0.03, 0.1, 0.3, 1],
    make: (r: number | Schedule) => adam({ learningRate: r, b1: 0.9, b2: 0.95 }),
  },
  // The exact diagonal: with signs as probes Hutchinson's estimate of a separable function has no variance.
  Sophia: {
    rates: [1],
    make: (r: number | Schedule) =>
      sophia({
        ...{ learningRate: r, weightDecay: 0, b1: 0, b2: 0, gamma: 1, interval: 1 },
        estimator: hutchinson({ distribution: "rademacher" }),
      }),
  },
} as const;
/** Name of a walker. */
export type WalkerName = keyof typeof walkers;

/** Iterates of an optimizer, the start among them: float64 [steps + 1, 2]. */
export async function walk(optimizer: Transform, steps: number): Promise<Float64Array> {
  const key = random.key(0);
  const run = compile((from: Tensor) =>
    scan(
      ({ p, state }: { p: Tensor; state: unknown }): [{ p: Tensor; state: unknown }, Tensor] => {
        const [value, grads] = valueAndGrad(loss)(p);
        const { updates, state: next } = optimizer.update(grads, state, p, { value, objective: loss, key });
        const moved = applyUpdates(p, updates);
        return [{ p: moved, state: next }, moved];
      },
      { p: from, state: optimizer.init(from) },
      undefined,
      { length: steps },
    ),
  );
  const [, path] = await run(tensor([...start], { dtype: "float64" }));
  const values = (await path.data()) as Float64Array;
  await run.release();
  return Float64Array.from([...start, ...values]);
}

/** Newton's iterates; a solve on the host cannot stand in a loop of the graph, so step by step. */
export async function newtonWalk(steps: number): Promise<Float64Array> {
  let p: Tensor = tensor([...start], { dtype: "float64" });
  const points: number[] = [...start];
  for (let i = 0; i < steps; i++) {
    const { updates } = newton.update(grad(loss)(p), {}, p);
    p = tensor(await applyUpdates(p, updates).data());
    points.push(...((await p.data()) as Float64Array));
  }
  return Float64Array.from(points);
}

/** Steps until both coordinates are within 0.01 of the minimum; Infinity if that does not happen. */
export function stepsToArrive(path: Float64Array): number {
  for (let i = 0; 2 * i < path.length; i++)
    if (Math.abs(path[2 * i]! - 1) < 0.01 && Math.abs(path[2 * i + 1]! - 4) < 0.01) return i;
  return Infinity;
}

/** The loss at every point of a path. */
export async function lossesOf(path: Float64Array): Promise<Float64Array> {
  const n = path.length / 2;
  return (await loss(tensor(path, { shape: [n, 2] }).transpose()).data()) as Float64Array;
}

/** ln(loss + 0.01) on a grid, rows from the top: float32 [n, n]. */
export async function surface(
  n: number,
  a: readonly [number, number],
  b: readonly [number, number],
): Promise<Float32Array> {
  const line = ([from, to]: readonly [number, number]): number[] =>
    Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
  const [columns, rows] = [line(a), line(b).reverse()];
  const grid = tensor([columns.flatMap(() => columns), rows.flatMap((v) => columns.map(() => v))]);
  // Its logarithm: the walls are a thousand times as high as the valley floor.
  return (await loss(grid).add(1e-2).log().data()) as Float32Array;
}
