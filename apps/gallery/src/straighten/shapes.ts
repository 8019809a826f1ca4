// Drawings to begin with.
import type { Drawing, Run } from "./drawing.js";

/** A stroke along a curve. @param at the point at s in [0, 1] */
function curve(n: number, at: (s: number) => readonly [number, number]): Run {
  return { joined: true, points: Array.from({ length: n }, (_, i) => at(i / (n - 1))).flat() };
}

const ring = (n: number, x: number, y: number, rx: number, ry = rx, from = 0, turns = 1): Run =>
  curve(n, (s) => {
    const angle = 2 * Math.PI * (from + turns * s);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });

/** A stroke through corners, with as many points a unit of length everywhere. */
function line(...corners: (readonly [number, number])[]): Run {
  const points = corners.slice(1).flatMap(([x, y], i) => {
    const [x0, y0] = corners[i]!;
    const n = Math.max(1, Math.round(Math.hypot(x - x0, y - y0) / 0.06));
    return Array.from({ length: n }, (_, k) => [x0 + ((x - x0) * k) / n, y0 + ((y - y0) * k) / n]).flat();
  });
  return { joined: true, points: [...points, ...corners.at(-1)!] };
}

const spiral: Drawing = [
  // Equal steps along the curve: its length grows with the square of the angle.
  curve(150, (s) => {
    const angle = 0.8 + 9.4 * Math.sqrt(s);
    return [0.185 * angle * Math.cos(angle), 0.185 * angle * Math.sin(angle)];
  }),
];
const rings: Drawing = [ring(56, 0, 0, 0.6), ring(140, 0, 0, 1.6)];
const heart: Drawing = [
  curve(120, (s) => {
    const a = 2 * Math.PI * s;
    const y = 13 * Math.cos(a) - 5 * Math.cos(2 * a) - 2 * Math.cos(3 * a) - Math.cos(4 * a);
    return [0.105 * 16 * Math.sin(a) ** 3, 0.105 * y + 0.2];
  }),
];
const letters: Drawing = [
  line([-1.8, -0.6], [-1.8, 0.7], [-1.15, 0.7]),
  line([-1.8, 0.08], [-1.25, 0.08]),
  line([-0.9, 0.7], [-0.9, -0.6], [-0.3, -0.6]),
  ring(58, 0.32, 0.05, 0.47, 0.65),
  line([0.98, 0.7], [1.18, -0.6], [1.4, 0.3], [1.62, -0.6], [1.82, 0.7]),
];
const smile: Drawing = [
  ring(140, 0, 0, 1.6),
  ring(24, -0.55, 0.5, 0.16, 0.24),
  ring(24, 0.55, 0.5, 0.16, 0.24),
  ring(44, 0, -0.1, 0.95, 0.8, 0.54, 0.42),
];

/** By name, as the address has them. */
export const shapes = { spiral, rings, heart, letters, smile } as const satisfies Record<string, Drawing>;

/** Name of a shape. */
export type ShapeName = keyof typeof shapes;

/** What the shapes are called on the page. */
export const shapeLabels: Readonly<Record<ShapeName, string>> = {
  spiral: "Spiral",
  rings: "Two rings",
  heart: "Heart",
  letters: "Letters",
  smile: "Face",
};
