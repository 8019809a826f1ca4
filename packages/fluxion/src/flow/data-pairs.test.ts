import { expect, it } from "vitest";
import { OptionError, ShapeError, tensor, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { inversionPairs, joinPairs, phasedPairs } from "./data-pairs.js";
import { edmPath, vpPath } from "./diffusion-path.js";
import { gaussianVelocity } from "./exact.js";
import { generatePairs } from "./pairs.js";
import { timeLike } from "./path.js";
import type { FlowModel } from "./prediction.js";
import { rk4 } from "./solver.js";

const shift: FlowModel<{ mean: Tensor }> = (p, x, t, cond) => {
  const time = t.reshape([-1, 1]);
  const v = gaussianVelocity({ std: 0.5 })(x.sub(time.mul(p.mean)), time).add(p.mean);
  return cond ? v.add(cond.cast("float32").reshape([-1, 1]).mul(0)) : v;
};
const n = 24;
const rows = (await normal(key(1), [n, 2]).mul(0.5).add(2).data()) as Float32Array;
const data = {
  x1: { data: rows, shape: [n, 2] },
  cond: { data: Int32Array.from({ length: n }, (_, i) => i), shape: [n] },
};
const base = { model: shift, params: { mean: tensor(2) }, data };

it("inversion takes each datum back to its own noise", async () => {
  const made: number[] = [];
  const pairs = await inversionPairs({
    ...{ ...base, from: 1, solver: rk4, steps: 50, batchSize: 10 },
    onProgress: (k) => made.push(k),
  });
  expect(made).toEqual([10, 20, 24]);
  expect(pairs.x1).toBe(data.x1);
  expect(pairs.cond).toBe(data.cond);
  pairs.x0.data.forEach((z, i) => expect(z).toBeCloseTo((rows[i]! - 2) / 0.5, 3));
});

it("by default it starts a little inside, with fresh noise by the seed", async () => {
  const at = async (seed: number) =>
    (await inversionPairs({ ...base, solver: rk4, steps: 50, seed })).x0.data;
  const [a, again, b] = [await at(0), await at(0), await at(1)];
  expect(a).toEqual(again);
  expect(a).not.toEqual(b);
  a.forEach((z, i) => expect(Math.abs(z - (rows[i]! - 2) / 0.5)).toBeLessThan(0.05));
});

/** The posterior mean of N(2, ½²) as a model of any path. */
const path = vpPath();
const denoiser: FlowModel<Record<string, never>> = (_, x, t) => {
  const { alpha, sigma } = path.at(timeLike(t, x));
  const gain = alpha.mul(0.25).div(alpha.square().mul(0.25).add(sigma.square()));
  return x.sub(alpha.mul(2)).mul(gain).add(2);
};

it("on other paths, too, and samples begin at sigma(0)·z", async () => {
  const reading = { model: denoiser, params: {}, path, prediction: "data" } as const;
  const back = await inversionPairs({ ...reading, data, from: 0.99, solver: rk4, steps: 200 });
  const spread = Math.sqrt(back.x0.data.reduce((s, z) => s + z * z, 0) / back.x0.data.length);
  const wanted = Math.sqrt(rows.reduce((s, x) => s + ((x - 2) / 0.5) ** 2, 0) / rows.length);
  expect(spread / wanted).toBeCloseTo(1, 0);
  const edm = edmPath();
  const one: FlowModel<Record<string, never>> = (_, x) => x.mul(0);
  const pairs = await generatePairs({
    ...{ model: one, params: {}, path: edm, prediction: "velocity", n: 3, shape: [2], steps: 1 },
  });
  pairs.x1.data.forEach((v, i) => expect(v / (80 * pairs.x0.data[i]!)).toBeCloseTo(1, 5));
});

it("phased pairs are the ends of the path through both ends of their phase", async () => {
  const pairs = await phasedPairs({
    ...{ model: denoiser, params: {}, path, prediction: "data", data, phases: 4, n: 10, steps: 3 },
  });
  expect([pairs.x0.shape, pairs.x1.shape, pairs.span!.shape]).toEqual([
    [10, 2],
    [10, 2],
    [10, 2],
  ]);
  const spans = Array.from({ length: 10 }, (_, i) => pairs.span!.data[2 * i]!);
  expect(spans).toEqual([0, 0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.75]);
  expect(Array.from(pairs.cond!.data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // The last phase ends at the data themselves, near where they came from.
  for (let i = 7; i < 10; i++) {
    for (const j of [2 * i, 2 * i + 1]) expect(Math.abs(pairs.x1.data[j]! - rows[j]!)).toBeLessThan(1);
  }
  // One phase in one step is what the model itself predicts at the start.
  const whole = await phasedPairs({
    ...{ model: denoiser, params: {}, path, prediction: "data", data, phases: 1, n: 5, steps: 1 },
  });
  whole.x1.data.forEach((v) => expect(v).toBeCloseTo(2, 1));
});

it("pairs can be joined if they are of one kind", async () => {
  const pairs = await inversionPairs({ ...base, steps: 2 });
  const both = joinPairs(pairs, pairs);
  expect([both.x0.shape, both.x1.shape, both.cond!.shape]).toEqual([[48, 2], [48, 2], [48]]);
  expect(both.x0.data.subarray(48)).toEqual(pairs.x0.data);
  expect(both.cond!.data).toBeInstanceOf(Int32Array);
  const { cond: _, ...bare } = pairs;
  expect(() => joinPairs(pairs, bare)).toThrow(ShapeError);
  expect(() => joinPairs()).toThrow(OptionError);
});

it("refuses times that ascend, phases that are none, unknown options", async () => {
  await expect(inversionPairs({ ...base, from: 0, to: 1 })).rejects.toThrow(OptionError);
  await expect(phasedPairs({ ...base, phases: 0 })).rejects.toThrow(OptionError);
  await expect(phasedPairs({ ...base, phases: 4, n: 3 })).rejects.toThrow(OptionError);
  await expect(inversionPairs({ ...base, rows: 3 } as never)).rejects.toThrow(OptionError);
  const stop = AbortSignal.abort(new Error("enough"));
  await expect(inversionPairs({ ...base, steps: 1, signal: stop })).rejects.toThrow("enough");
});
