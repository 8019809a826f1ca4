import { expect, it } from "vitest";
import { demoState, type Demo } from "./demo.js";

const controls: Demo["controls"] = {
  steps: { kind: "range", label: "Steps", min: 1, max: 8, step: 1, initial: 2 },
  data: {
    kind: "choice",
    label: "Data",
    options: [
      { value: "a", label: "A" },
      { value: "b", label: "B" },
    ],
    initial: "a",
  },
  fast: { kind: "toggle", label: "Fast", initial: false },
};

it("overlays what is known and in range, and drops the rest", () => {
  expect(demoState(controls)).toEqual({ steps: 2, data: "a", fast: false });
  expect(demoState(controls, { steps: 8, data: "b", fast: true })).toEqual({
    steps: 8,
    data: "b",
    fast: true,
  });
  const hostile = { steps: 9, data: "c", fast: "yes", other: 1 };
  expect(demoState(controls, hostile)).toEqual({ steps: 2, data: "a", fast: false });
  expect(demoState(controls, { steps: NaN })).toEqual(demoState(controls));
});
