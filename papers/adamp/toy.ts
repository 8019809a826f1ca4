// The smallest scale-invariant problem: only the direction of a point in the plane matters.
import { compile, grad, scan, tensor, type Tensor } from "fluxion";
import { applyUpdates, type Transform } from "fluxion/optim";

/** f(w) = −w₀ / ‖w‖: smallest, −1, along the positive first axis. @param w [..., 2] */
export const direction = (w: Tensor): Tensor =>
  w.slice(null, 0).neg().div(w.square().sum(-1).add(1e-12).sqrt());

/** Iterates from (0.3, 1), the start among them: float32 [steps + 1, 2]. */
export async function walk(optimizer: Transform, steps: number): Promise<Float32Array> {
  const slope = grad((w: Tensor) => direction(w).sum());
  const run = compile((start: Tensor) =>
    scan(
      ({ w, state }: { w: Tensor; state: unknown }): [{ w: Tensor; state: unknown }, Tensor] => {
        const { updates, state: next } = optimizer.update(slope(w), state, w);
        const moved = applyUpdates(w, updates);
        return [{ w: moved, state: next }, moved.reshape([2])];
      },
      { w: start, state: optimizer.init(start) },
      undefined,
      { length: steps },
    ),
  );
  const from = [0.3, 1];
  const [, path] = await run(tensor([from]));
  const values = (await path.data()) as Float32Array;
  await run.release();
  return Float32Array.from([...from, ...values]);
}

/** Values of `direction` on a grid, rows from the top: float32 [n, n]. */
export async function surface(
  n: number,
  [x0, x1]: readonly [number, number],
  [y0, y1]: readonly [number, number],
): Promise<Float32Array> {
  const points = Float32Array.from({ length: 2 * n * n }, (_, k) => {
    const [row, column] = [Math.floor(k / 2 / n), (k >> 1) % n];
    return k % 2 === 0 ? x0 + ((x1 - x0) * column) / (n - 1) : y1 - ((y1 - y0) * row) / (n - 1);
  });
  return (await direction(tensor(points, { shape: [n * n, 2] })).data()) as Float32Array;
}
