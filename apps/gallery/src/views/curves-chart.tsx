import type { CurvesAxis, CurvesView } from "fluxion/demo";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onThemeChange } from "./canvas.js";
import { colourOf } from "./colours.js";
import { Legend } from "./legend.js";
import { brief } from "./numbers.js";
import { axisRange, logLabel, logTicks, niceTicks } from "./ticks.js";

/** Curves over a common axis. The legend holds their last values, or those below the pointer. */
export function CurvesChart({ view }: { view: CurvesView }) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<{ plot: uPlot; key: string }>();
  /** What the pointer is at: the abscissa, and each curve's value. */
  const [pointed, setPointed] = useState<{ x: number; values: (number | undefined)[] }>();
  const key = JSON.stringify([
    view.curves.map(({ name, style, series }) => [name, style, series]),
    view.x,
    view.y,
  ]);

  const drop = (): void => {
    chart.current?.plot.destroy();
    chart.current = undefined;
  };
  const draw = (): void => {
    const element = holder.current!;
    chart.current = { key, plot: new uPlot(optionsOf(view, element, setPointed), dataOf(view), element) };
  };
  useEffect(() => {
    if (chart.current?.key !== key) {
      drop();
      draw();
    } else chart.current.plot.setData(dataOf(view));
  }, [view]);
  useEffect(() => {
    const element = holder.current!;
    const resized = new ResizeObserver(() => {
      chart.current?.plot.setSize({ width: element.clientWidth, height: heightFor(element) });
    });
    resized.observe(element);
    const unsubscribe = onThemeChange(() => {
      drop();
      draw();
    });
    return () => {
      resized.disconnect();
      unsubscribe();
    };
  }, [view]);
  useEffect(() => drop, []);

  const last = view.curves.map(({ points }) => points.at(-1)?.[1]);
  const said = view.curves.map(({ name }, i) =>
    last[i] === undefined ? name : `${name}: ${brief(last[i])}`,
  );
  const values = pointed?.values ?? (view.whole ? [] : last);
  return (
    <>
      <div
        ref={holder}
        role="img"
        aria-label={`${view.title}. Last values: ${said.join("; ")}`}
        class="chart"
      />
      <Legend
        entries={view.curves.map(({ name, style = "line", series }, i) => {
          const value = style === "dots" ? undefined : values[i];
          return {
            ...{ name, series: series ?? i, dashed: style === "dashed" },
            value: value === undefined ? undefined : brief(value),
          };
        })}
      />
      {pointed && (
        <p class="quiet pointed">
          at {view.x.label} {brief(pointed.x)}
        </p>
      )}
      {view.curves.map(({ name, points }) => (
        <data
          key={name}
          hidden
          value={points.at(-1)?.[1]}
          data-first={points[0]?.[1]}
          data-low={points.reduce((least, [, value]) => Math.min(least, value), Infinity)}
          data-count={points.length}
          data-name={name}
        />
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

function optionsOf(
  { curves, x, y }: CurvesView,
  element: HTMLElement,
  onPoint: (at: { x: number; values: (number | undefined)[] } | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = ({ label, logarithmic }: CurvesAxis, space: number): uPlot.Axis => ({
    label,
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 5 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    labelSize: 18,
    splits: (plot, _axis, low, high) => {
      const { width, height } = plot.bbox;
      const pixels = (space === across ? width : height) / devicePixelRatio;
      const count = Math.max(2, Math.floor(pixels / space));
      return logarithmic ? logTicks(low, high, count) : niceTicks(low, high, count);
    },
    // uPlot would drop labels of a logarithmic axis by rules of its own.
    filter: (_, ticks) => ticks,
    values: (_, ticks) => ticks.map((v) => (logarithmic ? logLabel(v, ticks) : logLabel(v, []))),
  });
  const scale = (of: CurvesAxis): uPlot.Scale => ({
    distr: of.logarithmic ? 3 : 1,
    range: (_, low, high) => axisRange(low ?? NaN, high ?? NaN, of),
  });
  return {
    width: element.clientWidth,
    height: heightFor(element),
    legend: { show: false },
    cursor: {
      ...{ y: false, drag: { x: false, y: false }, points: { size: 7 } },
      // The nearest point that a curve has.
      dataIdx: (plot, series, hovered) => nearest(plot.data[series]!, hovered),
    },
    hooks: {
      setCursor: [
        (plot) => {
          const { idx, idxs } = plot.cursor;
          if (idx === null || idx === undefined) return onPoint(undefined);
          const values = curves.map((_, i) => plot.data[i + 1]![idxs?.[i + 1] ?? idx] ?? undefined);
          onPoint({ x: plot.data[0][idx]!, values });
        },
      ],
    },
    scales: { x: { time: false, ...scale(x) }, y: scale(y) },
    axes: [
      { ...axis(x, across), size: 34 },
      { ...axis(y, upward), size: 52 },
    ],
    series: [
      {},
      ...curves.map(({ name, style: how = "line", series }, i): uPlot.Series => {
        const own = colour(colourOf(series ?? i));
        const dot = { size: how === "dots" ? 8 : 7, fill: own, stroke: own };
        return {
          ...{ label: name, stroke: own, width: 1.8, spanGaps: true },
          ...(how === "dashed" && { dash: [6, 4] }),
          ...(how === "dots" && { paths: () => null }),
          points:
            how === "dots"
              ? { ...dot, show: true }
              : { ...dot, show: (plot, series) => countOf(plot.data[series]!) === 1 },
        };
      }),
    ],
  };
}

/** Pixels that a number takes at an axis. */
const [across, upward] = [54, 28];

type Values = ArrayLike<number | null | undefined>;

const countOf = (values: Values): number =>
  Array.from(values).reduce<number>((n, v) => n + Number(v !== null && v !== undefined), 0);

function nearest(values: Values, from: number): number {
  for (let away = 0; away < values.length; away++) {
    for (const at of [from - away, from + away]) {
      if (values[at] !== null && values[at] !== undefined) return at;
    }
  }
  return from;
}
