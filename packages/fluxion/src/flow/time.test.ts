import { expect, it } from "vitest";
import { OptionError } from "../index.js";
import { key } from "../core/random/index.js";
import { edmPath } from "./diffusion-path.js";
import { linearPath, logSnr } from "./path.js";
import {
  fixedTime,
  gridTime,
  logitNormalTime,
  noiseLevelTime,
  uniformTime,
  uShapedTime,
  type TimeDistribution,
} from "./time.js";

const draw = async (d: TimeDistribution, count = 20_000): Promise<number[]> =>
  Array.from(await d.sample(key(3), count).data(), Number);

const cases: [string, TimeDistribution, [number, number]][] = [
  ["uniform", uniformTime(), [0, 1]],
  ["uniform on a part", uniformTime({ min: 0.2, max: 0.5 }), [0.2, 0.5]],
  ["logit-normal", logitNormalTime(), [0, 1]],
  ["U-shaped", uShapedTime(), [0, 1]],
  ["hardly U-shaped", uShapedTime({ a: 0.01, margin: 0.1 }), [0.1, 0.9]],
  ["shifted logit-normal", logitNormalTime({ mean: -0.7, std: 0.6 }), [0, 1]],
];

it.each(cases)("%s: draws follow the density, which integrates to 1", async (_, time, [from, to]) => {
  const draws = await draw(time);
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(from);
  expect(Math.max(...draws)).toBeLessThanOrEqual(to);
  // Midpoint integrals of the density over 20 bins against the fractions of draws in them.
  const bins = 20;
  const inner = 50;
  let total = 0;
  for (let b = 0; b < bins; b++) {
    let mass = 0;
    for (let i = 0; i < inner; i++) mass += time.density!((b + (i + 0.5) / inner) / bins) / (bins * inner);
    total += mass;
    const share = draws.filter((t) => Math.floor(t * bins) === b).length / draws.length;
    // Four standard deviations of a binomial share.
    expect(Math.abs(share - mass)).toBeLessThan(4 * Math.sqrt((mass * (1 - mass)) / draws.length) + 2e-3);
  }
  expect(total).toBeCloseTo(1, 2);
});

it("densities vanish outside", () => {
  for (const [, time] of cases) for (const t of [-0.1, 1.1]) expect(time.density!(t)).toBe(0);
  expect(logitNormalTime().density!(0)).toBe(0);
});

it("the U-shape with a = 4, by hand", async () => {
  const time = uShapedTime({ margin: 0 });
  const density = (t: number): number => time.density!(t);
  expect(density(0)).toBeCloseTo(2.0746294, 6);
  expect(density(1)).toBeCloseTo(2.0746294, 6);
  expect(density(0.5)).toBeCloseTo(0.5514411, 6);
  expect(density(0) / density(0.5)).toBeCloseTo(Math.cosh(2), 10);
  // Its distribution function is F(t) = (e^(at) − 1 + e^a − e^(a(1−t)))/(2(e^a − 1)).
  const draws = await draw(time, 200_000);
  const share = (t: number): number => draws.filter((v) => v < t).length / draws.length;
  expect(Math.abs(share(0.1) - 0.1725035)).toBeLessThan(3e-3);
  expect(Math.abs(share(0.25) - 0.3379864)).toBeLessThan(4e-3);
  const mean = draws.reduce((a, b) => a + b) / draws.length;
  const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
  expect(Math.abs(variance - 0.1156713)).toBeLessThan(1e-3);
  for (const t of [0.1, 0.4, 0.9]) expect(uShapedTime({ a: 1e-4 }).density!(t)).toBeCloseTo(1, 4);
});

it("EDM's noise levels: log-normal sigma; on the linear path a logit-normal time", async () => {
  const { sigma } = edmPath().at(noiseLevelTime(edmPath()).sample(key(1), 20_000));
  const logs = Array.from(await sigma.log().data(), Number);
  const mean = logs.reduce((a, b) => a + b) / logs.length;
  const std = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length);
  expect(Math.abs(mean + 1.2)).toBeLessThan(0.03);
  expect(Math.abs(std - 1.2)).toBeLessThan(0.03);
  const [a, b] = [
    noiseLevelTime(linearPath(), { mean: 0.5, std: 0.7 }),
    logitNormalTime({ mean: -0.5, std: 0.7 }),
  ];
  const [x, y] = [
    logSnr(linearPath(), a.sample(key(3), 20_000)),
    logSnr(linearPath(), b.sample(key(3), 20_000)),
  ];
  expect(Math.abs((await x.mean().item()) - (await y.mean().item()))).toBeLessThan(0.05);
});

it("grid times are the starts of k equal steps, equally likely; fixed time is fixed", async () => {
  const draws = await draw(gridTime(4), 4000);
  for (const t of [0, 0.25, 0.5, 0.75]) {
    const share = draws.filter((v) => v === t).length / 4000;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
  }
  expect(await draw(gridTime(1), 3)).toEqual([0, 0, 0]);
  expect(await draw(fixedTime(0), 3)).toEqual([0, 0, 0]);
});

it("equal keys give equal times", async () => {
  expect(await draw(uniformTime(), 5)).toEqual(await draw(uniformTime(), 5));
});

it("refuses impossible distributions", () => {
  for (const options of [{ min: -0.1 }, { max: 1.1 }, { min: 0.5, max: 0.5 }, { low: 0 }]) {
    expect(() => uniformTime(options as never)).toThrow(OptionError);
  }
  for (const options of [{ std: 0 }, { std: NaN }, { mu: 0 }]) {
    expect(() => logitNormalTime(options as never)).toThrow(OptionError);
  }
  for (const options of [{ a: 0 }, { a: -4 }, { margin: 0.5 }, { b: 1 }]) {
    expect(() => uShapedTime(options as never)).toThrow(OptionError);
  }
  expect(() => noiseLevelTime(linearPath(), { std: 0 })).toThrow(OptionError);
  for (const t of [-0.1, 1.5, NaN]) expect(() => fixedTime(t)).toThrow(OptionError);
  for (const k of [0, 1.5, NaN]) expect(() => gridTime(k)).toThrow(OptionError);
});
