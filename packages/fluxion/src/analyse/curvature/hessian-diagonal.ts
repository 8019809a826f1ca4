import { grad, hvp } from "../../core/autodiff.js";
import { stopGradient } from "../../core/backward.js";
import { checkOptions, ShapeError } from "../../core/errors.js";
import { categorical, foldIn } from "../../core/random/index.js";
import { scan } from "../../core/scan.js";
import { showShape } from "../../core/shape.js";
import { tensor, type Tensor } from "../../core/tensor.js";
import { tensorLeaves } from "../../core/tree.js";
import { arange } from "../../ops/create.js";
import { add, div, mul, square } from "../../ops/arithmetic.js";
import { mean } from "../../ops/reduce.js";
import { neg } from "../../ops/unary.js";
import { expandDims } from "../../ops/movement.js";
import { takeAlongAxis } from "../../ops/indexing.js";
import { logSoftmax } from "../../ops/activation.js";
import { checkWhole } from "../../optim/options.js";
import { addScaled, mapFloats, probeLike, treeDot, type ProbeDistribution } from "./vectors.js";

/** Options of Hutchinson's estimators. */
export interface HutchinsonOptions {
  /** Default "normal", as in Sophia; "rademacher" has the smaller variance, and none for a diagonal Hessian. */
  distribution?: ProbeDistribution;
  /** Probes that are averaged, whole number ≥ 1; default 1. Each costs a Hessian-vector product. */
  samples?: number;
}

function checkHutchinson(where: string, options: HutchinsonOptions): Required<HutchinsonOptions> {
  checkOptions(where, options, ["distribution", "samples"]);
  const { distribution = "normal", samples = 1 } = options;
  checkWhole(where, "samples", samples, 1);
  return { distribution, samples };
}

/**
 * Hutchinson's estimate of the Hessian's diagonal, the mean of u ⊙ (∇²f·u) over random probes u. Unbiased; entries may
 * be negative.
 * @param f float scalar of a tree of parameters
 * @param key uint32 [2]
 * @returns a tree like `params`; leaves that are not floats come as zeros
 * @throws OptionError
 * @source Bekas, Kokiopoulou, Saad, "An estimator for the diagonal of a matrix", 2007, equation 2; deviates: divided by
 *   the number of probes, not by the sum of their squares
 */
export function hutchinsonDiagonal<P>(
  f: (params: P) => Tensor,
  params: P,
  key: Tensor,
  options: HutchinsonOptions = {},
): P {
  const where = "analyse.hutchinsonDiagonal";
  const { distribution, samples } = checkHutchinson(where, options);
  const one = (i: Tensor): P => {
    const u = probeLike(where, params, foldIn(key, i), distribution);
    return productOf(where, u, hvp(f, [params], u));
  };
  const first = one(tensor(0, { dtype: "int32" }));
  if (samples === 1) return first;
  const [total] = scan(
    (sum: P, i: Tensor): [P, Tensor] => [addScaled(where, sum, one(i), 1), i],
    first,
    arange(1, samples),
  );
  return mapFloats(where, total, (leaf) => div(leaf, samples));
}

/** a ⊙ b. */
function productOf<P>(where: string, a: P, b: P): P {
  const other = tensorLeaves(where, b).leaves;
  return mapFloats(where, a, (leaf, i) => mul(leaf, other[i]!));
}

/**
 * Hutchinson's estimate of the Hessian's trace, the mean of uᵀ(∇²f)u over random probes u.
 * @param f float scalar of a tree of parameters
 * @param key uint32 [2]
 * @returns scalar
 * @throws OptionError
 * @source Hutchinson, "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines",
 *   1990; deviates: none
 */
export function hutchinsonTrace<P>(
  f: (params: P) => Tensor,
  params: P,
  key: Tensor,
  options: HutchinsonOptions = {},
): Tensor {
  const where = "analyse.hutchinsonTrace";
  const { distribution, samples } = checkHutchinson(where, options);
  const one = (i: Tensor): Tensor => {
    const u = probeLike(where, params, foldIn(key, i), distribution);
    return treeDot(where, u, hvp(f, [params], u));
  };
  const [total] = scan(
    (sum: Tensor, i: Tensor): [Tensor, Tensor] => [add(sum, one(i)), i],
    one(tensor(0, { dtype: "int32" })),
    arange(1, samples),
  );
  return div(total, samples);
}

/**
 * The Gauss-Newton-Bartlett estimate of the diagonal of a classifier's Gauss-Newton matrix: labels are drawn from the
 * model's own distribution, and with ĝ the gradient of the mean cross-entropy against them it is B·ĝ ⊙ ĝ. Never
 * negative; unbiased for the Gauss-Newton part of the mean loss's Hessian. It does not look at the true labels.
 * @param logits of a tree of parameters: float [..., K]; all leading axes are examples, B of them
 * @param key uint32 [2]
 * @returns a tree like `params`; leaves that are not floats pass
 * @throws ShapeError if the logits have no axis
 * @source Liu, Li, Hall, Liang, Ma, "Sophia: A scalable stochastic second-order optimizer for language model
 *   pre-training", 2023, arXiv:2305.14342, algorithm 2; deviates: none
 */
export function gaussNewtonBartlett<P>(logits: (params: P) => Tensor, params: P, key: Tensor): P {
  const where = "analyse.gaussNewtonBartlett";
  const scores = stopGradient(logits(params));
  if (scores.rank === 0)
    throw new ShapeError({ where, want: "logits [..., K]", got: showShape(scores.shape) });
  const drawn = expandDims(categorical(key, scores), -1);
  const loss = (p: P): Tensor => neg(mean(takeAlongAxis(logSoftmax(logits(p)), drawn, -1)));
  const count = scores.size / scores.shape.at(-1)!;
  return mapFloats(where, grad(loss)(params), (g) => mul(square(g), count));
}
