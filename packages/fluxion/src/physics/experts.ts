// A grid in equal contiguous blocks, one an expert.
import { OptionError } from "../core/errors.js";
import { sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { reshape, transpose } from "../ops/movement.js";

/**
 * The number of experts.
 * @param grid points along each axis: [time, space, …]
 * @param experts blocks along each axis
 * @throws OptionError unless there is one for each axis, and each divides its axis
 */
export function expertCount(grid: Shape, experts: Shape): number {
  const fits = experts.length === grid.length && experts.every((e, i) => e >= 1 && grid[i]! % e === 0);
  if (!fits)
    throw new OptionError({
      where: "physics: experts",
      want: `whole numbers that divide the axes of the grid [${grid.join(", ")}]`,
      got: `[${experts.join(", ")}]`,
    });
  return sizeOf(experts);
}

/** Axes [e₁, n₁/e₁, e₂, n₂/e₂, …]: those of the blocks, then those within. */
const order = (count: number): number[] => [
  ...Array.from({ length: count }, (_, i) => 2 * i),
  ...Array.from({ length: count }, (_, i) => 2 * i + 1),
];

/**
 * The points of each expert: [P, ...rest] → [E, P/E, ...rest], P the points of the grid in row-major order.
 * @throws OptionError
 */
export function partition(x: Tensor, grid: Shape, experts: Shape): Tensor {
  const count = expertCount(grid, experts);
  const rest = x.shape.slice(1);
  const split = grid.flatMap((n, i) => [experts[i]!, n / experts[i]!]);
  const axes = [...order(grid.length), ...rest.map((_, i) => split.length + i)];
  return reshape(transpose(reshape(x, [...split, ...rest]), axes), [count, sizeOf(grid) / count, ...rest]);
}

/** What `partition` undoes: [E, P/E, ...rest] → [P, ...rest]. @throws OptionError */
export function unpartition(x: Tensor, grid: Shape, experts: Shape): Tensor {
  expertCount(grid, experts);
  const rest = x.shape.slice(2);
  const split = [...experts, ...grid.map((n, i) => n / experts[i]!)];
  const count = grid.length;
  const axes = [...grid.flatMap((_, i) => [i, count + i]), ...rest.map((_, i) => 2 * count + i)];
  return reshape(transpose(reshape(x, [...split, ...rest]), axes), [sizeOf(grid), ...rest]);
}
