import { rowLength, type ArrayData } from "../../data/array-data.js";
import { ShapeError } from "../../core/errors.js";

/**
 * N samples or feature vectors: an array [N, ...] whose rows are taken as vectors of D numbers. `loadDataset` and
 * `samplePoints` give these; of a Tensor it is `{ data: await x.data(), shape: x.shape }`.
 */
export type Samples = ArrayData;

/**
 * Number of rows and their length.
 * @throws ShapeError if `samples` is not [N, ...] with at least `least` rows
 * @internal
 */
export function sampleSizes(where: string, samples: Samples, least = 1): { n: number; d: number } {
  const d = rowLength(where, samples);
  const n = samples.shape[0]!;
  if (n < least || d < 1) {
    const got = `shape [${samples.shape.join(", ")}]`;
    throw new ShapeError({ where, want: `at least ${least} rows of at least one number`, got });
  }
  return { n, d };
}

/** Sizes of two sets in one space. @throws ShapeError if the rows differ in length @internal */
export function commonSizes(
  where: string,
  a: Samples,
  b: Samples,
  least = 1,
): { n: number; m: number; d: number } {
  const [first, second] = [sampleSizes(where, a, least), sampleSizes(where, b, least)];
  if (first.d !== second.d) {
    throw new ShapeError({ where, want: `rows of ${first.d} numbers in both`, got: String(second.d) });
  }
  return { n: first.n, m: second.n, d: first.d };
}
