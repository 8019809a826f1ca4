import { expect, it } from "vitest";
import { OptionError, tensor } from "../index.js";
import { linearPath, logSnr } from "./path.js";
import { sampleOde } from "./sample.js";
import { logitNormalTime } from "./time.js";
import { resolutionShift, shiftedGrid, shiftedTime, shiftTime } from "./time-shift.js";

it("by 3: 0.9, 0.5 and 0.1 become 0.75, 0.25 and 1 − 0.9642857", async () => {
  for (const [from, to] of [
    [0.9, 0.75],
    [0.5, 0.25],
    [0.1, 1 - 0.9642857],
  ] as const) {
    expect(shiftTime(from, 3)).toBeCloseTo(to, 7);
    expect(await shiftTime(tensor([from], { dtype: "float64" }), 3).item()).toBeCloseTo(
      shiftTime(from, 3),
      14,
    );
  }
  expect([shiftTime(0, 3), shiftTime(1, 3)]).toEqual([0, 1]);
  expect(resolutionShift(1024 ** 2, 256 ** 2)).toBe(4);
});

it("composes by multiplication, is undone by the inverse, and takes 2·log(shift) off the log-SNR", async () => {
  for (const t of [0.1, 0.4, 0.95]) {
    expect(shiftTime(shiftTime(t, 2), 1.7)).toBeCloseTo(shiftTime(t, 3.4), 14);
    expect(shiftTime(shiftTime(t, 2.5), 1 / 2.5)).toBeCloseTo(t, 14);
    const level = (at: number): Promise<number> =>
      logSnr(linearPath(), tensor([at], { dtype: "float64" })).item();
    expect((await level(shiftTime(t, 3))) - (await level(t))).toBeCloseTo(-2 * Math.log(3), 12);
  }
});

it("makes a logit-normal of a logit-normal", () => {
  const shifted = shiftedTime(logitNormalTime({ mean: 0.3, std: 0.8 }), 3);
  const moved = logitNormalTime({ mean: 0.3 - Math.log(3), std: 0.8 });
  for (const t of [0.05, 0.3, 0.7, 0.99]) expect(shifted.density!(t)).toBeCloseTo(moved.density!(t), 10);
});

it("gives a sampler its times, shifted once or as the reference sampler has them", async () => {
  const inNoise = (grid: number[]): number[] => grid.map((t) => 1 - t);
  const close = (got: number[], want: number[]): void =>
    want.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 6));
  close(inNoise(shiftedGrid({ steps: 4, shift: 3 })), [1, 0.9, 0.75, 0.5, 0]);
  close(
    inNoise(shiftedGrid({ steps: 4, shift: 3, style: "sd3-ref" })),
    [1, 0.857692, 0.602151, 0.0089286, 0],
  );
  expect(shiftedGrid({ steps: 1 })).toEqual([0, 1]);
  close(shiftedGrid({ steps: 5, shift: 1 }), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  // A constant velocity is followed exactly whatever the grid.
  const x = tensor([[1, -2]], { dtype: "float64" });
  for (const style of ["single", "sd3-ref"] as const) {
    const end = await sampleOde((z) => z.mul(0).add(3), x, { grid: shiftedGrid({ steps: 7, style }) }).data();
    expect(end[0]).toBeCloseTo(4, 12);
    expect(end[1]).toBeCloseTo(1, 12);
  }
});

it("refuses shifts and grids that are none", () => {
  for (const shift of [0, -1, NaN, Infinity]) {
    expect(() => shiftTime(0.5, shift)).toThrow(OptionError);
    expect(() => shiftedTime(logitNormalTime(), shift)).toThrow(OptionError);
    expect(() => shiftedGrid({ shift })).toThrow(OptionError);
  }
  expect(() => resolutionShift(0, 1)).toThrow(OptionError);
  for (const wrong of [{ steps: 0 }, { steps: 1.5 }, { style: "double" }, { step: 1 }])
    expect(() => shiftedGrid(wrong as never)).toThrow(OptionError);
});
