// One round of matrix completion, by the number of observed entries and by the rank.
import {
  completeMatrix,
  exactLeastSquares,
  randomLowRank,
  sketchedLeastSquares,
  type LeastSquares,
} from "fluxion/solve";
import type { ScalingSection } from "./scaling.js";

const columns = 2000;

/** Every row observes half of the columns, so that its regression has many more entries than a sketch has rows. */
const round = (leastSquares: LeastSquares) => async (entries: number, rank: number) => {
  const rows = Math.round((2 * entries) / columns);
  const { observed } = randomLowRank({ rows, columns, rank, density: 0.5 });
  // The start is made before: what is timed is a round.
  const start = randomLowRank({ rows, columns: rank, rank, density: 1, seed: 1 }).truth.left;
  return async () => {
    const { work } = await completeMatrix(observed, { rank, leastSquares, start, maxIterations: 1 });
    return { work: work.left + work.right };
  };
};

const sketched = round(sketchedLeastSquares());
const exact = round(exactLeastSquares());

/** Cost of a round of `completeMatrix` against the number of observed entries. */
export const completion: ScalingSection = {
  name: "completion",
  title: "Matrix completion, one round at rank 16: every row observes 1000 entries",
  size: "observed entries",
  unit: "multiply-adds",
  sizes: [156_000, 625_000, 2_500_000, 10_000_000],
  series: [
    {
      name: "sketched regressions",
      paper: { exponent: 1, says: "nearly linear in the observed entries" },
      prepare: (size) => sketched(size, 16),
    },
    {
      name: "exact regressions",
      paper: { exponent: 1, says: "linear too" },
      prepare: (size) => exact(size, 16),
    },
  ],
};

/** Cost of a round of `completeMatrix` against the rank. */
export const completionRank: ScalingSection = {
  name: "completion-rank",
  title: "Matrix completion, one round over a million entries",
  size: "rank",
  unit: "multiply-adds",
  sizes: [4, 8, 16, 32],
  series: [
    {
      name: "sketched regressions",
      paper: { exponent: 1, says: "entries times rank" },
      prepare: (rank) => sketched(1_000_000, rank),
    },
    {
      name: "exact regressions",
      paper: { exponent: 2, says: "entries times rank squared" },
      prepare: (rank) => exact(1_000_000, rank),
    },
  ],
};
