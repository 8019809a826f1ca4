import { expect, it } from "vitest";
import { OptionError } from "../core/errors.js";
import type { View } from "./demo.js";
import { isBetter, watched, watchedSteps, type Watch } from "./watch.js";

const views: readonly View[] = [
  {
    kind: "curves",
    title: "Loss",
    x: { label: "step" },
    y: { label: "loss" },
    curves: [
      { name: "a", points: [] },
      {
        name: "b",
        points: [
          [1, 3],
          [2, 2],
        ],
      },
      { name: "c", points: [[1, NaN]] },
    ],
  },
  { kind: "figures", title: "Now", figures: [{ name: "distance", value: 0.5 }] },
  { kind: "figures", title: "Then", figures: [{ name: "variance", value: Infinity }] },
];
const at = (of: Watch["of"]): number | undefined => watched({ label: "It", better: "lower", of }, views);

it("finds a figure, and the last point of a curve", () => {
  expect(at("distance")).toBe(0.5);
  expect(at({ title: "Loss", curve: "b" })).toBe(2);
});

it("knows nothing of what is not there yet or not finite", () => {
  expect(at("later")).toBeUndefined();
  expect(at("variance")).toBeUndefined();
  for (const curve of ["a", "c", "later"]) expect(at({ title: "Loss", curve })).toBeUndefined();
});

it("says when no view can hold it", () => {
  expect(() => at({ title: "Less", curve: "b" })).toThrow('want curves titled "Less", got "Loss"');
  expect(() => watched({ label: "It", better: "lower", of: "distance" }, [views[0]!])).toThrow(OptionError);
});

it("compares its way", () => {
  expect(isBetter({ better: "lower" }, 1, 2)).toBe(true);
  expect(isBetter({ better: "higher" }, 1, 2)).toBe(false);
  expect(isBetter({ better: "higher" }, 3, 2)).toBe(true);
  expect(isBetter({ better: "lower" }, 2, 2)).toBe(false);
  expect(isBetter({ better: "lower" }, undefined, 2)).toBe(false);
  expect(isBetter({ better: "higher" }, 2, undefined)).toBe(false);
});

it("takes twenty steps unless it says otherwise", () => {
  const watch = { label: "It", better: "lower", of: "distance" } as const;
  expect(watchedSteps(watch)).toEqual([1, 20]);
  expect(watchedSteps({ ...watch, between: [50, 100] })).toEqual([50, 100]);
  for (const between of [
    [0, 20],
    [20, 20],
    [1, 2.5],
  ] as const) {
    expect(() => watchedSteps({ ...watch, between })).toThrow(OptionError);
  }
});
