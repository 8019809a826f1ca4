// The layer: basis functions in, the weights that satisfy the constraints best out, with the derivative of that minimum.
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, square } from "../ops/arithmetic.js";
import { einsum } from "../ops/einsum.js";
import { reshape, slice } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { checkRange, checkWhole } from "../optim/options.js";
import { implicitArgmin } from "../solve/implicit.js";
import { type ExpertAnswer, type ExpertPool, type ExpertTask, serialExperts } from "./expert-task.js";
import { expertCount, partition, unpartition } from "./experts.js";
import type { Constraints, ConstraintRows } from "./law.js";

/** Options of `hardConstraint`. */
export interface HardConstraintOptions {
  /** Points along each axis of the grid: [time, space, …]. */
  grid: Shape;
  /** Blocks along each axis, one an expert. Default 1 each: one expert for all. */
  experts?: Shape;
  /** Points that count, float64 [P] of 0 and 1, as `samplePoints` draws them. Default: all. */
  sample?: Tensor;
  /** Weight of ‖w‖, number ≥ 0. Default 1e-4. */
  ridge?: number;
  /** First value of every weight. Default 1/N. */
  start?: number;
  /** Of an expert's solver. Default 50. */
  maxIterations?: number;
  /** Of an expert's solver. Default 1e-9. */
  tolerance?: number;
  /**
   * The derivative of the weights: "implicit", that of the minimum; "gauss-newton", without the second derivatives of the
   * residuals, which is biased. Default "implicit".
   */
  derivative?: "implicit" | "gauss-newton";
  /** Where the experts are solved. Default: here, one after the other. */
  pool?: ExpertPool;
}

/** What the layer gives, float64. */
export interface HardConstraint {
  /** w*, [E, N]. */
  readonly weights: Tensor;
  /** Of each expert's solver, [E]. */
  readonly iterations: Tensor;
  /** ‖r‖ of each expert, [E]. */
  readonly residuals: Tensor;
  /** Multiplications with an addition that each solver made, [E]. */
  readonly work: Tensor;
  /** 1 for each expert that converged, else 0, [E]. */
  readonly converged: Tensor;
}

const keys = [
  ...["grid", "experts", "sample", "ridge", "start", "maxIterations", "tolerance", "derivative", "pool"],
];

/**
 * w_e = argmin ½‖r_e(w)‖² for every expert e, where r_e stacks the residuals at the points of its block, the shared ones
 * and ridge·w. The solvers run in double precision on the host; the gradient with respect to all terms is that of the
 * minimum. Not inside `scan`, `cond` or `checkpoint`.
 * @param constraints rows in Tensors, float64; `points` has one row a grid point
 * @throws ShapeError, OptionError. Weights are NaN where a solver met NaN, or a singular system, at its start
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §3 (PI-HC and PI-HC-MoE); deviates: Marquardt's method
 *   throughout
 */
export function hardConstraint(
  constraints: Constraints<Tensor>,
  options: HardConstraintOptions,
): HardConstraint {
  const where = "physics.hardConstraint";
  checkOptions(where, options, keys);
  const { grid, experts = grid.map(() => 1), sample, ridge = 1e-4, derivative = "implicit" } = options;
  const { maxIterations = 50, tolerance = 1e-9, pool = serialExperts } = options;
  checkRange(where, "ridge", ridge, "[0, ∞)");
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  if (derivative !== "implicit" && derivative !== "gauss-newton")
    throw new OptionError({ where, want: "derivative implicit or gauss-newton", got: String(derivative) });
  const count = expertCount(grid, experts);
  const { points, shared } = constraints;
  const n = checkRows(where, [points, ...shared]);
  if (points.terms[0]!.shape[0] !== sizeOf(grid))
    throw new ShapeError({
      where,
      want: `a row for each of ${sizeOf(grid)} points`,
      got: showShape(points.terms[0]!.shape),
    });

  const split = (t: Tensor): Tensor => partition(t, grid, experts);
  const blocks: ConstraintRows<Tensor>[] = [
    {
      law: points.law,
      terms: points.terms.map(split),
      ...(points.offsets ? { offsets: points.offsets.map(split) } : {}),
    },
    ...shared,
  ];
  const mask = sample && split(sample);
  const inputs = [
    ...blocks.flatMap(({ terms, offsets = [] }) => [...terms, ...offsets]),
    ...(mask ? [mask] : []),
  ];
  const lay = layout(blocks);
  const settings = {
    ...{ size: n, ridge, start: options.start ?? 1 / n, maxIterations, tolerance },
    gaussNewton: derivative === "gauss-newton",
  };
  const { x: weights, info } = implicitArgmin(
    {
      shape: [count, n],
      info: 4 * count,
      async solve(arrays) {
        const tasks = Array.from({ length: count }, (_, e): ExpertTask => ({
          blocks: hostRows(blocks, lay, arrays, e, count, mask && arrays.at(-1)),
          ...settings,
        }));
        return joined(await pool.solve(tasks), n);
      },
      objective(w, tensors) {
        const squares = blocks.map(({ law }, b) => {
          const { terms, offsets } = lay[b]!;
          const values = terms.map((at, k) => {
            const linear = einsum(b === 0 ? "eqn,en->eq" : "mn,en->em", tensors[at]!, w);
            return offsets ? add(linear, tensors[offsets[k]!]!) : linear;
          });
          const r = square(law.residual(values));
          return sum(b === 0 && mask ? mul(r, tensors.at(-1)!) : r);
        });
        return mul(squares.reduce(add, mul(sum(square(w)), ridge ** 2)), 0.5);
      },
    },
    inputs,
  );
  const notes = reshape(info, [4, count]);
  const note = (k: number): Tensor => reshape(slice(notes, [k, k + 1]), [count]);
  return { weights, iterations: note(0), residuals: note(1), work: note(2), converged: note(3) };
}

/**
 * Σₙ bₙ·wₙ with the weights of each point's expert.
 * @param basis [P, N], P the points of the grid in row-major order
 * @param weights [E, N]
 * @returns [P]
 * @throws OptionError, ShapeError
 */
export function combineExperts(basis: Tensor, weights: Tensor, grid: Shape, experts: Shape): Tensor {
  return unpartition(einsum("eqn,en->eq", partition(basis, grid, experts), weights), grid, experts);
}

/** Where the terms and offsets of every block are among the inputs. */
type Layout = readonly { readonly terms: readonly number[]; readonly offsets?: readonly number[] }[];

function layout(blocks: readonly ConstraintRows<Tensor>[]): Layout {
  let next = 0;
  return blocks.map(({ terms, offsets }) => {
    const places = terms.map(() => next++);
    return offsets ? { terms: places, offsets: offsets.map(() => next++) } : { terms: places };
  });
}

/** The rows of one expert: its part of the first block, all of the others. */
function hostRows(
  blocks: readonly ConstraintRows<Tensor>[],
  lay: Layout,
  arrays: readonly Float64Array[],
  expert: number,
  count: number,
  mask: Float64Array | undefined,
): ConstraintRows<Float64Array>[] {
  const own = (array: Float64Array): Float64Array => {
    const size = array.length / count;
    return array.subarray(expert * size, (expert + 1) * size);
  };
  const chosen = mask && Array.from(own(mask)).flatMap((v, i) => (v > 0 ? [i] : []));
  return blocks.map(({ law }, b) => {
    const part = (at: number): Float64Array => {
      if (b > 0) return arrays[at]!;
      const all = own(arrays[at]!);
      if (!chosen) return all;
      const width = all.length / (mask.length / count);
      const rows = new Float64Array(chosen.length * width);
      chosen.forEach((i, row) => rows.set(all.subarray(i * width, (i + 1) * width), row * width));
      return rows;
    };
    const { terms, offsets } = lay[b]!;
    return { law, terms: terms.map(part), ...(offsets ? { offsets: offsets.map(part) } : {}) };
  });
}

function joined(answers: readonly ExpertAnswer[], n: number) {
  const x = new Float64Array(answers.length * n);
  const inverseHessian = new Float64Array(answers.length * n * n);
  answers.forEach((answer, e) => {
    x.set(answer.weights, e * n);
    inverseHessian.set(answer.inverseHessian, e * n * n);
  });
  const info = [
    ...answers.map((a) => a.iterations),
    ...answers.map((a) => a.residual),
    ...answers.map((a) => a.work),
    ...answers.map((a) => (a.status === "converged" ? 1 : 0)),
  ];
  return { x, inverseHessian, info };
}

/** N, if all rows are of a kind. */
function checkRows(where: string, blocks: readonly ConstraintRows<Tensor>[]): number {
  const n = blocks[0]!.terms[0]!.shape[1]!;
  for (const { law, terms, offsets } of blocks) {
    const rows = terms[0]!.shape[0]!;
    const good =
      terms.length === law.terms.length &&
      terms.every((t) => t.rank === 2 && t.shape[0] === rows && t.shape[1] === n) &&
      (offsets === undefined ||
        (offsets.length === terms.length && offsets.every((t) => t.rank === 1 && t.shape[0] === rows)));
    if (!good)
      throw new ShapeError({
        where,
        want: `terms ${law.terms.join(", ")}, [M, ${n}] each, and offsets [M]`,
        got: [...terms, ...(offsets ?? [])].map((t) => showShape(t.shape)).join(", "),
      });
  }
  return n;
}
