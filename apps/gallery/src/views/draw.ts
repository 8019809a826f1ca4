// Pictures of two-dimensional views.
import type { HeatmapView, ImagesView, PathsView, PointsView } from "fluxion/demo";
import type { Surface } from "./canvas.js";
import { colourOf } from "./legend.js";

const toPixel = ({ width, height }: Surface, extent: number) => {
  const half = Math.min(width, height) / 2;
  return (x: number, y: number): [number, number] => [
    width / 2 + (x / extent) * half,
    height / 2 - (y / extent) * half,
  ];
};

/** Dots, one colour a group. */
export function drawPoints(surface: Surface, { groups, extent }: PointsView): void {
  const { context, colour } = surface;
  const pixel = toPixel(surface, extent);
  groups.forEach(({ points }, g) => {
    context.fillStyle = colour(colourOf(g));
    context.globalAlpha = points.length > 1200 ? 0.45 : 0.8;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = pixel(points[i]!, points[i + 1]!);
      context.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
    }
  });
  context.globalAlpha = 1;
}

/** Faint paths, and a particle on each that moves along it. @param t in [0, 1]: how far; waits at the end */
export function drawPaths(surface: Surface, { paths, count, extent }: PathsView, t: number): void {
  const { context, colour } = surface;
  const pixel = toPixel(surface, extent);
  const times = paths.length / (2 * count);
  const at = (step: number, i: number): [number, number] => {
    const k = 2 * (step * count + i);
    return pixel(paths[k]!, paths[k + 1]!);
  };
  context.strokeStyle = colour("--series-1");
  context.globalAlpha = count > 120 ? 0.22 : 0.45;
  context.lineWidth = 0.8;
  context.beginPath();
  for (let i = 0; i < count; i++) {
    context.moveTo(...at(0, i));
    for (let step = 1; step < times; step++) context.lineTo(...at(step, i));
  }
  context.stroke();
  context.globalAlpha = 1;
  const where = Math.min(1, t * 1.35) * (times - 1);
  const [before, rest] = [Math.min(Math.floor(where), times - 1), where % 1];
  const after = Math.min(before + 1, times - 1);
  context.fillStyle = colour("--series-2");
  for (let i = 0; i < count; i++) {
    const [[x0, y0], [x1, y1]] = [at(before, i), at(after, i)];
    context.beginPath();
    context.arc(x0 + rest * (x1 - x0), y0 + rest * (y1 - y0), 2, 0, 7);
    context.fill();
  }
}

/** A field as colours, with paths upon it. */
export function drawHeatmap(surface: Surface, view: HeatmapView): void {
  const { context, width, height, colour } = surface;
  const { values, shape, x, y, range, paths = [] } = view;
  const [rows, columns] = shape;
  const finite = values.filter(Number.isFinite);
  const [low, high] = range ?? [
    finite.reduce((a, b) => Math.min(a, b), Infinity),
    finite.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const pixels = new Uint8ClampedArray(4 * rows * columns);
  for (let i = 0; i < rows * columns; i++) {
    const share = (values[i]! - low) / (high - low || 1);
    pixels.set([...shade(Math.min(1, Math.max(0, share || 0))), 255], 4 * i);
  }
  blit(context, pixels, columns, rows, [0, 0, width, height]);
  const lines = paths.map(({ points }) => {
    const line = new Path2D();
    for (let i = 0; i < points.length; i += 2) {
      const px = ((points[i]! - x.min) / (x.max - x.min)) * width;
      const py = ((y.max - points[i + 1]!) / (y.max - y.min)) * height;
      if (i === 0) line.moveTo(px, py);
      else line.lineTo(px, py);
    }
    return line;
  });
  // A rim below all of them keeps the paths apart from whatever colour is there.
  context.lineWidth = 4;
  context.strokeStyle = colour("--paper");
  for (const line of lines) context.stroke(line);
  context.lineWidth = 2;
  lines.forEach((line, p) => {
    context.strokeStyle = colour(colourOf(p));
    context.stroke(line);
  });
}

/** Dark blue over green to yellow: rises in lightness, readable without colour. */
function shade(t: number): [number, number, number] {
  const stops = [
    [38, 28, 84],
    [44, 90, 140],
    [52, 148, 138],
    [130, 198, 96],
    [250, 228, 88],
  ] as const;
  const place = t * (stops.length - 1);
  const i = Math.min(Math.floor(place), stops.length - 2);
  const mix = (k: 0 | 1 | 2): number => stops[i]![k] + (place - i) * (stops[i + 1]![k] - stops[i]![k]);
  return [mix(0), mix(1), mix(2)];
}

/** Images in a grid. */
export function drawImages({ context, width }: Surface, { pixels, shape, columns }: ImagesView): void {
  const [n, h, w, channels] = shape;
  const scale = width / (columns * (w + 1));
  for (let i = 0; i < n; i++) {
    const image = new Uint8ClampedArray(4 * h * w);
    for (let p = 0; p < h * w; p++) {
      const k = (i * h * w + p) * channels;
      const [r, g, b] =
        channels === 3 ? [pixels[k]!, pixels[k + 1]!, pixels[k + 2]!] : Array<number>(3).fill(pixels[k]!);
      image.set([r!, g!, b!, 255], 4 * p);
    }
    const [x, y] = [(i % columns) * (w + 1), Math.floor(i / columns) * (h + 1)];
    blit(context, image, w, h, [x * scale, y * scale, w * scale, h * scale]);
  }
}

/** Draws an image of w by h pixels into a rectangle, pixels kept sharp. */
function blit(
  context: CanvasRenderingContext2D,
  pixels: Uint8ClampedArray<ArrayBuffer>,
  w: number,
  h: number,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  const sheet = new OffscreenCanvas(w, h);
  sheet.getContext("2d")!.putImageData(new ImageData(pixels, w, h), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, x, y, width, height);
}
