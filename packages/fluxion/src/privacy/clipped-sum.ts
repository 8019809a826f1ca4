import { compile } from "../compile/compile.js";
import { grad } from "../core/autodiff.js";
import { checkOptions, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { vmap } from "../core/vmap.js";
import { unflatten } from "../distributed/flat.js";
import { div, maximum, mul, square, sub } from "../ops/arithmetic.js";
import { cast } from "../ops/compare.js";
import { sum } from "../ops/reduce.js";
import { sqrt } from "../ops/unary.js";
import { checkWhole } from "../optim/options.js";

/** What is summed over examples. */
export interface ClippedQuery {
  /** float32 [D] */
  readonly params: Float32Array;
  /** Given: differences of gradients, params less previous. float32 [D] */
  readonly previous?: Float32Array | undefined;
  /** Largest length of one example's vector, number in [0, ∞). */
  readonly radius: number;
}

/**
 * Σ clip(gᵢ, radius) over examples, gᵢ the gradient of example i's loss or, with `previous`, its difference from that at
 * `previous`; clip(g, r) = g·min(1, r/‖g‖), the norm over all parameters. float64 [D].
 */
export interface ClippedSum {
  (query: ClippedQuery, examples: Int32Array): Promise<Float64Array>;
  release(): Promise<void>;
}

/** Options of `clippedGradientSum`. */
export interface ClippedSumOptions<P, B> {
  /** Parameters, for their structure, shapes and dtypes. */
  params: P;
  /** The loss of one example, a scalar: a function of this example alone, without batch statistics or noise. */
  loss: (params: P, example: B) => Tensor;
  /** The examples of these numbers, a tree of Tensors [B, …]. */
  batch: (examples: Int32Array) => B;
  /** Examples whose gradients are in memory at once, whole number ≥ 1; default 256. */
  microBatch?: number;
}

/**
 * Clipped sums of per-example gradients, by `vmap` of the gradient. Examples beyond the last whole micro-batch are filled
 * up with some of weight 0, so that each counts once, wherever it stands.
 * @throws OptionError; ShapeError if the loss of an example is no scalar
 * @source Abadi et al., "Deep learning with differential privacy", 2016, arXiv:1607.00133, algorithm 1, for the clipping;
 *   arXiv:2302.03884, algorithm 1, for differences; deviates: none
 */
export function clippedGradientSum<P, B>(options: ClippedSumOptions<P, B>): ClippedSum {
  const where = "privacy.clippedGradientSum";
  checkOptions(where, options, ["params", "loss", "batch", "microBatch"]);
  const { params: like, loss, batch, microBatch = 256 } = options;
  checkWhole(where, "microBatch", microBatch, 1);
  const each = (vector: Tensor, examples: B): Tensor =>
    vmap(
      (v: Tensor, example: B) =>
        grad((w: Tensor) => {
          const value = loss(unflatten(w, like), example);
          if (value.rank !== 0)
            throw new ShapeError({
              where,
              want: "a scalar loss of one example",
              got: showShape(value.shape),
            });
          return value;
        })(v),
      { inAxes: [null, 0] },
    )(vector, examples);
  // Norms, factors and sums in double precision: a norm that rounding makes smaller would let more through.
  const clipped = (rows: Tensor, radius: Tensor, weights: Tensor): Tensor => {
    const wide = cast(rows, "float64");
    const norms = sqrt(sum(square(wide), 1));
    const factors = mul(div(radius, maximum(norms, radius)), weights);
    return sum(mul(wide, factors.expandDims(1)), 0);
  };
  const gradients = compile((x: Tensor, radius: Tensor, data: B, weights: Tensor) =>
    clipped(each(x, data), radius, weights),
  );
  const differences = compile((x: Tensor, y: Tensor, radius: Tensor, data: B, weights: Tensor) =>
    clipped(sub(cast(each(x, data), "float64"), cast(each(y, data), "float64")), radius, weights),
  );
  const run = async ({ params, previous, radius }: ClippedQuery, examples: Int32Array) => {
    const total = new Float64Array(params.length);
    if (radius === 0) return total;
    const size = Math.min(microBatch, examples.length);
    const r = tensor(radius, { dtype: "float64" });
    const x = tensor(params);
    for (let from = 0; from < examples.length; from += size) {
      const part = new Int32Array(size).fill(examples[0]!);
      part.set(examples.subarray(from, from + size));
      const weights = tensor(Float64Array.from(part, (_, i) => (from + i < examples.length ? 1 : 0)));
      const result = previous
        ? await differences(x, tensor(previous), r, batch(part), weights)
        : await gradients(x, r, batch(part), weights);
      const values = await result.data();
      for (let d = 0; d < total.length; d++) total[d] = total[d]! + Number(values[d]);
    }
    return total;
  };
  return Object.assign(run, {
    release: async () => {
      await Promise.all([gradients.release(), differences.release()]);
    },
  });
}
