import type { PlotOptions } from "@observablehq/plot";
import { writeFileAtomic } from "../data/node/index.js";

// Loaded where something is drawn: they would triple the time that every command takes to start.
const loadPlot = () => import("@observablehq/plot");
const loadDocument = () => import("linkedom");

/** One curve of a plot. */
export interface Curve {
  name: string;
  /** Pairs of x and y. */
  points: readonly (readonly [number, number])[];
}

/** Axes of a plot. */
export interface PlotLabels {
  title: string;
  x: string;
  y: string;
  logX?: boolean;
  logY?: boolean;
}

/** Curves as an SVG document. */
export async function linePlot(curves: readonly Curve[], labels: PlotLabels): Promise<string> {
  const Plot = await loadPlot();
  const rows = curves.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y })));
  const few = curves.every((c) => c.points.length <= 12);
  return svgOf({
    title: labels.title,
    x: {
      label: labels.x,
      type: labels.logX ? "log" : "linear",
      ...(few ? { ticks: [...new Set(rows.map((r) => r.x))], tickFormat: "~g" } : {}),
    },
    y: { label: labels.y, type: labels.logY ? "log" : "linear", grid: true, tickFormat: "~g" },
    color: { domain: curves.map((c) => c.name) },
    marks: [
      Plot.line(rows, { x: "x", y: "y", stroke: "name", strokeWidth: few ? 2 : 1 }),
      ...(few ? [Plot.dot(rows, { x: "x", y: "y", fill: "name", r: 3 })] : []),
      // Names at the ends of the curves rather than in a legend.
      ...(curves.length > 1
        ? [
            Plot.text(
              rows,
              Plot.selectLast({
                x: "x",
                y: "y",
                z: "name",
                text: "name",
                fill: "name",
                textAnchor: "start",
                dx: 8,
              }),
            ),
          ]
        : []),
    ],
    marginRight: curves.length > 1 ? 110 : 20,
  });
}

/** Points [N, 2] as an SVG document with equal scales. */
export async function scatterPlot(points: Float32Array, title: string): Promise<string> {
  const Plot = await loadPlot();
  const rows = Array.from({ length: points.length / 2 }, (_, i) => ({
    x: points[2 * i]!,
    y: points[2 * i + 1]!,
  }));
  return svgOf({
    title,
    aspectRatio: 1,
    marks: [Plot.dot(rows, { x: "x", y: "y", r: 1.2, fill: "currentColor", fillOpacity: 0.5 })],
  });
}

/** A plot of any kind as an SVG document, 640 x 400 unless it says otherwise. */
export async function svgOf({ title, ...options }: PlotOptions & { title: string }): Promise<string> {
  const [Plot, { parseHTML }] = await Promise.all([loadPlot(), loadDocument()]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    width: 640,
    height: 400,
    marginLeft: 60,
    ...options,
    style: { background: "white", fontSize: "12px" },
    document,
  });
  const figure = plot as unknown as {
    tagName: string;
    querySelectorAll(s: string): Iterable<{ outerHTML: string }>;
    outerHTML: string;
  };
  const drawing =
    figure.tagName.toLowerCase() === "svg"
      ? figure.outerHTML
      : [...figure.querySelectorAll("svg")].at(-1)!.outerHTML;
  const named = drawing
    .replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"')
    .replace(">", () => `><title>${escaped(title)}</title>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${named}\n`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Writes a plot as an SVG file. */
export const writePlot = (path: string, svg: string): Promise<void> =>
  writeFileAtomic(path, new TextEncoder().encode(svg));
