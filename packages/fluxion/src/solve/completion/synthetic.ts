import { checkOptions } from "../../core/errors.js";
import { normalFrom, seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import type { SparseMatrix } from "../sparse.js";
import type { LowRankMatrix } from "./low-rank.js";
import { orthonormalize } from "./orthonormal.js";

/** Options of `randomLowRank`. */
export interface RandomLowRankOptions {
  rows: number;
  columns: number;
  /** At most the smaller of rows and columns. */
  rank: number;
  /** Part of the entries that is observed, each by its own draw, in (0, 1]. */
  density: number;
  /** Largest over smallest singular value, ≥ 1; they fall linearly to 1. Default 1. */
  condition?: number;
  /** Standard deviation of the noise on the observed entries, over the root mean square of all entries. Default 0. */
  noise?: number;
  /** Whole number in [0, 2^32). Default 0. */
  seed?: number;
}

/** A random low-rank matrix with the observed part of it. */
export interface RandomLowRank {
  readonly truth: LowRankMatrix;
  readonly observed: SparseMatrix;
}

/**
 * A completion problem whose answer is known: singular vectors from orthonormalised normal numbers, so incoherent with
 * high probability. It is written row by row: nothing dense is formed.
 * @throws OptionError
 */
export function randomLowRank(options: RandomLowRankOptions): RandomLowRank {
  const where = "solve.randomLowRank";
  checkOptions(where, options, ["rows", "columns", "rank", "density", "condition", "noise", "seed"]);
  const { rows, columns, rank: k, density, condition = 1, noise = 0, seed = 0 } = options;
  checkWhole(where, "rank", k, 1);
  checkWhole(where, "rows", rows, k);
  checkWhole(where, "columns", columns, k);
  checkRange(where, "density", density, "(0, 1]");
  checkRange(where, "condition", condition, "[1, ∞)");
  checkRange(where, "noise", noise, "[0, ∞)");
  const normal = normalFrom(seededUniform(seed, 0));
  const basis = (size: number): Float64Array => {
    const a = Float64Array.from({ length: size * k }, normal);
    orthonormalize(a, size, k);
    return a;
  };
  const left = basis(rows);
  const right = basis(columns);
  let squares = 0;
  for (let l = 0; l < k; l++) {
    const singular = k === 1 ? condition : condition + ((1 - condition) * l) / (k - 1);
    squares += singular ** 2;
    for (let at = l; at < rows * k; at += k) left[at]! *= singular;
  }
  const deviation = noise * Math.sqrt(squares / (rows * columns));

  const uniform = seededUniform(seed, 1);
  const starts = new Int32Array(rows + 1);
  // Gaps between observed entries are geometric: one draw an observed entry, not one an entry.
  const places = (put: (i: number, j: number) => void): void => {
    const logMiss = Math.log1p(-density);
    for (let i = 0; i < rows; i++) {
      for (let j = -1; ;) {
        j += 1 + (density === 1 ? 0 : Math.floor(Math.log(1 - uniform()) / logMiss));
        if (j >= columns) break;
        put(i, j);
      }
    }
  };
  let indices = new Int32Array(Math.ceil(rows * columns * density * 1.01) + 1000);
  let count = 0;
  places((i, j) => {
    if (count === indices.length) {
      const grown = new Int32Array(2 * count);
      grown.set(indices);
      indices = grown;
    }
    indices[count++] = j;
    starts[i + 1] = count;
  });
  const values = new Float64Array(count);
  for (let i = 0; i < rows; i++) {
    starts[i + 1] = Math.max(starts[i + 1]!, starts[i]!);
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      let sum = deviation === 0 ? 0 : deviation * normal();
      for (let l = 0; l < k; l++) sum += left[i * k + l]! * right[indices[e]! * k + l]!;
      values[e] = sum;
    }
  }
  const observed = { rows, columns, starts, indices: indices.subarray(0, count), values };
  return { truth: { rows, columns, rank: k, left, right }, observed };
}
