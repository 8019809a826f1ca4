// The real matrices of the claim and the demo: pictures as rows, and which of their pixels are known.
import { gatherRows, loadDataset, seededUniform, type ArrayData } from "fluxion/data";

/** Pictures as the rows of a matrix, in [0, 1]. */
export interface Pictures {
  /** float64 [N, side·side] */
  readonly rows: ArrayData<Float64Array>;
  readonly side: number;
}

/** The first `count` photographs of clothes of one class, or of all, 28 × 28. */
export async function clothesRows(count: number, label?: number): Promise<Pictures> {
  const { images, labels } = await loadDataset("fashion-mnist");
  const wanted = [...labels.data.keys()].filter((i) => label === undefined || labels.data[i] === label);
  const { data } = gatherRows(images, Int32Array.from(wanted.slice(0, count)));
  return {
    rows: { data: Float64Array.from(data, (v) => v / 255), shape: [data.length / 784, 784] },
    side: 28,
  };
}

/** Which of `size` entries are known, each by its own draw. */
export function randomMask(size: number, density: number, seed: number): Uint8Array {
  const uniform = seededUniform(seed, 7);
  return Uint8Array.from({ length: size }, () => (uniform() < density ? 1 : 0));
}

/** Root mean square error on the hidden entries. */
export function hiddenError(truth: Float64Array, guess: Float64Array, mask: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let e = 0; e < truth.length; e++) {
    if (mask[e]) continue;
    sum += (truth[e]! - guess[e]!) ** 2;
    count++;
  }
  return Math.sqrt(sum / count);
}

/** Every hidden entry guessed by the mean of the known ones in its column. */
export function columnMeans({ data, shape }: ArrayData<Float64Array>, mask: Uint8Array): Float64Array {
  const [n, d] = [shape[0]!, shape[1]!];
  const means = Array.from({ length: d }, (_, j) => {
    let [sum, count] = [0, 0];
    for (let e = j; e < n * d; e += d) {
      if (!mask[e]) continue;
      sum += data[e]!;
      count++;
    }
    return count === 0 ? 0 : sum / count;
  });
  return Float64Array.from({ length: n * d }, (_, e) => means[e % d]!);
}
