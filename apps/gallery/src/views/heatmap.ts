// Maps: a scalar over a rectangle as colours, with axes, paths and points.
import type { HeatmapView, Span } from "fluxion/demo";
import type { Surface } from "./canvas.js";
import { colourOf, mix, rangeOf, rgbOf, shareOf, stopsOf, type Rgb } from "./colours.js";
import { blit } from "./draw.js";
import { nothingOf } from "./scene-space.js";
import { niceTicks, tickLabel } from "./ticks.js";

/** Room for the numbers at the axes, pixels: none where an axis has no name. */
export const margins = ({ x, y }: HeatmapView): { left: number; bottom: number } => ({
  left: y.label === undefined ? 0 : 46,
  bottom: x.label === undefined ? 0 : 36,
});

/** A field as colours, with axes, and paths and points upon it. */
export function drawHeatmap(surface: Surface, view: HeatmapView): void {
  const { context, colour } = surface;
  const { values, shape, x, y, paths = [], points = [], classes } = view;
  const { left, bottom } = margins(view);
  const [width, height] = [surface.width - left - 1, surface.height - bottom - 1];
  const [rows, columns] = shape;
  const pixels = new Uint8ClampedArray(4 * rows * columns);
  const dye = dyeOf(view, colour);
  for (let i = 0; i < rows * columns; i++) pixels.set([...dye(values[i]!), 255], 4 * i);
  // A landscape is smooth; a matrix has cells.
  blit(context, pixels, columns, rows, [left, 0, width, height], paths.length > 0);
  context.strokeStyle = colour("--line");
  context.strokeRect(left + 0.5, 0.5, width, height);

  const place = (px: number, py: number): [number, number] => [
    left + ((px - x.min) / (x.max - x.min)) * width,
    ((y.max - py) / (y.max - y.min)) * height,
  ];
  context.save();
  context.beginPath();
  context.rect(left, 0, width, height);
  context.clip();
  const lines = paths.map((path) => {
    const line = new Path2D();
    for (let i = 0; i < path.points.length; i += 2) {
      const at = place(path.points[i]!, path.points[i + 1]!);
      if (i === 0) line.moveTo(...at);
      else line.lineTo(...at);
    }
    return line;
  });
  // A rim below all of them keeps the paths apart from whatever colour is there.
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = colour("--paper");
  for (const line of lines) context.stroke(line);
  context.lineWidth = 2;
  lines.forEach((line, p) => {
    context.strokeStyle = colour(colourOf(p));
    context.stroke(line);
  });
  const spot = (points: Float32Array, i: number, radius: number, p: number): void => {
    context.fillStyle = colour(colourOf(p));
    context.strokeStyle = colour("--paper");
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(...place(points[i]!, points[i + 1]!), radius, 0, 7);
    context.fill();
    context.stroke();
  };
  // Where each path has got to.
  paths.forEach((path, p) => {
    if (path.points.length > 0) spot(path.points, path.points.length - 2, 5, p);
  });
  points.forEach((group, g) => {
    for (let i = 0; i < group.points.length; i += 2)
      spot(group.points, i, 3.2, classes ? g : paths.length + g);
  });
  context.restore();
  drawAxis(surface, x, "x", [left, width], height);
  drawAxis(surface, y, "y", [0, height], left);
}

/** Colours of a map's values; what is not a number is no part of the field and grey. */
function dyeOf(view: HeatmapView, colour: (name: string) => string): (value: number) => Rgb {
  const outside = rgbOf(colour("--quiet"));
  if (view.classes) {
    // Pale, so that points in the full colours stand out.
    const ground = rgbOf(colour("--card"));
    const tints = view.classes.map((_, i) => mix([ground, rgbOf(colour(colourOf(i)))], 0.4));
    return (value) => tints[Math.min(Math.max(Math.round(value) || 0, 0), tints.length - 1)]!;
  }
  const range = rangeOf([view.values], view);
  const stops = stopsOf(view.signed ?? false, nothingOf(colour));
  return (value) => (Number.isFinite(value) ? mix(stops, shareOf(value, range)) : outside);
}

/** Ticks with their numbers, and the axis's name. @param from where it begins and how long it is @param at beside it */
function drawAxis(
  { context, colour, height: whole }: Surface,
  { label, min, max }: Span,
  which: "x" | "y",
  [from, length]: readonly [number, number],
  at: number,
): void {
  if (label === undefined) return;
  context.fillStyle = colour("--quiet");
  context.strokeStyle = colour("--quiet");
  context.lineWidth = 1;
  context.font = "11px system-ui, sans-serif";
  for (const tick of niceTicks(min, max, length < 200 ? 3 : 5)) {
    const share = (tick - min) / (max - min);
    const place = from + (which === "x" ? share : 1 - share) * length;
    context.beginPath();
    if (which === "x") {
      context.moveTo(place, at);
      context.lineTo(place, at + 4);
      context.textAlign = share < 0.04 ? "left" : share > 0.96 ? "right" : "center";
      context.textBaseline = "top";
      context.fillText(tickLabel(tick), place, at + 6);
    } else {
      context.moveTo(at, place);
      context.lineTo(at - 4, place);
      context.textAlign = "right";
      context.textBaseline = share > 0.96 ? "top" : share < 0.04 ? "bottom" : "middle";
      context.fillText(tickLabel(tick), at - 6, place);
    }
    context.stroke();
  }
  context.textAlign = "center";
  context.save();
  if (which === "x") {
    context.textBaseline = "bottom";
    context.fillText(label, from + length / 2, whole);
  } else {
    context.translate(1, from + length / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "top";
    context.fillText(label, 0, 0);
  }
  context.restore();
}
