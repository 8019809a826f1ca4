import { expect, it } from "vitest";
import { compile, OptionError, type Tensor } from "../index.js";
import { key, normal } from "../core/random/index.js";
import { gaussianVelocity } from "./exact.js";
import { sampleOde } from "./sample.js";
import { sampleSde } from "./sde.js";

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const z = normal(key(4), [4000, 1]);

it("keeps the marginals: mean 0 and variance t² + (1−t)² at every t (unit check 6)", async () => {
  const sampler = compile((x: Tensor, t: Tensor) =>
    [0.5, 0.95].map((to) => {
      const grid = Array.from({ length: 61 }, (_, i) => (to * i) / 60);
      return sampleSde(gaussianVelocity(), x, t, { g: () => 1, grid });
    }),
  );
  const ends = await sampler(z, key(5));
  for (const [i, t] of [0.5, 0.95].entries()) {
    const list = await numbers(ends[i]!);
    const mean = list.reduce((a, b) => a + b) / list.length;
    const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
    const want = t * t + (1 - t) ** 2;
    // Four standard errors of mean and variance, and the step's own error of order 1/60.
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(want / list.length));
    expect(Math.abs(variance / want - 1)).toBeLessThan(4 * Math.sqrt(2 / list.length) + 0.03);
  }
});

it("with g = 0 it is the ODE exactly", async () => {
  const x = normal(key(6), [16, 2]);
  const ode = sampleOde(gaussianVelocity(), x, { steps: 9 });
  expect(await numbers(sampleSde(gaussianVelocity(), x, key(7), { g: () => 0, steps: 9 }))).toEqual(
    await numbers(ode),
  );
});

it("a wider source has a weaker score", async () => {
  // N(0, s0²) stays itself under v = −x/… only if the score is that of s0: at t = 0 the drift is v − ½g²x/s0².
  const x = normal(key(6), [8, 1]).mul(2);
  const still = (v: Tensor): Tensor => v.mul(0);
  const one = sampleSde(still, x, key(7), { g: () => 1, grid: [0, 0.01], sourceScale: 2 });
  const narrow = sampleSde(still, x, key(7), { g: () => 1, grid: [0, 0.01] });
  // The same noise, so the difference is the drifts': ½·0.01·x·(1 − 1/4).
  const gap = await numbers(one.sub(narrow).sub(x.mul(0.5 * 0.01 * 0.75)));
  for (const v of gap) expect(Math.abs(v)).toBeLessThan(1e-6);
});

it("refuses backward time, a negative strength and a singular end", () => {
  const x = normal(key(6), [2, 1]);
  const sde = (options: object) => () => sampleSde(gaussianVelocity(), x, key(7), { g: () => 1, ...options });
  expect(sde({ grid: [0.9, 0.5, 0] })).toThrow(OptionError);
  expect(sde({ g: () => -1 })).toThrow(OptionError);
  expect(sde({ g: () => NaN })).toThrow(OptionError);
  expect(sde({ sourceScale: 0 })).toThrow(OptionError);
  expect(sde({ solver: 1 })).toThrow(OptionError);
  expect(sde({ grid: [0.5, 1, 1.5] })).toThrow(OptionError);
});
