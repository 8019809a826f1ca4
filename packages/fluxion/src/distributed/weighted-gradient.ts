import { compile } from "../compile/compile.js";
import { grad } from "../core/autodiff.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { mul } from "../ops/arithmetic.js";
import { sum } from "../ops/reduce.js";
import { checkWhole } from "../optim/options.js";
import { unflatten } from "./flat.js";

/** Options of `weightedGradient`. */
export interface WeightedGradientOptions<P, B> {
  /** Parameters, for their structure, shapes and dtypes. */
  params: P;
  /** The loss of every example, [B]: of an example alone, so without batch statistics, and always the same. */
  losses: (params: P, batch: B) => Tensor;
  /** The examples of these numbers, a tree of Tensors [B, …]. */
  batch: (examples: Int32Array) => B;
  /**
   * Batches are filled up to a multiple of this with examples of weight 0, because every length is a program of its own.
   * Whole number ≥ 1, default 16.
   */
  multiple?: number;
  /** Threads within an operator; default 1, because workers are what runs at the same time. */
  threads?: number;
}

/** Σ weightᵢ·∇lossᵢ(params), as a vector; `release` frees the programs. */
export interface WeightedGradient {
  (params: Float32Array, examples: Int32Array, weights: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * What workers of gradient codes compute: a weighted sum of the gradients of single examples, in one pass.
 * @throws OptionError; ShapeError if `losses` is not one number an example
 */
export function weightedGradient<P, B>(options: WeightedGradientOptions<P, B>): WeightedGradient {
  const where = "distributed.weightedGradient";
  checkOptions(where, options, ["params", "losses", "batch", "multiple", "threads"]);
  const { params: like, losses, batch, multiple = 16, threads = 1 } = options;
  checkWhole(where, "multiple", multiple, 1);
  const weightedLoss = (vector: Tensor, data: B, weights: Tensor): Tensor => {
    const each = losses(unflatten(vector, like), data);
    if (each.rank !== 1 || each.shape[0] !== weights.shape[0])
      throw new ShapeError({ where, want: `losses [${weights.shape[0]}]`, got: showShape(each.shape) });
    return sum(mul(each, weights));
  };
  const run = compile(
    (vector: Tensor, data: B, weights: Tensor) => grad((v: Tensor) => weightedLoss(v, data, weights))(vector),
    { threads },
  );
  const gradient = async (params: Float32Array, examples: Int32Array, weights: Float32Array) => {
    if (examples.length !== weights.length)
      throw new OptionError({ where, want: `${examples.length} weights`, got: String(weights.length) });
    if (examples.length === 0) return new Float32Array(params.length);
    const size = Math.ceil(examples.length / multiple) * multiple;
    const filled = new Int32Array(size).fill(examples[0]!);
    filled.set(examples);
    const padded = new Float32Array(size);
    padded.set(weights);
    const result = await run(tensor(params), batch(filled), tensor(padded));
    return (await result.data()) as Float32Array;
  };
  return Object.assign(gradient, { release: () => run.release() });
}
