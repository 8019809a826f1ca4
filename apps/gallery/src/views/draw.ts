// Pictures of two-dimensional views.
import type { ImagesView, PathsView, PointsView } from "fluxion/demo";
import type { Surface } from "./canvas.js";
import { colourOf } from "./colours.js";

const toPixel = ({ width, height }: Surface, extent: number) => {
  const half = Math.min(width, height) / 2;
  return (x: number, y: number): [number, number] => [
    width / 2 + (x / extent) * half,
    height / 2 - (y / extent) * half,
  ];
};

/** Dots of one colour. */
function dots(
  { context }: Surface,
  pixel: (x: number, y: number) => [number, number],
  points: Float32Array,
  size: number,
): void {
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = pixel(points[i]!, points[i + 1]!);
    context.fillRect(x - size / 2, y - size / 2, size, size);
  }
}

/** Dots, one colour a group; the first of several is what the others are compared with, and fainter. */
export function drawPoints(surface: Surface, { groups, extent }: PointsView): void {
  const { context, colour } = surface;
  const pixel = toPixel(surface, extent);
  groups.forEach(({ points }, g) => {
    context.fillStyle = colour(colourOf(g));
    context.globalAlpha = g === 0 && groups.length > 1 ? 0.4 : 0.8;
    dots(surface, pixel, points, points.length > 1200 ? 2 : 2.6);
  });
  context.globalAlpha = 1;
}

/** The part of a round in which particles are on their way; for the rest they wait at the end. */
const moving = 0.72;

/** Faint paths over their target, and a particle on each that moves along it. @param t in [0, 1]: how far */
export function drawPaths(surface: Surface, { paths, count, extent, target }: PathsView, t: number): void {
  const { context, colour } = surface;
  const pixel = toPixel(surface, extent);
  if (target) {
    context.fillStyle = colour("--quiet");
    context.globalAlpha = 0.28;
    dots(surface, pixel, target, 2);
  }
  const times = count > 0 ? paths.length / (2 * count) : 0;
  if (times === 0) return void (context.globalAlpha = 1);
  const at = (step: number, i: number): [number, number] => {
    const k = 2 * (step * count + i);
    return pixel(paths[k]!, paths[k + 1]!);
  };
  context.strokeStyle = colour("--series-1");
  context.globalAlpha = count > 120 ? 0.25 : 0.45;
  context.lineWidth = 0.9;
  context.beginPath();
  for (let i = 0; i < count; i++) {
    context.moveTo(...at(0, i));
    for (let step = 1; step < times; step++) context.lineTo(...at(step, i));
  }
  context.stroke();
  context.globalAlpha = 1;
  const where = Math.min(1, t / moving) * (times - 1);
  const [before, rest] = [Math.min(Math.floor(where), times - 1), where % 1];
  const after = Math.min(before + 1, times - 1);
  context.fillStyle = colour("--series-2");
  for (let i = 0; i < count; i++) {
    const [[x0, y0], [x1, y1]] = [at(before, i), at(after, i)];
    context.beginPath();
    context.arc(x0 + rest * (x1 - x0), y0 + rest * (y1 - y0), 2.2, 0, 7);
    context.fill();
  }
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

/** Draws an image of w by h pixels into a rectangle, pixels kept sharp unless `smooth`. */
export function blit(
  context: CanvasRenderingContext2D,
  pixels: Uint8ClampedArray<ArrayBuffer>,
  w: number,
  h: number,
  [x, y, width, height]: readonly [number, number, number, number],
  smooth = false,
): void {
  const sheet = new OffscreenCanvas(w, h);
  sheet.getContext("2d")!.putImageData(new ImageData(pixels, w, h), 0, 0);
  context.imageSmoothingEnabled = smooth;
  context.drawImage(sheet, x, y, width, height);
}
