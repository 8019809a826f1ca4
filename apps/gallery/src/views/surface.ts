// A flat map with paths as a landscape in space.
import type { HeatmapView, SceneView } from "fluxion/demo";
import { rangeOf } from "./colours.js";

/** The value of a map at a point between its grid points, linear in both directions; at the rim beyond it. */
export function heightAt(
  { values, shape: [rows, columns], x, y }: HeatmapView,
  px: number,
  py: number,
): number {
  const column = clamp(((px - x.min) / (x.max - x.min)) * (columns - 1), columns - 1);
  const row = clamp(((y.max - py) / (y.max - y.min)) * (rows - 1), rows - 1);
  const [i, j] = [Math.min(Math.floor(row), rows - 2), Math.min(Math.floor(column), columns - 2)];
  const [u, v] = [row - i, column - j];
  const at = (a: number, b: number): number => values[(i + a) * columns + j + b]!;
  return (1 - u) * ((1 - v) * at(0, 0) + v * at(0, 1)) + u * ((1 - v) * at(1, 0) + v * at(1, 1));
}

/** The map as a surface over its rectangle, its paths lying upon it. */
export function surfaceOf(view: HeatmapView): SceneView {
  const { values, shape, x, y, label, paths = [], title } = view;
  const [rows, columns] = shape;
  const [low, high] = rangeOf([values], view);
  const positions = new Float32Array(3 * rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const k = i * columns + j;
      positions[3 * k] = x.min + (j / (columns - 1)) * (x.max - x.min);
      positions[3 * k + 1] = y.max - (i / (rows - 1)) * (y.max - y.min);
      positions[3 * k + 2] = between(values[k]!, low, high);
    }
  }
  const triangles = new Uint32Array(6 * (rows - 1) * (columns - 1));
  for (let i = 0, n = 0; i < rows - 1; i++) {
    for (let j = 0; j < columns - 1; j++) {
      const k = i * columns + j;
      triangles.set([k, k + columns, k + 1, k + 1, k + columns, k + columns + 1], n);
      n += 6;
    }
  }
  const lying = (points: Float32Array): Float32Array => {
    const kept: number[] = [];
    for (const [px, py] of along(points, [(x.max - x.min) / (columns - 1), (y.max - y.min) / (rows - 1)])) {
      const place = [(px - x.min) / (x.max - x.min), (py - y.min) / (y.max - y.min)];
      // What leaves the rectangle has nothing to lie on.
      if (place.some((share) => !(share >= 0 && share <= 1))) break;
      kept.push(px, py, between(heightAt(view, px, py), low, high));
    }
    return Float32Array.from(kept);
  };
  return {
    ...{ kind: "scene", title, sides: [1, 1, 0.6], range: [low, high] },
    axes: [x, y, { ...(label !== undefined && { label }), min: low, max: high }],
    ...(label !== undefined && { label }),
    meshes: [{ name: label ?? title, positions, triangles, values }],
    paths: paths.map(({ name, points }) => ({ name, points: lying(points) })),
  };
}

/** The corners of a path in the plane, and points between them, at most a cell apart. */
function* along(points: Float32Array, cell: readonly [number, number]): Iterable<[number, number]> {
  for (let i = 0; i < points.length; i += 2) {
    const to = [points[i]!, points[i + 1]!] as const;
    const from = i === 0 ? to : ([points[i - 2]!, points[i - 1]!] as const);
    const cells = Math.max(...[0, 1].map((k) => Math.abs((to[k]! - from[k]!) / cell[k]!)));
    const pieces = Math.min(200, Math.max(1, Math.ceil(cells || 0)));
    for (let k = 1; k <= pieces; k++) {
      yield [from[0] + (k / pieces) * (to[0] - from[0]), from[1] + (k / pieces) * (to[1] - from[1])];
    }
  }
}

const clamp = (v: number, most: number): number => Math.min(Math.max(v, 0), most);
const between = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
