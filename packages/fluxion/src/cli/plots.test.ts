import { expect, it } from "vitest";
import { linePlot, scatterPlot } from "./plots.js";

const labels = { title: "runs/a&b <$&>", x: "step", y: "loss" };
const count = (svg: string, pattern: RegExp): number => [...svg.matchAll(pattern)].length;

it("draws a curve for every name, with the names where there are several", async () => {
  const svg = await linePlot(
    [
      {
        name: "one",
        points: [
          [1, 1],
          [2, 4],
          [4, 2],
        ],
      },
      {
        name: "two",
        points: [
          [1, 2],
          [2, 3],
        ],
      },
    ],
    { ...labels, logX: true, logY: true },
  );
  expect(svg).toMatch(/^<\?xml .*\n<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*><title>/);
  expect(svg).toContain("<title>runs/a&amp;b &lt;$&amp;&gt;</title>");
  expect(count(svg, /<circle/g)).toBe(5);
  expect(count(svg, />(one|two)<\/text>/g)).toBe(2);
  expect(svg).not.toContain("NaN");
});

it("draws long curves without dots", async () => {
  const points = Array.from({ length: 50 }, (_, i) => [i, Math.exp(-i / 10)] as const);
  const svg = await linePlot([{ name: "loss", points }], labels);
  expect(count(svg, /<circle/g)).toBe(0);
  expect(count(svg, /<path[^>]* d="M[^"]*L/g)).toBeGreaterThan(0);
});

it("draws every point of a cloud", async () => {
  const svg = await scatterPlot(Float32Array.from([0, 0, 1, 2, -1, 3]), "points");
  expect(count(svg, /<circle/g)).toBe(3);
  expect(svg.match(/<svg/g)).toHaveLength(1);
});
