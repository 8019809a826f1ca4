import { expect, it } from "vitest";
import { OptionError, ShapeError, tensor, type Tensor } from "../index.js";
import { sampleAdaptive } from "./adaptive.js";
import { gaussianSource } from "./coupling.js";
import { gaussianVelocity } from "./exact.js";
import { drawPairs, generatePairs } from "./pairs.js";
import type { FlowModel } from "./prediction.js";
import { rk4 } from "./solver.js";

/** The exact flow from N(0, 1) to N(mean, std²). */
const model: FlowModel<{ mean: Tensor }> = (p, x, t, cond) => {
  const v = gaussianVelocity({ std: 0.5 })(x.sub(t.reshape([-1, 1]).mul(p.mean)), t.reshape([-1, 1])).add(
    p.mean,
  );
  return cond ? v.add(cond.cast("float32").reshape([-1, 1])) : v;
};
const params = { mean: tensor(2) };
const base = { model, params, shape: [3], solver: rk4, steps: 20 };

it("each source is stored with where the flow takes it, whatever the batches", async () => {
  const whole = await generatePairs({ ...base, n: 7, batchSize: 7 });
  expect([whole.x0.shape, whole.x1.shape]).toEqual([
    [7, 3],
    [7, 3],
  ]);
  for (let i = 0; i < 21; i++) expect(whole.x1.data[i]).toBeCloseTo(2 + 0.5 * whole.x0.data[i]!, 3);
  const made: number[] = [];
  const parts = await generatePairs({ ...base, n: 7, batchSize: 3, onProgress: (k) => made.push(k) });
  expect(made).toEqual([3, 6, 7]);
  expect(parts.x1.data).toHaveLength(21);
  for (let i = 0; i < 21; i++) expect(parts.x1.data[i]).toBeCloseTo(2 + 0.5 * parts.x0.data[i]!, 3);
  expect(new Set(parts.x0.data).size).toBe(21);
});

it("the seed fixes the sources", async () => {
  const at = async (seed: number) => (await generatePairs({ ...base, n: 4, seed })).x0.data;
  expect(await at(1)).toEqual(await at(1));
  expect(await at(1)).not.toEqual(await at(2));
});

it("conditions go with their pairs", async () => {
  const cond = { data: Int32Array.from([0, 10, 20, 30, 40]), shape: [5] };
  const pairs = await generatePairs({ ...base, n: 5, batchSize: 2, cond, source: gaussianSource(0.1) });
  expect(pairs.cond).toBe(cond);
  for (let i = 0; i < 15; i++) {
    const shift = 10 * Math.floor(i / 3);
    expect(pairs.x1.data[i]! - 2 - shift - 0.5 * pairs.x0.data[i]!).toSatisfy(
      (v: number) => Math.abs(v) < 0.3 * shift + 0.01,
    );
  }
});

it("any sampler will do: here the adaptive one", async () => {
  const velocity = (x: Tensor, t: Tensor): Tensor => gaussianVelocity({ mean: -1 })(x, t);
  const end = async (z: Tensor): Promise<Tensor> => (await sampleAdaptive(velocity, z)).x;
  const pairs = await drawPairs(end, { n: 4, shape: [2] });
  for (let i = 0; i < 8; i++) expect(pairs.x1.data[i]).toBeCloseTo(pairs.x0.data[i]! - 1, 3);
});

it("stops at a signal and refuses bad options", async () => {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("enough"));
  await expect(
    generatePairs({ ...base, n: 6, batchSize: 2, onProgress: stop, signal: controller.signal }),
  ).rejects.toThrow("enough");
  await expect(generatePairs({ ...base, n: 0 })).rejects.toThrow(OptionError);
  await expect(generatePairs({ ...base, n: 2, batch: 1 } as never)).rejects.toThrow(OptionError);
  await expect(
    generatePairs({ ...base, n: 2, cond: { data: new Int32Array(1), shape: [1] } }),
  ).rejects.toThrow(ShapeError);
  await expect(drawPairs(async (z) => z.slice(0), { n: 2, shape: [2] })).rejects.toThrow(ShapeError);
});
