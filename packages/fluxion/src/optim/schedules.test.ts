import { describe, expect, it } from "vitest";
import { arange, compile, OptionError, stack, tensor } from "../index.js";
import {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  joinSchedules,
  linearSchedule,
  piecewiseSchedule,
  type Schedule,
  warmupCosineSchedule,
} from "./index.js";

/** Values at whole steps, computed in one compiled program. */
async function valuesAt(schedule: Schedule, steps: readonly number[]): Promise<number[]> {
  const run = compile((...list: ReturnType<typeof tensor>[]) => stack(list.map(schedule)));
  const out = await run(...steps.map((s) => tensor(s, { dtype: "int32" })));
  expect(out.dtype).toBe("float32");
  await run.release();
  return Array.from(await out.data(), Number);
}

const wave = (part: number): number => (1 + Math.cos(Math.PI * part)) / 2;

const table: readonly (readonly [string, Schedule, readonly number[], readonly number[]])[] = [
  ["constant", constantSchedule(0.1), [0, 1, 1e6], [0.1, 0.1, 0.1]],
  ["linear", linearSchedule({ init: 1, end: 0.5, steps: 10 }), [0, 5, 10, 20], [1, 0.75, 0.5, 0.5]],
  ["cosine", cosineSchedule({ init: 2, steps: 4 }), [0, 1, 2, 4, 9], [2, 2 * wave(0.25), 1, 0, 0]],
  ["cosine to an end", cosineSchedule({ init: 2, end: 1, steps: 4 }), [0, 2, 4], [2, 1.5, 1]],
  [
    "warm-up and cosine",
    warmupCosineSchedule({ peak: 1, end: 0.1, warmupSteps: 4, steps: 12 }),
    [0, 2, 4, 8, 12, 50],
    [0, 0.5, 1, 0.55, 0.1, 0.1],
  ],
  [
    "piecewise",
    piecewiseSchedule({ boundaries: [2, 5], values: [1, 0.1, 0.01] }),
    [0, 1, 2, 4, 5, 9],
    [1, 1, 0.1, 0.1, 0.01, 0.01],
  ],
  [
    "exponential",
    exponentialSchedule({ init: 3, rate: 0.5, steps: 2 }),
    [0, 1, 4],
    [3, 3 * 0.5 ** 0.5, 0.75],
  ],
  [
    "stairs",
    exponentialSchedule({ init: 3, rate: 0.5, steps: 2, staircase: true }),
    [0, 1, 2, 5],
    [3, 3, 1.5, 0.75],
  ],
  [
    "joined, each from its own start",
    joinSchedules([constantSchedule(1), linearSchedule({ init: 2, end: 4, steps: 2 })], [3]),
    [2, 3, 4, 5],
    [1, 2, 3, 4],
  ],
];

describe("values at the knots and between", () => {
  it.each(table)("%s", async (_, schedule, steps, want) => {
    const got = await valuesAt(schedule, steps);
    want.forEach((v, i) => expect(got[i]).toBeCloseTo(v, 6));
  });
});

it("takes a float step in its own precision", async () => {
  const value = linearSchedule({ init: 0, end: 1, steps: 3 })(tensor(1, { dtype: "float64" }));
  expect(value.dtype).toBe("float64");
  expect(await value.item()).toBe(1 / 3);
  expect(await exponentialSchedule({ init: 1, rate: 0.9 })(arange(3).slice(2)).item()).toBeCloseTo(0.81, 6);
});

it("refuses what makes no schedule", () => {
  const bad: (() => unknown)[] = [
    () => constantSchedule(NaN),
    () => linearSchedule({ init: 0, end: 1, steps: 0 }),
    () => cosineSchedule({ init: 1, steps: 2.5 }),
    () => cosineSchedule({ init: 1, steps: 2, alpha: 3 } as never),
    () => warmupCosineSchedule({ peak: 1, warmupSteps: 5, steps: 5 }),
    () => piecewiseSchedule({ boundaries: [3, 3], values: [1, 2, 3] }),
    () => piecewiseSchedule({ boundaries: [3], values: [1] }),
    () => exponentialSchedule({ init: 1, rate: 0 }),
    () => joinSchedules([], []),
  ];
  for (const make of bad) expect(make).toThrow(OptionError);
});
