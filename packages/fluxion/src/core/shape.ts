import { ShapeError } from "./errors.js";

/** Sizes of a tensor's axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements: the product of the axes. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** `[2, 3]`, as errors write it. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Common shape of operands under NumPy broadcasting. @throws ShapeError if there is none */
export function broadcastShapes(where: string, ...shapes: Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((d, i) => {
      const k = rank - shape.length + i;
      if (d === 1) return;
      if (out[k] !== 1 && out[k] !== d) {
        throw new ShapeError({
          where,
          want: "shapes that broadcast together",
          got: shapes.map(showShape).join(" and "),
        });
      }
      out[k] = d;
    });
  }
  return out;
}

/** `axis` counted from the front. @throws ShapeError if it is not in [-rank, rank) */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError({ where, want: `an axis in [${-rank}, ${rank})`, got: String(axis) });
  }
  return axis < 0 ? axis + rank : axis;
}

/** One axis, several, or (undefined) all of them, as sorted distinct non-negative numbers. */
export function normalizeAxes(
  where: string,
  axis: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : axis).map((a) => normalizeAxis(where, a, rank));
  if (new Set(axes).size !== axes.length) {
    throw new ShapeError({ where, want: "distinct axes", got: showShape(axes) });
  }
  return axes.sort((a, b) => a - b);
}
