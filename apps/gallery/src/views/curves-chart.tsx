import type { CurvesView } from "fluxion/demo";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colourOf, Legend } from "./legend.js";
import { brief } from "./numbers.js";

/** Curves over a common axis. */
export function CurvesChart({ view }: { view: CurvesView }) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<{ plot: uPlot; key: string }>();
  const names = view.curves.map((c) => c.name);
  const key = JSON.stringify([names, view.x, view.y]);

  const drop = (): void => {
    chart.current?.plot.destroy();
    chart.current = undefined;
  };
  useEffect(() => {
    const element = holder.current!;
    if (chart.current?.key !== key) {
      drop();
      chart.current = { key, plot: new uPlot(optionsOf(view, element), dataOf(view), element) };
    } else chart.current.plot.setData(dataOf(view));
  }, [view]);
  useEffect(() => {
    const element = holder.current!;
    const resized = new ResizeObserver(() => {
      chart.current?.plot.setSize({ width: element.clientWidth, height: heightFor(element) });
    });
    resized.observe(element);
    const again = (): void => {
      drop();
      chart.current = { key, plot: new uPlot(optionsOf(view, element), dataOf(view), element) };
    };
    addEventListener("themechange", again);
    return () => {
      resized.disconnect();
      removeEventListener("themechange", again);
    };
  }, [view]);
  useEffect(() => drop, []);

  const last = view.curves.map(({ name, points }) => {
    const end = points.at(-1);
    return end ? `${name}: ${brief(end[1])}` : name;
  });
  return (
    <>
      <div
        ref={holder}
        role="img"
        aria-label={`${view.title}. Last values: ${last.join("; ")}`}
        class="chart"
      />
      <Legend names={names} />
      {view.curves.map(({ name, points }) => (
        <data key={name} hidden value={points.at(-1)?.[1]} data-first={points[0]?.[1]} data-name={name} />
      ))}
    </>
  );
}

const heightFor = (element: HTMLElement): number => Math.round(Math.min(300, 0.7 * element.clientWidth));

/** Curves on their joint abscissae; what a logarithmic axis cannot show is left out. */
function dataOf({ curves, x, y }: CurvesView): uPlot.AlignedData {
  const tables = curves.map(({ points }) => {
    const kept = points.filter(
      ([a, b]) => Number.isFinite(b) && (!x.logarithmic || a > 0) && (!y.logarithmic || b > 0),
    );
    kept.sort((a, b) => a[0] - b[0]);
    return [kept.map((p) => p[0]), kept.map((p) => p[1])] as uPlot.AlignedData;
  });
  const filled = tables.filter((t) => t[0].length > 0);
  if (filled.length === 0) return [[], ...curves.map(() => [])];
  return uPlot.join(tables);
}

function optionsOf({ curves, x, y }: CurvesView, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = (label: string): uPlot.Axis => ({
    label,
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    labelSize: 18,
  });
  const compact = (_: uPlot, values: number[]): string[] =>
    values.map((v) =>
      v === null
        ? ""
        : Math.abs(v) >= 1e4 || (v !== 0 && Math.abs(v) < 1e-3)
          ? v.toExponential(0)
          : String(Number(v.toPrecision(4))),
    );
  return {
    width: element.clientWidth,
    height: heightFor(element),
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, distr: x.logarithmic ? 3 : 1 }, y: { distr: y.logarithmic ? 3 : 1 } },
    axes: [
      { ...axis(x.label), size: 34, values: compact },
      { ...axis(y.label), size: 52, values: compact },
    ],
    series: [
      {},
      ...curves.map(({ name }, i) => ({
        label: name,
        stroke: colour(colourOf(i)),
        width: 1.8,
        spanGaps: true,
        points: { show: (_plot: uPlot, _series: number, from: number, to: number) => to - from < 3 },
      })),
    ],
  };
}
