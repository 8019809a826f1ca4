// The robust convex program: its data, cost and constraints.
import { checkOptions, FormatError, OptionError, ShapeError } from "../../core/errors.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import type { ArrayData } from "../../data/array-data.js";
import { checkRange } from "../../optim/options.js";
import { relu, softplus } from "../../ops/activation.js";
import { add, div, mul, sub } from "../../ops/arithmetic.js";
import { matmul } from "../../ops/matmul.js";
import { expandDims, swapAxes } from "../../ops/movement.js";
import { max, sum } from "../../ops/reduce.js";
import { abs, sqrt } from "../../ops/unary.js";
import type { ConvexWeights } from "./network.js";
import type { ReluPatterns } from "./patterns.js";
import { checkFeatures, checkPatterns, type Problem } from "./problem.js";

/** Losses of the worst case: hinge and logistic of labels −1 and 1, squared of numbers. */
export type RobustLossName = "hinge" | "logistic" | "squared";

/** Data, their neighbourhoods and the regularisation of `convexAdversarial`. */
export interface RobustObjective {
  /** Float [N, D]. */
  readonly x: ArrayData;
  /** [N]: −1 or 1; any numbers for the squared loss. */
  readonly y: ArrayLike<number>;
  /** Radius of the l∞ ball around every example, number ≥ 0. */
  readonly eps: number;
  /** Weight of the norms, number > 0; the loss is a mean over the examples. */
  readonly beta: number;
  /** Default "hinge". */
  readonly loss?: RobustLossName;
  /** Columns that no attack changes, such as the ones of a bias. Default: none. */
  readonly fixed?: readonly number[];
}

/** @internal */
export interface RobustProblem extends Problem {
  readonly eps: number;
  readonly beta: number;
  readonly loss: RobustLossName;
  /** 0 in fixed columns, 1 elsewhere, [D]. */
  readonly free: Float64Array;
}

/** @throws ShapeError, FormatError, OptionError @internal */
export function checkRobust(where: string, objective: RobustObjective): RobustProblem {
  checkOptions(where, objective, ["x", "y", "eps", "beta", "loss", "fixed"]);
  const { eps, beta, loss = "hinge", fixed = [] } = objective;
  const features = checkFeatures(where, objective.x);
  const y = Float64Array.from(objective.y);
  if (y.length !== features.n)
    throw new ShapeError({ where, want: `${features.n} targets, one a row`, got: String(y.length) });
  checkRange(where, "eps", eps, "[0, ∞)");
  checkRange(where, "beta", beta, "(0, ∞)");
  if (!["hinge", "logistic", "squared"].includes(loss))
    throw new OptionError({ where, want: "loss hinge, logistic or squared", got: String(loss) });
  const bad = y.findIndex((v) => (loss === "squared" ? !Number.isFinite(v) : Math.abs(v) !== 1));
  if (bad >= 0) {
    const want = loss === "squared" ? "finite targets" : "targets −1 or 1";
    throw new FormatError({ where, want, got: `${y[bad]!} in row ${bad}` });
  }
  return { ...features, y, eps, beta, loss, free: freeColumns(where, fixed, features.d) };
}

/** @throws OptionError @internal */
export function freeColumns(where: string, fixed: readonly number[], d: number): Float64Array {
  const free = new Float64Array(d).fill(1);
  for (const column of fixed) {
    if (!Number.isInteger(column) || column < 0 || column >= d)
      throw new OptionError({ where, want: `fixed columns in [0, ${d})`, got: String(column) });
    free[column] = 0;
  }
  return free;
}

/** @internal */
export type RobustWeights = { v: Tensor; w: Tensor };

/** Robust loss (a mean), regularisation and violations of the constraints [P, N] of both halves, traced. @internal */
export function robustParts(problem: RobustProblem, patterns: ReluPatterns) {
  const { x, y, n, d, eps, loss, free, beta } = problem;
  const features = tensor(Float32Array.from(x), { shape: [n, d] });
  const targets = tensor(Float32Array.from(y));
  const masks = tensor(Float32Array.from(patterns.masks), { shape: [patterns.count, n] });
  const mayChange = tensor(Float32Array.from(free));
  const spread = (weights: Tensor): Tensor => mul(sum(mul(abs(weights), mayChange), -1), eps);
  const norms = (weights: Tensor): Tensor => sum(sqrt(add(sum(mul(weights, weights), -1), 1e-18)));
  const shortfall = (weights: Tensor): Tensor =>
    // [P, N]: eps‖v‖₁ − (2D − I)Xv, where positive.
    relu(
      sub(
        expandDims(spread(weights), 1),
        mul(sub(mul(masks, 2), 1), matmul(weights, swapAxes(features, 0, 1))),
      ),
    );
  return ({ v, w }: RobustWeights) => {
    // Row k is Σᵢ d_ik(vᵢ − wᵢ): the linear function that the network is around example k.
    const local = matmul(swapAxes(masks, 0, 1), sub(v, w));
    const yhat = sum(mul(features, local), -1);
    const worst = spread(local);
    const margin = sub(mul(targets, yhat), worst);
    const error = add(abs(sub(yhat, targets)), worst);
    const losses =
      loss === "hinge"
        ? relu(sub(1, margin))
        : loss === "logistic"
          ? softplus(mul(margin, -1))
          : mul(mul(error, error), 0.5);
    return {
      loss: div(sum(losses), n),
      losses,
      norms: mul(add(norms(v), norms(w)), beta),
      violations: [shortfall(v), shortfall(w)] as const,
    };
  };
}

/** The robust program at some weights. */
export interface RobustValue {
  /** Mean robust loss plus regularisation. */
  readonly cost: number;
  /** Robust loss of every example, float64 [N]. */
  readonly losses: Float64Array;
  /** Largest violation of a constraint. */
  readonly violation: number;
}

/**
 * The robust program's cost at given weights. Where no constraint is violated, an example's robust loss is at least its
 * loss under every attack of radius eps.
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §4 (hinge: eq. 4.3); deviates: none
 */
export async function robustValue(
  { v, w }: ConvexWeights,
  objective: RobustObjective,
  patterns: ReluPatterns,
): Promise<RobustValue> {
  const where = "solve.robustValue";
  const problem = checkRobust(where, objective);
  checkPatterns(where, patterns, problem.n);
  const shape = [patterns.count, problem.d];
  if (v.length !== w.length || v.length !== patterns.count * problem.d)
    throw new ShapeError({
      where,
      want: `v, w [${shape.join(", ")}]`,
      got: `${v.length} and ${w.length} numbers`,
    });
  const at = { v: tensor(Float32Array.from(v), { shape }), w: tensor(Float32Array.from(w), { shape }) };
  const { loss, losses, norms, violations } = robustParts(problem, patterns)(at);
  const [cost, each, first, second] = await Promise.all([
    add(loss, norms).item(),
    losses.data(),
    max(violations[0]).item(),
    max(violations[1]).item(),
  ]);
  return { cost, losses: Float64Array.from(each as Float32Array), violation: Math.max(first, second) };
}
