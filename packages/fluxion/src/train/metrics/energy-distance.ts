import { commonSizes, type Samples } from "./samples.js";

/**
 * Energy distance of two empirical distributions, 2·E|X − Y| − E|X − X'| − E|Y − Y'| over all pairs (the V-statistic):
 * 0 exactly if the sets are equal, never negative. It is the square of a metric. Cost O((N + M)²·D).
 * @param x [N, ...]   @param y [M, ...], rows of the same size
 * @throws ShapeError
 * @source Székely, Rizzo, "Energy statistics: a class of statistics based on distances", 2013, equation 5; deviates: none
 */
export function energyDistance(x: Samples, y: Samples): number {
  const { d } = commonSizes("train.energyDistance", x, y);
  return Math.max(0, 2 * meanDistance(x, y, d) - meanDistance(x, x, d) - meanDistance(y, y, d));
}

function meanDistance(x: Samples, y: Samples, d: number): number {
  const n = x.data.length / d;
  const m = y.data.length / d;
  let total = 0;
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < m; j++) row += Math.sqrt(squaredDistance(x.data, i, y.data, j, d));
    total += row / m;
  }
  return total / n;
}

/** Squared Euclidean distance of row i of `a` and row j of `b`. @internal */
export function squaredDistance(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  d: number,
): number {
  let sum = 0;
  for (let k = 0; k < d; k++) {
    const diff = a[i * d + k]! - b[j * d + k]!;
    sum += diff * diff;
  }
  return sum;
}
