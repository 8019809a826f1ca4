import { grad, jvp } from "../../core/autodiff.js";
import { checkOptions, OptionError } from "../../core/errors.js";
import type { Tensor } from "../../core/tensor.js";
import { div, mul, square } from "../../ops/arithmetic.js";
import { concat, reshape } from "../../ops/movement.js";
import { neg } from "../../ops/unary.js";
import { addScaled, normalized, treeDot } from "./vectors.js";

/** Slope and curvature of a function along a direction; float scalars. */
export interface DirectionalCurvature {
  /** vᵀ∇²f·v / ‖v‖²: the directional sharpness. Does not depend on the length or sign of v. */
  readonly value: Tensor;
  /** ∇fᵀv / ‖v‖. */
  readonly slope: Tensor;
  /** Distance along v/‖v‖ at which the quadratic model is lowest, −slope / value; means nothing where value ≤ 0. */
  readonly bestStep: Tensor;
  /** How far the quadratic model falls there, slope² / (2·value); means nothing where value ≤ 0. */
  readonly bestDecrease: Tensor;
}

/**
 * Directional sharpness: the curvature of a function along a direction, such as an optimizer's update, by one
 * Hessian-vector product.
 * @param f float scalar of a tree of parameters; take a fixed set of examples that the direction was not made from
 * @param v a tree like `params`, of any length but 0
 * @throws TreeError if the trees differ
 * @source Pan, Li, "Toward understanding why Adam converges faster than SGD for transformers", 2023, arXiv:2306.00204,
 *   section 2; deviates: none
 */
export function directionalSharpness<P>(f: (params: P) => Tensor, params: P, v: P): DirectionalCurvature {
  const where = "analyse.directionalSharpness";
  const unit = normalized(where, v);
  const [gradient, product] = jvp(grad(f), [params], [unit]);
  const value = treeDot(where, unit, product);
  const slope = treeDot(where, gradient, unit);
  return {
    ...{ value, slope },
    bestStep: neg(div(slope, value)),
    bestDecrease: div(square(slope), mul(value, 2)),
  };
}

/**
 * Values of a function at distances along a direction: f(params + d·v/‖v‖) for every d.
 * @param v a tree like `params`, of any length but 0
 * @param options `distances`: in units of the parameters' norm, any numbers
 * @returns [D]
 * @throws OptionError without distances; TreeError if the trees differ
 */
export function lineProfile<P>(
  f: (params: P) => Tensor,
  params: P,
  v: P,
  options: { distances: readonly number[] },
): Tensor {
  const where = "analyse.lineProfile";
  checkOptions(where, options, ["distances"]);
  if (!options.distances.length || !options.distances.every(Number.isFinite)) {
    const got = `[${options.distances.join(", ")}]`;
    throw new OptionError({ where, want: "distances, finite numbers", got });
  }
  const unit = normalized(where, v);
  return concat(
    options.distances.map((d) => reshape(f(addScaled(where, params, unit, d)), [1])),
    0,
  );
}
