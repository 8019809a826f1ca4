import { expect, it } from "vitest";
import { grad, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { batchNorm, channelStatistics } from "./batch-norm.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

it("gives every channel mean 0 and variance 1, then scales and shifts", async () => {
  const x = normal(key(0), [8, 3, 4, 4]).mul(5).add(2);
  const layer = batchNorm(3);
  const params = layer.init(key(0));
  const plain = channelStatistics(layer.apply(params, x));
  for (const v of await numbers(plain.mean)) expect(v).toBeCloseTo(0, 5);
  for (const v of await numbers(plain.variance)) expect(v).toBeCloseTo(1, 4);
  const moved = { scale: params.scale.mul(3), bias: params.bias.add(7) };
  for (const v of await numbers(channelStatistics(layer.apply(moved, x)).mean)) expect(v).toBeCloseTo(7, 4);
});

it("with given statistics treats every example alone", async () => {
  const x = normal(key(1), [6, 2]);
  const layer = batchNorm(2, { epsilon: 0 });
  const params = layer.init(key(0));
  const statistics = channelStatistics(x);
  const all = await numbers(layer.apply(params, x, statistics));
  expect(all).toEqual(await numbers(layer.apply(params, x)));
  expect(await numbers(layer.apply(params, x.slice([0, 1]), statistics))).toEqual(all.slice(0, 2));
});

it("passes no gradient along the mean and the scale of the batch", async () => {
  const x = normal(key(2), [5, 2], { dtype: "float64" });
  const c = normal(key(3), [5, 2], { dtype: "float64" });
  const layer = batchNorm(2, { epsilon: 0 });
  const g = grad((v: Tensor) =>
    layer
      .apply(layer.init(key(0)), v)
      .mul(c)
      .sum(),
  )(x);
  for (const v of await numbers(g.sum(0))) expect(v).toBeCloseTo(0, 10);
  for (const v of await numbers(g.mul(x).sum(0))) expect(v).toBeCloseTo(0, 10);
});

it("refuses what does not fit", () => {
  expect(() => batchNorm(0)).toThrow(/channels/);
  expect(() => batchNorm(2, { momentum: 0.1 } as never)).toThrow(/option "momentum"/);
});
