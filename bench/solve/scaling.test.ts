import { expect, it } from "vitest";
import { sectionReport } from "./report.js";
import { exponentOf, measureScaling, type ScalingSection } from "./scaling.js";

const section: ScalingSection = {
  ...{ name: "toy", title: "Toy", size: "things", unit: "operations", sizes: [10, 20, 40] },
  series: [
    {
      name: "quadratic",
      paper: { exponent: 2, says: "O(n²)" },
      prepare: (size) => Promise.resolve(() => Promise.resolve({ work: 3 * size ** 2 })),
    },
    { name: "small only", upTo: 10, prepare: () => Promise.resolve(() => Promise.resolve()) },
  ],
};

it("fits exponents", () => {
  expect(
    exponentOf([
      [1, 5],
      [10, 500],
      [100, 50_000],
    ]),
  ).toBeCloseTo(2);
  expect(exponentOf([[1, 5]])).toBeNaN();
});

it("measures every series up to its size, and reports it", async () => {
  const results = await measureScaling(section, { reps: 1 });
  expect(results[0]!.points.map((p) => p.size)).toEqual([10, 20, 40]);
  expect(results[0]!.workExponent).toBeCloseTo(2);
  expect(results[1]!.points).toHaveLength(1);
  const text = sectionReport(section, results);
  expect(text).toContain("o quadratic");
  expect(text).toMatch(/quadratic +\S+ +2\.00 +2\.00 +O\(n²\)/);
  expect(text).toMatch(/small only +\S+ +– +–/);
});
