import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import { add, div, square } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { full } from "../ops/create.js";
import { sum } from "../ops/reduce.js";
import { sqrt } from "../ops/unary.js";
import { globalNorm } from "./clip.js";
import { mapLeaves, perDtype } from "./leaves.js";
import { checkRange } from "./options.js";
import { scaleByLearningRate } from "./scale.js";
import type { Schedule } from "./schedules.js";
import { chain, type Transform } from "./transform.js";

/** Options of `adagradNorm`. */
export interface AdagradNormOptions {
  /** Length of the first steps, number in [0, ∞) or a schedule; default 1. */
  learningRate?: number | Schedule;
  /** Where the sum of squared norms starts, in (0, ∞); default 0.01. */
  initialAccumulator?: number;
  /** One sum for all parameters, or one for every leaf; default "global". */
  scope?: "global" | "leaf";
}

/** State of `scaleByNormSum`: sums of squared norms, a scalar each. */
export type NormSumState = { sums: readonly Tensor[] };

/**
 * v ← v + ‖g‖², one number for all parameters; the update is g / √v.
 * @throws OptionError
 * @source Ward, Wu, Bottou, "AdaGrad stepsizes: sharp convergence over nonconvex landscapes", 2019, arXiv:1806.01811,
 *   algorithm 1; deviates: none ("leaf" has a sum for every parameter tensor)
 */
export function scaleByNormSum(
  options: Omit<AdagradNormOptions, "learningRate"> = {},
): Transform<NormSumState> {
  const where = "optim.scaleByNormSum";
  checkOptions(where, options, ["initialAccumulator", "scope"]);
  const { initialAccumulator = 0.01, scope = "global" } = options;
  checkRange(where, "initialAccumulator", initialAccumulator, "(0, ∞)");
  if (scope !== "global" && scope !== "leaf")
    throw new OptionError({ where, want: "scope global or leaf", got: String(scope) });
  const floats = (tree: unknown): Tensor[] => treeLeaves(tree).filter((t) => isFloat(t.dtype));
  const wide = (t: Tensor): Tensor => (t.dtype === "float16" ? cast(t, "float32") : t);
  return {
    init(params) {
      const leaves = floats(params).map(wide);
      const double = leaves.some((t) => t.dtype === "float64");
      const start = (dtype: Tensor["dtype"]): Tensor => full([], initialAccumulator, { dtype });
      return {
        sums:
          scope === "global" ? [start(double ? "float64" : "float32")] : leaves.map((t) => start(t.dtype)),
      };
    },
    update(grads, state) {
      const sums =
        scope === "global"
          ? [add(state.sums[0]!, square(globalNorm(grads)))]
          : floats(grads).map((g, i) => add(state.sums[i]!, sum(square(wide(g)))));
      const roots = sums.map(sqrt);
      const shared = perDtype((dtype) => cast(roots[0]!, dtype));
      let i = 0;
      const [updates] = mapLeaves(where, grads, [], (g) => [
        div(g, scope === "global" ? shared(g.dtype) : roots[i++]!),
      ]);
      return { updates, state: { sums } };
    },
  };
}

/** AdaGrad-Norm: `scaleByNormSum`, then −learningRate. @throws OptionError */
export function adagradNorm(options: AdagradNormOptions = {}): Transform {
  checkOptions("optim.adagradNorm", options, ["learningRate", "initialAccumulator", "scope"]);
  const { learningRate = 1, ...rest } = options;
  return chain(scaleByNormSum(rest), scaleByLearningRate(learningRate));
}
