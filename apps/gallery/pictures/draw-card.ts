// Draws the picture of a card in the browser that pictures.ts opens: views without axes, titles or legends.
import type { BarsView, CurvesView, PathsView, PointsView, Span, View } from "fluxion/demo";
import type { Surface } from "../src/views/canvas.js";
import { colourOf } from "../src/views/colours.js";
import { drawImages } from "../src/views/draw.js";
import { drawHeatmap } from "../src/views/heatmap.js";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The picture of `views`, next to each other. @returns a data address of a WebP image */
export async function drawCard(
  views: readonly View[],
  width: number,
  height: number,
  quality: number,
): Promise<string> {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d")!;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  context.fillStyle = colour("--paper");
  context.fillRect(0, 0, width, height);
  for (const [i, box] of boxesOf(views, width, height).entries()) {
    const sheet = Object.assign(document.createElement("canvas"), { width: box.width, height: box.height });
    const surface = { context: sheet.getContext("2d")!, width: box.width, height: box.height, colour };
    drawView(surface, views[i]!);
    context.drawImage(sheet, box.x, box.y);
  }
  return canvas.toDataURL("image/webp", quality);
}

/** Width over height of what has a shape of its own. */
function ratioOf(view: View, alone: boolean): number | undefined {
  switch (view.kind) {
    case "points":
    case "paths": {
      const [left, right, bottom, top] = frameOf(view);
      return (right - left) / (top - bottom);
    }
    case "heatmap":
      // A square one keeps its cells square: beside others it is shown whole, alone its middle.
      return view.paths || alone || view.shape[0] !== view.shape[1] ? undefined : 1;
    case "images": {
      const [n, h, w] = view.shape;
      return (view.columns * (w + 1)) / (Math.ceil(n / view.columns) * (h + 1));
    }
    default:
      return undefined;
  }
}

/** Places for the views: in as many columns as make them largest. */
function boxesOf(views: readonly View[], width: number, height: number): Box[] {
  const gap = views.length > 1 ? 8 : 0;
  const layouts = views.map((_, i) => {
    const columns = i + 1;
    const rows = Math.ceil(views.length / columns);
    const [w, h] = [(width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows];
    const boxes = views.map((view, k): Box => {
      const [left, top] = [(k % columns) * (w + gap), Math.floor(k / columns) * (h + gap)];
      const ratio = ratioOf(view, views.length === 1);
      if (ratio === undefined) return { x: left, y: top, width: w, height: h };
      const fitted = Math.min(w, h * ratio);
      return {
        x: left + (w - fitted) / 2,
        y: top + (h - fitted / ratio) / 2,
        width: fitted,
        height: fitted / ratio,
      };
    });
    return { boxes, size: Math.min(...boxes.map((b) => b.width * b.height)) };
  });
  return layouts
    .reduce((a, b) => (b.size > a.size ? b : a))
    .boxes.map((b) => ({
      x: Math.round(b.x),
      y: Math.round(b.y),
      width: Math.round(b.width),
      height: Math.round(b.height),
    }));
}

function drawView(surface: Surface, view: View): void {
  switch (view.kind) {
    case "points":
      return drawPoints(surface, view);
    case "paths":
      return drawPaths(surface, view);
    case "heatmap": {
      const { context, width, height } = surface;
      const [x, y] = [view.x, view.y].map(({ min, max }) => ({ min, max })) as [Span, Span];
      const bare = { ...view, x, y };
      if (view.paths || view.shape[0] !== view.shape[1] || width === height)
        return drawHeatmap(surface, bare);
      const side = Math.max(width, height);
      context.translate((width - side) / 2, (height - side) / 2);
      return drawHeatmap({ ...surface, width: side, height: side }, bare);
    }
    case "images":
      return drawImages(surface, view);
    case "curves":
      return drawCurves(surface, view);
    case "bars":
      return drawBars(surface, view);
    case "scene":
    case "figures":
      throw new Error(`"${view.title}": ${view.kind} cannot be drawn on a card; name another view`);
  }
}

/** [left, right, bottom, top] around nearly all points: a few may lie outside. */
function frameOf(view: PointsView | PathsView): [number, number, number, number] {
  const all = view.kind === "paths" ? [view.paths] : view.groups.map((g) => g.points);
  if (all.every(({ length }) => length === 0)) throw new Error(`"${view.title}": nothing to be seen yet`);
  const along = (axis: 0 | 1): [number, number] => {
    const values = all.flatMap((points) => Array.from(points).filter((_, i) => i % 2 === axis));
    values.sort((a, b) => a - b);
    const [low, high] = [0.01, 0.99].map((q) => values[Math.floor(q * (values.length - 1))]!) as [
      number,
      number,
    ];
    const room = 0.08 * (high - low);
    return [low - room, high + room];
  };
  return [...along(0), ...along(1)];
}

const placing = ({ width, height }: Surface, view: PointsView | PathsView) => {
  const [left, right, bottom, top] = frameOf(view);
  const scale = Math.min(width / (right - left), height / (top - bottom));
  return (x: number, y: number): [number, number] => [
    width / 2 + (x - (left + right) / 2) * scale,
    height / 2 - (y - (bottom + top) / 2) * scale,
  ];
};

function drawPoints(surface: Surface, view: PointsView): void {
  const { context, colour } = surface;
  const place = placing(surface, view);
  context.globalAlpha = 0.7;
  view.groups.forEach(({ points }, g) => {
    context.fillStyle = colour(colourOf(g));
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath();
      context.arc(...place(points[i]!, points[i + 1]!), 1.7, 0, 7);
      context.fill();
    }
  });
}

function drawPaths(surface: Surface, view: PathsView): void {
  const { context, colour } = surface;
  const { paths, count } = view;
  const place = placing(surface, view);
  const times = paths.length / (2 * count);
  const at = (step: number, i: number): [number, number] => {
    const k = 2 * (step * count + i);
    return place(paths[k]!, paths[k + 1]!);
  };
  const shown = Math.min(count, 130);
  context.strokeStyle = colour("--series-1");
  context.globalAlpha = 0.6;
  context.lineWidth = 1.1;
  for (let i = 0; i < shown; i++) {
    context.beginPath();
    for (let step = 0; step < times; step++) context.lineTo(...at(step, i));
    context.stroke();
  }
  context.globalAlpha = 1;
  context.fillStyle = colour("--series-2");
  for (let i = 0; i < shown; i++) {
    context.beginPath();
    context.arc(...at(times - 1, i), 2.3, 0, 7);
    context.fill();
  }
}

function drawCurves({ context, width, height, colour }: Surface, { curves, x, y }: CurvesView): void {
  const scale = (logarithmic: boolean | undefined) => (v: number) => (logarithmic ? Math.log(v) : v);
  const [sx, sy] = [scale(x.logarithmic), scale(y.logarithmic)];
  const lines = curves.map(({ points }) =>
    points.map(([a, b]) => [sx(a), sy(b)] as const).filter((p) => p.every(Number.isFinite)),
  );
  const all = lines.flat();
  const range = (k: 0 | 1): [number, number] => [
    all.reduce((m, p) => Math.min(m, p[k]), Infinity),
    all.reduce((m, p) => Math.max(m, p[k]), -Infinity),
  ];
  const [[left, right], [bottom, top]] = [range(0), range(1)];
  const rim = 26;
  const place = ([a, b]: readonly [number, number]): [number, number] => [
    rim + ((width - 2 * rim) * (a - left)) / (right - left || 1),
    height - rim - ((height - 2 * rim) * (b - bottom)) / (top - bottom || 1),
  ];
  context.strokeStyle = colour("--line");
  context.lineWidth = 1;
  for (let k = 0; k <= 4; k++) {
    const at = Math.round(rim + ((height - 2 * rim) * k) / 4) + 0.5;
    context.beginPath();
    context.moveTo(rim, at);
    context.lineTo(width - rim, at);
    context.stroke();
  }
  context.lineJoin = "round";
  lines.forEach((line, i) => {
    const { style, series = i } = curves[i]!;
    context.strokeStyle = context.fillStyle = colour(colourOf(series));
    context.lineWidth = 2.5;
    context.setLineDash(style === "dashed" ? [9, 6] : []);
    if (line.length > 1 && style !== "dots") {
      context.beginPath();
      for (const point of line) context.lineTo(...place(point));
      context.stroke();
      return;
    }
    for (const point of line) {
      context.beginPath();
      context.arc(...place(point), line.length > 1 ? 5 : 7, 0, 7);
      context.fill();
    }
  });
}

function drawBars({ context, width, height, colour }: Surface, { bars, y }: BarsView): void {
  const scale = y.logarithmic ? Math.log10 : (v: number) => v;
  const values = bars.map(({ value }) => scale(value));
  const bottom = y.logarithmic ? Math.min(...values) - 0.5 : Math.min(0, ...values);
  const top = Math.max(...values);
  const [rim, row] = [26, (height - 40) / bars.length];
  values.forEach((value, i) => {
    context.fillStyle = colour(colourOf(bars[i]!.series ?? i));
    context.fillRect(
      rim,
      20 + i * row + 0.15 * row,
      ((width - 2 * rim) * (value - bottom)) / (top - bottom || 1),
      0.7 * row,
    );
  });
}

Object.assign(globalThis, { drawCard });
