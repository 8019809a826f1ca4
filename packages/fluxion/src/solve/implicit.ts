// Gradients through a minimiser: of the minimum that a solver found, whatever the solver did.
import { grad } from "../core/autodiff.js";
import { stopGradient } from "../core/backward.js";
import { ShapeError } from "../core/errors.js";
import { apply, type Op } from "../core/node.js";
import { showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { sub } from "../ops/arithmetic.js";
import { matmul } from "../ops/matmul.js";
import { expandDims, squeeze } from "../ops/movement.js";

/**
 * A minimum x* that knows what it depends on: the value stays, and its derivative is −H⁻¹·∂g/∂θ, that of the implicit
 * function theorem for g(x*, θ) = 0. It is one Newton step with x* and H⁻¹ held constant, so no linear system is solved
 * in the graph. H has to be the whole Hessian: Gauss's and Newton's JᵀJ is biased wherever residuals are not 0.
 * @param solution x*, [..., N]: an argument, or what a host operator gave
 * @param inverseHessian H⁻¹ = (∂g/∂x)⁻¹ at x*, [..., N, N]; in float32, it magnifies the rounding of ∂g/∂θ
 * @param gradient g, the gradient of what x* minimises, [..., N] → [..., N]; gradients flow to the Tensors that it closes
 *   over
 * @returns [..., N]
 * @throws ShapeError
 * @source Chalapathi, Du, Krishnapriyan, 2024, arXiv 2402.13412, §3.1, after Blondel et al., "Efficient and modular
 *   implicit differentiation", 2022; deviates: H⁻¹ comes from where the solver is, in place of a solve in the backward pass
 */
export function attachArgmin(
  solution: Tensor,
  inverseHessian: Tensor,
  gradient: (x: Tensor) => Tensor,
): Tensor {
  const where = "solve.attachArgmin";
  const n = solution.shape.at(-1);
  const want = [...solution.shape, n ?? 0];
  if (n === undefined || showShape(inverseHessian.shape) !== showShape(want))
    throw new ShapeError({
      where,
      want: `a solution [..., N] and an inverse Hessian ${showShape(want)}`,
      got: `${showShape(solution.shape)} and ${showShape(inverseHessian.shape)}`,
    });
  const at = stopGradient(solution);
  const g = gradient(at);
  if (showShape(g.shape) !== showShape(solution.shape))
    throw new ShapeError({ where, want: `a gradient ${showShape(solution.shape)}`, got: showShape(g.shape) });
  const step = squeeze(matmul(stopGradient(inverseHessian), expandDims(g, -1)), -1);
  return sub(at, sub(step, stopGradient(step)));
}

/** What a solver answers to `implicitArgmin`. */
export interface HostMinimum {
  /** x*, in the layer's shape. */
  readonly x: Float64Array;
  /** H⁻¹ at x*, [..., N, N]. */
  readonly inverseHessian: Float64Array;
  /** What else there is to say, [info]. */
  readonly info?: ArrayLike<number>;
}

/** A minimiser as part of a traced function. */
export interface ArgminProblem {
  /** Shape of x*, [..., N]. */
  readonly shape: Shape;
  /** How many numbers `info` has. Default 0. */
  readonly info?: number;
  /** The solver, on float64 copies of the inputs. Give the same function each time: another one compiles anew. */
  readonly solve: (inputs: readonly Float64Array[]) => HostMinimum | Promise<HostMinimum>;
  /** The objective in Tensors, a scalar; of a stack of problems, their sum. */
  readonly objective: (x: Tensor, inputs: readonly Tensor[]) => Tensor;
}

type Solve = ArgminProblem["solve"];

const argminOp: Op<{ solve: Solve; shape: Shape; info: number }> = {
  name: "solve.argmin",
  infer: (_, { shape, info }) => [
    { shape, dtype: "float64" },
    { shape: [...shape, shape.at(-1)!], dtype: "float64" },
    { shape: [info], dtype: "float64" },
  ],
  grad: "zero",
  async host(inputs, { attrs: { solve, shape, info } }) {
    const found = await solve(inputs);
    const outputs = [found.x, found.inverseHessian, Float64Array.from(found.info ?? [])];
    const sizes = [sizeOf(shape), sizeOf(shape) * shape.at(-1)!, info];
    outputs.forEach((values, i) => {
      if (values.length === sizes[i]) return;
      const want = `${["x", "inverseHessian", "info"][i]} of ${sizes[i]} numbers`;
      throw new ShapeError({ where: "solve.implicitArgmin", want, got: String(values.length) });
    });
    return outputs;
  },
};

/**
 * argmin_x objective(x, inputs) inside a traced function: the solver runs on the host, between the parts of the compiled
 * program, and gradients with respect to the inputs are those of the implicit function theorem (`attachArgmin`).
 * @param inputs Tensors that the objective depends on; the objective must not close over others
 * @returns x [..., N] and info, float64
 * @throws ShapeError
 * @source as `attachArgmin`
 */
export function implicitArgmin(
  { shape, info = 0, solve, objective }: ArgminProblem,
  inputs: readonly Tensor[],
): { x: Tensor; info: Tensor } {
  const held = inputs.map(stopGradient);
  const [solution, inverse, notes] = apply(argminOp, held, { solve, shape, info }) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const gradient = (at: Tensor): Tensor => grad((x: Tensor) => objective(x, inputs))(at);
  return { x: attachArgmin(solution, inverse, gradient), info: notes };
}
