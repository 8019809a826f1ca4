import { checkOptions } from "../../core/errors.js";
import { checkWhole } from "../../optim/options.js";
import { squaredDistance } from "./energy-distance.js";
import { commonSizes, type Samples } from "./samples.js";

/** Fractions in [0, 1]. */
export interface PrecisionRecall {
  /** Generated samples that lie in the manifold of the real ones: fidelity. */
  precision: number;
  /** Real samples that lie in the manifold of the generated ones: coverage. */
  recall: number;
}

/**
 * Improved precision and recall: a set's manifold is the union of balls around its points, each reaching to the point's
 * k-th nearest neighbour in the set. Cost O((N + M)²·D).
 * @param real [N, ...]   @param generated [M, ...], rows of the same size, N, M > k
 * @param options `k`: neighbours, whole number ≥ 1, default 3
 * @throws ShapeError, OptionError
 * @source Kynkäänniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for assessing generative
 *   models", 2019, arXiv:1904.06991, equations 1-2; deviates: none
 */
export function precisionRecall(
  real: Samples,
  generated: Samples,
  options: { k?: number } = {},
): PrecisionRecall {
  const where = "train.precisionRecall";
  checkOptions(where, options, ["k"]);
  const { k = 3 } = options;
  checkWhole(where, "k", k, 1);
  const { d } = commonSizes(where, real, generated, k + 1);
  return {
    precision: covered(generated, real, radii(real, k, d), d),
    recall: covered(real, generated, radii(generated, k, d), d),
  };
}

/** Squared distance of every row to its k-th nearest other row. */
function radii({ data }: Samples, k: number, d: number): Float64Array {
  const n = data.length / d;
  const nearest = new Float64Array(k);
  return Float64Array.from({ length: n }, (_, i) => {
    nearest.fill(Infinity);
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const distance = squaredDistance(data, i, data, j, d);
      if (!(distance < nearest[k - 1]!)) continue;
      let at = k - 1;
      for (; at > 0 && nearest[at - 1]! > distance; at--) nearest[at] = nearest[at - 1]!;
      nearest[at] = distance;
    }
    return nearest[k - 1]!;
  });
}

/** Fraction of `points` that lie in a ball around a row of `centres`. */
function covered(points: Samples, centres: Samples, radius: Float64Array, d: number): number {
  const n = points.data.length / d;
  let hits = 0;
  for (let i = 0; i < n; i++) {
    if (radius.some((r, j) => squaredDistance(points.data, i, centres.data, j, d) <= r)) hits++;
  }
  return hits / n;
}
