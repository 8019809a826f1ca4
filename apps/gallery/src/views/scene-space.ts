// Where things of a scene are drawn, and in which colours: what WebGL and the plain canvas have in common.
import type { SceneView, VertexColours } from "fluxion/demo";
import { colourOf, mix, rangeOf, rgbOf, shareOf, stopsOf, type Rgb } from "./colours.js";

/** A point in space. */
export type Point = readonly [number, number, number];

/** From a point of the box, its centre at 0 and its longest side 1, to pixels; depth grows away from the eye. */
export type Projection = (point: Point) => [x: number, y: number, depth: number];

/** How a scene's own units become the drawn box: subtract `centre`, multiply by `scale`. `half` the box's half sides. */
export interface Box {
  readonly centre: Point;
  readonly scale: Point;
  readonly half: Point;
}

/** The box of a scene. */
export function boxOf({ axes, sides }: SceneView): Box {
  const spans = axes.map(({ min, max }) => max - min);
  const lengths = sides ?? spans.map(Math.abs);
  const longest = Math.max(...lengths);
  const each = (of: (axis: number) => number): Point => [of(0), of(1), of(2)];
  return {
    centre: each((i) => (axes[i]!.min + axes[i]!.max) / 2),
    scale: each((i) => lengths[i]! / longest / (spans[i]! || 1)),
    half: each((i) => lengths[i]! / longest / 2),
  };
}

/** Red, green and blue of every vertex, 0 to 255: [N, 3]. @param series the theme's colour where it has none of its own */
export function vertexColours(
  view: SceneView,
  { values, colours }: VertexColours,
  count: number,
  series: number,
  colour: (name: string) => string,
): Float32Array {
  if (colours) return Float32Array.from(colours);
  const out = new Float32Array(3 * count);
  if (!values) {
    const own = rgbOf(colour(colourOf(series)));
    for (let i = 0; i < count; i++) out.set(own, 3 * i);
    return out;
  }
  const range = sceneRange(view);
  const stops = stopsOf(view.signed ?? false, nothingOf(colour));
  for (let i = 0; i < count; i++) out.set(mix(stops, shareOf(values[i]!, range)), 3 * i);
  return out;
}

/** The values of a scene's first and last colour. */
export function sceneRange(view: SceneView): [number, number] {
  const parts = [...(view.meshes ?? []), ...(view.points ?? [])].flatMap(({ values }) => values ?? []);
  return rangeOf(parts, view);
}

/** The colour of 0 where values have signs: nearly the ground's. */
export const nothingOf = (colour: (name: string) => string): Rgb => rgbOf(colour("--nothing"));

/** The theme's colour of the i-th of a scene's paths: not one of a coloured mesh's. */
export const seriesOfPath = (view: SceneView, i: number): number => {
  const plain = [...(view.meshes ?? []), ...(view.points ?? [])].filter((o) => !o.values && !o.colours);
  return plain.length + i;
};

/** The series of the i-th mesh or cloud, clouds after meshes, among those without colours of their own. */
export const seriesOf = (view: SceneView, i: number): number =>
  [...(view.meshes ?? []), ...(view.points ?? [])].slice(0, i).filter((o) => !o.values && !o.colours).length;

/** The ends of the box's edge along an axis that is best seen: the lowest on the screen, for the upward one the leftmost. */
export function edgeOf(axis: number, up: number, { half }: Box, project: Projection): [Point, Point] {
  const others = [0, 1, 2].filter((i) => i !== axis);
  const edges = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ].map((signs): [Point, Point] => {
    const end = (sign: number): Point => {
      const p = [0, 0, 0];
      p[axis] = sign * half[axis]!;
      others.forEach((o, k) => (p[o] = signs[k]! * half[o]!));
      return p as unknown as Point;
    };
    return [end(-1), end(1)];
  });
  const middle = ([a, b]: [Point, Point]): [number, number, number] =>
    project([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2]);
  const better = axis === up ? (m: readonly number[]) => -m[0]! : (m: readonly number[]) => m[1]!;
  return edges.reduce((best, edge) => (better(middle(edge)) > better(middle(best)) ? edge : best));
}

/** The twelve edges of a box. */
export function boxEdges({ half }: Box): [Point, Point][] {
  const corner = (k: number): Point => [
    k & 1 ? half[0] : -half[0],
    k & 2 ? half[1] : -half[1],
    k & 4 ? half[2] : -half[2],
  ];
  return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((k) =>
    [1, 2, 4].filter((bit) => !(k & bit)).map((bit): [Point, Point] => [corner(k), corner(k | bit)]),
  );
}
