import { expect, it } from "vitest";
import { OptionError, tensor, type Tensor } from "../index.js";
import { sampleAdaptive, sampleAdaptiveAsync, type AdaptiveOptions } from "./adaptive.js";
import { gaussianVelocity } from "./exact.js";
import type { Velocity } from "./sample.js";

const f64 = (values: number[]): Tensor => tensor(values, { dtype: "float64" });
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const swirl: Velocity = (x, t) => x.mul(3).sin().add(t.mul(5).cos());

it("reaches the exact end of a Gaussian flow", async () => {
  const z = [-1.5, 0.2, 2];
  const { x, status, t, accepted, rejected, evaluations } = await sampleAdaptive(
    gaussianVelocity({ mean: 1, std: 0.5 }),
    f64(z),
    { rtol: 1e-8, atol: 1e-8 },
  );
  (await numbers(x)).forEach((v, i) => expect(v).toBeCloseTo(1 + 0.5 * z[i]!, 6));
  expect([status, t]).toEqual(["ok", 1]);
  expect(evaluations).toBe(1 + 6 * (accepted + rejected));
});

it("forward and backward in float32 recovers the start to 1e-3 (unit check 7)", async () => {
  const z = tensor([
    [0.3, -1.2],
    [2, 0.4],
    [-0.7, 1.9],
  ]);
  const there = await sampleAdaptive(swirl, z);
  const back = await sampleAdaptive(swirl, there.x, { from: 1, to: 0 });
  expect(back.status).toBe("ok");
  expect(back.t).toBe(0);
  expect(await back.x.sub(z).abs().max().item()).toBeLessThan(1e-3);
});

it("a tighter tolerance costs more evaluations and gives a smaller error", async () => {
  const at = async (tol: number) => sampleAdaptive(swirl, f64([0.4, -1]), { rtol: tol, atol: tol });
  const [loose, tight, reference] = [await at(1e-3), await at(1e-7), await at(1e-11)];
  const error = async (x: Tensor): Promise<number> => x.sub(reference.x).abs().max().item();
  expect(tight.evaluations).toBeGreaterThan(loose.evaluations);
  expect(await error(tight.x)).toBeLessThan(1e-6);
  expect(await error(tight.x)).toBeLessThan(await error(loose.x));
});

it("an opaque model takes the same steps", async () => {
  const opaque = async (x: Tensor, t: Tensor): Promise<Tensor> =>
    tensor(Float64Array.from(await swirl(x, t).data(), Number), { shape: x.shape });
  const options: AdaptiveOptions = { rtol: 1e-4, atol: 1e-4 };
  const inside = await sampleAdaptive(swirl, f64([0.4, -1]), options);
  const outside = await sampleAdaptiveAsync(opaque, f64([0.4, -1]), options);
  expect(outside.evaluations).toBe(inside.evaluations);
  expect(await outside.x.sub(inside.x).abs().max().item()).toBeLessThan(1e-12);
});

it("failure is a status", async () => {
  const few = await sampleAdaptive(swirl, f64([1]), { rtol: 1e-9, atol: 1e-9, maxSteps: 2 });
  expect(few.status).toBe("max-steps");
  expect(few.t).toBeLessThan(1);
  // dx/dt = x² from 2 leaves every bound at t = ½.
  const blowUp = await sampleAdaptive((x) => x.square(), f64([2]), { maxSteps: 300 });
  expect(blowUp.status).not.toBe("ok");
  expect(blowUp.t).toBeLessThan(0.51);
  const nan = await sampleAdaptive((x) => x.mul(NaN), f64([1]));
  expect([nan.status, nan.t]).toEqual(["non-finite", 0]);
});

it("refuses bad options before it computes", async () => {
  const bad: AdaptiveOptions[] = [
    ...[{ rtol: 0 }, { atol: -1 }, { rtol: NaN }, { from: 1 }, { to: Infinity }],
    ...[{ maxSteps: 0 }, { maxSteps: 1.5 }, { tol: 1 } as AdaptiveOptions],
  ];
  for (const options of bad) {
    await expect(sampleAdaptive(swirl, f64([1]), options), JSON.stringify(options)).rejects.toThrow(
      OptionError,
    );
  }
});
