import { expect, it } from "vitest";
import { checkGradient } from "../testing/gradient-check.js";
import { OptionError, stack, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { pairsCoupling, shuffledCoupling, type FlowBatch } from "./coupling.js";
import { gaussianVelocity } from "./exact.js";
import { l2, pseudoHuber } from "./metric.js";
import { flowLoss, type FlowObjective } from "./objective.js";
import { cosinePath } from "./path.js";
import type { FlowModel } from "./prediction.js";
import { fixedTime, uniformTime } from "./time.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const n = 40_000;
const [z0, z1] = [normal(key(10), [n, 1]), normal(key(11), [n, 1])];
/** The exact minimiser as a model without parameters. */
const optimal =
  (correlation: number): FlowModel<null> =>
  (_, x, t) =>
    gaussianVelocity({ correlation })(x, t.reshape([-1, 1]));
const affine: FlowModel<Tensor> = (params, x, t) => x.mul(params).add(t.reshape([-1, 1]));

it("at the exact velocity the loss is V: π/2 for independent unit Gaussians (unit check 1)", async () => {
  const loss = await flowLoss(optimal(0))(null, { x1: z1 }, key(1)).item();
  expect(Math.abs(loss - Math.PI / 2)).toBeLessThan(0.05);
});

it("on pairs V is that of their correlation; a silent re-pairing would give π/2 (unit check 4)", async () => {
  const rho = 0.5;
  const batch = { x0: z0, x1: z0.mul(rho).add(z1.mul(Math.sqrt(1 - rho * rho))) };
  const loss = flowLoss(optimal(rho), { coupling: pairsCoupling() })(null, batch, key(1));
  const again = flowLoss(optimal(0), { coupling: shuffledCoupling() })(null, batch, key(1));
  const [paired, shuffled] = await numbers(stack([loss, again]));
  expect(Math.abs(paired! - 0.9069)).toBeLessThan(0.03);
  expect(Math.abs(shuffled! - Math.PI / 2)).toBeLessThan(0.05);
});

it("swapping the ends, t → 1 − t and v → −v leaves the loss (unit check 3)", async () => {
  const batch: FlowBatch = { x0: z0.slice([0, 64]), x1: z1.slice([0, 64]) };
  const params = tensor(0.7);
  for (const t of [0.1, 0.35, 0.9]) {
    const there = flowLoss(affine, { coupling: pairsCoupling(), time: fixedTime(t) });
    const mirrored: FlowModel<Tensor> = (p, x, time) => affine(p, x, time.neg().add(1)).neg();
    const back = flowLoss(mirrored, { coupling: pairsCoupling(), time: fixedTime(1 - t) });
    const [a, b] = await numbers(
      stack([there(params, batch, key(1)), back(params, { x0: batch.x1, x1: batch.x0! }, key(1))]),
    );
    expect(Math.abs(a! - b!) / a!).toBeLessThan(1e-6);
  }
});

it("at t = 0 the network sees exactly the source", async () => {
  let seen: Tensor | undefined;
  const spy: FlowModel<null> = (_, x) => ((seen = x), x.mul(0));
  const batch = { x0: tensor([[3, -1]]), x1: tensor([[1e6, 1e6]]) };
  flowLoss(spy, { coupling: pairsCoupling(), time: fixedTime(0) })(null, batch, key(1));
  expect(await numbers(seen!)).toEqual([3, -1]);
});

it("a loss in another quantity scales as the paths say", async () => {
  // On the linear path, data − x̂1 = (1 − t)·(velocity − v̂).
  const at = (objective: FlowObjective): Tensor =>
    flowLoss(affine, { coupling: pairsCoupling(), time: fixedTime(0.75), ...objective })(
      tensor(0.3),
      { x0: z0, x1: z1 },
      key(1),
    );
  const [plain, data, noise] = await numbers(stack([at({}), at({ space: "data" }), at({ space: "noise" })]));
  expect(data! / plain!).toBeCloseTo(0.25 ** 2, 5);
  expect(noise! / plain!).toBeCloseTo(0.75 ** 2, 5);
  const weighted = at({ weight: (t) => t.mul(0).add(2) });
  expect(await weighted.item()).toBeCloseTo(2 * plain!, 5);
});

it("equal keys give equal losses, other keys other ones", async () => {
  const loss = flowLoss(affine, { time: uniformTime({ max: 0.9 }), path: cosinePath(), metric: l2() });
  const at = (seed: number): Promise<number> => loss(tensor(0.3), { x1: z1 }, key(seed)).item();
  expect(await at(1)).toBe(await at(1));
  expect(await at(1)).not.toBe(await at(2));
});

it("its gradient is right, for every metric", async () => {
  const x0 = tensor(
    [
      [0.4, -1],
      [0.2, 0.8],
    ],
    { dtype: "float64" },
  );
  const x1 = tensor(
    [
      [1.3, 0.1],
      [-0.6, 2],
    ],
    { dtype: "float64" },
  );
  for (const metric of [l2(), pseudoHuber(0.3)]) {
    const loss = flowLoss(affine, { coupling: pairsCoupling(), time: fixedTime(0.5), metric });
    await checkGradient((p) => loss(p, { x0, x1 }, key(1)), [0.3]);
  }
});

it("refuses unknown options", () => {
  expect(() => flowLoss(affine, { metrics: l2() } as never)).toThrow(OptionError);
});
