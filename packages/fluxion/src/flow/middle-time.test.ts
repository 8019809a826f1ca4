import { expect, it } from "vitest";
import { OptionError } from "../index.js";
import { key } from "../core/random/index.js";
import { cosMapTime, modeTime } from "./middle-time.js";
import { logitNormalTime, type TimeDistribution } from "./time.js";
import { shiftedTime } from "./time-shift.js";
import { timeNamed, times } from "./times.js";

const cases: [string, TimeDistribution][] = [
  ["mode", modeTime()],
  ["mode, steep", modeTime({ scale: 1.7 })],
  ["mode, ends", modeTime({ scale: -1 })],
  ["cosmap", cosMapTime()],
  ["logit-normal", logitNormalTime()],
  ["logit-normal, moved", logitNormalTime({ mean: -0.7, std: 0.6 })],
  ["shifted mode", shiftedTime(modeTime(), 3)],
  ["shifted logit-normal", shiftedTime(logitNormalTime({ mean: 0.5, std: 0.6 }), 0.5)],
];

/** Distribution function of a density at the middles of equal cells; the density may grow towards both ends. */
function distribution(density: (t: number) => number, cells: number): { at: Float64Array; total: number } {
  const at = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) {
    // Substituting t = sin²(πs/2) tames densities like 1/√t.
    const s = (i + 0.5) / cells;
    const t = Math.sin((Math.PI / 2) * s) ** 2;
    at[i + 1] = at[i]! + (density(t) * (Math.PI / 2) * Math.sin(Math.PI * s)) / cells;
  }
  return { at, total: at[cells]! };
}

it.each(cases)(
  "%s: the density integrates to 1 and a Kolmogorov-Smirnov test accepts the draws",
  async (_, time) => {
    const cells = 20_000;
    const { at, total } = distribution(time.density!, cells);
    expect(total).toBeCloseTo(1, 4);
    const n = 20_000;
    const draws = Array.from(await time.sample(key(5), n).data(), Number).sort((a, b) => a - b);
    let gap = 0;
    draws.forEach((t, i) => {
      const s = (2 / Math.PI) * Math.asin(Math.sqrt(Math.min(1, t)));
      const f = at[Math.min(cells, Math.round(s * cells))]!;
      gap = Math.max(gap, Math.abs(f - i / n), Math.abs(f - (i + 1) / n));
    });
    // The critical value at the level of one in a thousand.
    expect(gap).toBeLessThan(1.95 / Math.sqrt(n));
  },
);

it("logit-normal(0, 1), by hand", () => {
  const { density } = logitNormalTime();
  expect(density!(0.5)).toBeCloseTo(1.5957691, 7);
  const cells = 200_000;
  let [below01, below025, variance] = [0, 0, 0];
  for (let i = 0; i < cells; i++) {
    const t = (i + 0.5) / cells;
    const mass = density!(t) / cells;
    if (t < 0.1) below01 += mass;
    if (t < 0.25) below025 += mass;
    variance += mass * (t - 0.5) ** 2;
  }
  expect(below01).toBeCloseTo(0.0140022, 6);
  expect(below025).toBeCloseTo(0.1359686, 6);
  expect(Math.sqrt(variance)).toBeCloseTo(0.2082763, 6);
});

it("mode(1.29) and cosmap, by hand; both are symmetric", () => {
  const mode = modeTime({ scale: 1.29 });
  expect(mode.quantile!(0.75)).toBeCloseTo(0.6164161, 7);
  expect(mode.density!(0.5)).toBeCloseTo(3.7925802, 6);
  for (const t of [0, 1]) expect(mode.density!(t)).toBeCloseTo(0.4366812, 6);
  const cosmap = cosMapTime();
  expect(cosmap.quantile!(0.25)).toBeCloseTo(0.2928932, 7);
  for (const t of [0, 1]) expect(cosmap.density!(t)).toBeCloseTo(0.6366198, 7);
  expect(cosmap.density!(0.5)).toBeCloseTo(1.2732395, 7);
  for (const time of [mode, cosmap]) {
    expect(time.quantile!(0)).toBe(0);
    expect(time.quantile!(1)).toBeCloseTo(1, 15);
    for (const u of [0.1, 0.3, 0.45]) {
      expect(time.quantile!(u) + time.quantile!(1 - u)).toBeCloseTo(1, 12);
      expect(time.density!(u)).toBeCloseTo(time.density!(1 - u), 10);
    }
  }
  for (const t of [0.1, 0.5]) expect(modeTime({ scale: 0 }).density!(t)).toBeCloseTo(1, 12);
});

it("the quantile is the inverse of the distribution that is drawn from", async () => {
  for (const time of [modeTime(), cosMapTime(), timeNamed("uniform"), shiftedTime(cosMapTime(), 2)]) {
    const draws = Array.from(await time.sample(key(1), 20_000).data(), Number);
    for (const u of [0.1, 0.5, 0.9]) {
      const share = draws.filter((t) => t < time.quantile!(u)).length / draws.length;
      expect(Math.abs(share - u)).toBeLessThan(0.01);
    }
  }
});

it("are found by name, and impossible ones are refused", () => {
  for (const name of Object.keys(times)) expect(timeNamed(name).name).toBe(name);
  expect(timeNamed("mode", { scale: 0.5 }).density!(0.5)).toBeCloseTo(1 / (1.5 - 0.25 * Math.PI), 10);
  expect(modeTime({ scale: 2 / (Math.PI - 2) }).quantile!(0.5)).toBeCloseTo(0.5, 12);
  for (const scale of [-1.01, 1.76, NaN]) expect(() => modeTime({ scale })).toThrow(OptionError);
  expect(() => timeNamed("normal")).toThrow(OptionError);
  expect(() => timeNamed("mode", { s: 1 })).toThrow(OptionError);
  expect(() => timeNamed("cosmap", { scale: 1 })).toThrow(OptionError);
});
