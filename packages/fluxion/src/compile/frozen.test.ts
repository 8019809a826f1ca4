import { expect, it } from "vitest";
import { compile, linalg, scan, tensor, type Tensor } from "../index.js";

const values = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i));
const w = tensor(values, { shape: [20, 20] });
const x = tensor(values.subarray(0, 40), { shape: [2, 20] });

it("holds what is closed over in the model itself, with the same result", async () => {
  const f = (t: Tensor): Tensor => t.matmul(w).tanh();
  const [fed, frozen] = [compile(f), compile(f, { frozen: true })];
  expect(await (await frozen(x)).toArray()).toEqual(await (await fed(x)).toArray());
  expect(frozen.stats[0]!.bytes).toBeGreaterThan(4 * w.size);
  expect(fed.stats[0]!.bytes).toBeLessThan(4 * w.size);
});

it("reaches into loops and past host operators", async () => {
  const spd = tensor([
    [4, 1],
    [1, 3],
  ]);
  const f = (t: Tensor): Tensor => {
    const [end] = scan((s: Tensor): [Tensor, undefined] => [s.matmul(w).tanh(), undefined], t, undefined, {
      length: 3,
    });
    return end.sum().add(linalg.cholesky(spd).sum());
  };
  const [fed, frozen] = [compile(f), compile(f, { frozen: true })];
  expect(await (await frozen(x)).item()).toBeCloseTo(await (await fed(x)).item(), 5);
});
