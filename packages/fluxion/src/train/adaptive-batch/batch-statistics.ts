import { valueAndGrad } from "../../core/autodiff.js";
import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { foldIn } from "../../core/random/index.js";
import { scan } from "../../core/scan.js";
import { isFloat } from "../../core/dtypes.js";
import { tensor, Tensor } from "../../core/tensor.js";
import { matchTree, tensorLeaves, treeLeaves, treeMap } from "../../core/tree.js";
import { vmap } from "../../core/vmap.js";
import { add, div, mul, square } from "../../ops/arithmetic.js";
import { cast } from "../../ops/compare.js";
import { arange, zeros, zerosLike } from "../../ops/create.js";
import { expandDims, reshape } from "../../ops/movement.js";
import { mean, sum } from "../../ops/reduce.js";
import type { Loss } from "../step.js";

/** What the single gradients of a batch say; scalars but for the gradient. */
export interface BatchStatistics<P> {
  /** Mean of the examples' losses. */
  readonly loss: Tensor;
  /** Mean of the examples' gradients: the batch's. */
  readonly gradient: P;
  /** Σᵢ ‖gᵢ‖². */
  readonly sumSquares: Tensor;
  /** ‖ḡ‖². */
  readonly squaredNorm: Tensor;
  /** Σᵢ ⟨gᵢ, ḡ⟩²; only with `inner`. */
  readonly innerSquares?: Tensor;
}

/** Options of `batchStatistics`. */
export interface BatchStatisticsOptions {
  /** Examples whose gradients are in memory at once: divides the batch. Default: all. */
  microBatch?: number;
  /** Whether inner products with the mean gradient are summed, which takes a second pass. Default false. */
  inner?: boolean;
}

/** Σ of products over all float leaves. */
const dot = (a: unknown, b: unknown): Tensor => {
  const { leaves, def } = tensorLeaves("train.batchStatistics", a);
  const others = matchTree("train.batchStatistics", def, b) as Tensor[];
  return leaves.flatMap((x, i) => (isFloat(x.dtype) ? [sum(mul(x, others[i]!))] : [])).reduce(add);
};

/**
 * Gradients of single examples, summed in the graph: the batch's gradient together with Σ‖gᵢ‖², exact under any
 * splitting into micro-batches.
 * @param loss mean loss of a batch; it is called with one example at a time, leading axis 1, and a key of its own
 * @param batch a tree of Tensors [b, …]
 * @param key uint32 [2]
 * @throws OptionError, ShapeError
 */
export function batchStatistics<P, B>(
  loss: Loss<P, B>,
  params: P,
  batch: B,
  key: Tensor,
  options: BatchStatisticsOptions = {},
): BatchStatistics<P> {
  const where = "train.batchStatistics";
  checkOptions(where, options, ["microBatch", "inner"]);
  const b = treeLeaves(batch)[0]?.shape[0] ?? 0;
  if (!treeLeaves(batch).every((t) => t.shape[0] === b) || b === 0)
    throw new ShapeError({ where, want: "a batch of Tensors [b, …]", got: `${b} rows` });
  const { microBatch: m = b, inner = false } = options;
  if (!Number.isInteger(m) || m < 1 || b % m !== 0)
    throw new OptionError({ where, want: `microBatch a divisor of ${b}`, got: String(m) });
  const one = (example: B, k: Tensor): { value: Tensor; gradient: P } => {
    const alone = treeMap((t: Tensor) => expandDims(t, 0), example) as B;
    const [value, gradient] = valueAndGrad((p: P) => {
      const out = loss(p, alone, k);
      return out instanceof Tensor ? out : out.loss;
    })(params);
    return { value, gradient };
  };
  const chunks = b / m;
  const parted = treeMap((t: Tensor) => reshape(t, [chunks, m, ...t.shape.slice(1)]), batch) as B;
  /** f of the gradients of every micro-batch, summed. */
  const total = <Out>(f: (gradients: P, values: Tensor) => Out): Out => {
    const chunk = (examples: B, index: Tensor): Out => {
      const keys = vmap((i: Tensor) => foldIn(key, i))(add(arange(m), mul(index, m)));
      const { value, gradient } = vmap(one)(examples, keys);
      return f(gradient, value);
    };
    if (chunks === 1)
      return chunk(
        treeMap((t: Tensor) => reshape(t, t.shape.slice(1)), parted) as B,
        tensor(0, { dtype: "int32" }),
      );
    const like = chunk(
      treeMap((t: Tensor) => zeros(t.shape.slice(1), { dtype: t.dtype }), parted) as B,
      tensor(0, { dtype: "int32" }),
    );
    const [out] = scan(
      (carry: Out, at: { examples: B; index: Tensor }): [Out, Tensor] => {
        const now = chunk(at.examples, at.index);
        const { leaves, def } = tensorLeaves(where, carry);
        const added = matchTree(where, def, now) as Tensor[];
        return [def.build(leaves.map((t, i) => add(t, added[i]!))) as Out, at.index];
      },
      treeMap((t: Tensor) => zerosLike(t), like) as Out,
      { examples: parted, index: arange(chunks) },
    );
    return out;
  };
  const first = total((gradients, values) => ({
    loss: sum(values),
    gradient: treeMap(
      (g: Tensor) => (isFloat(g.dtype) ? sum(g, 0) : mean(cast(g, "float32"), 0)),
      gradients,
    ) as P,
    squares: dot(gradients, gradients),
  }));
  const gradient = treeMap((g: Tensor) => div(g, b), first.gradient) as P;
  const statistics = {
    ...{ loss: div(first.loss, b), gradient, sumSquares: first.squares },
    squaredNorm: dot(gradient, gradient),
  };
  if (!inner) return statistics;
  const innerSquares = total((gradients) => sum(square(vmap((g: P) => dot(g, gradient))(gradients))));
  return { ...statistics, innerSquares };
}

/** ‖Var‖₁ = (Σ‖gᵢ‖² − b‖ḡ‖²)/(b − 1), unbiased, never below 0. @param b examples, ≥ 2 */
export const gradientVariance = (
  { sumSquares, squaredNorm }: { sumSquares: number; squaredNorm: number },
  b: number,
): number => Math.max(0, sumSquares - b * squaredNorm) / (b - 1);
