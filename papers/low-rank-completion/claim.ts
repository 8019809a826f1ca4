// What is measured for arXiv 2302.11068 and the bars it has to pass; README.md says why these.
import { atLeast, atMost, type Claim, type ClaimContext } from "fluxion/claims";
import {
  completeMatrix,
  exactLeastSquares,
  lowRankToDense,
  observedEntries,
  randomLowRank,
  sketchedLeastSquares,
  subspaceDistance,
  type CompletionWork,
  type LeastSquares,
  type LowRankMatrix,
  type RandomLowRank,
} from "fluxion/solve";
import { loadDigits8 } from "../digits8.js";
import { clothesRows, columnMeans, hiddenError, randomMask, type Pictures } from "./data.js";
import { disturbed } from "./disturbed.js";

type Measured = Record<string, number>;

interface Trace {
  /** Relative Frobenius error after every round. */
  readonly errors: readonly number[];
  /** Sine of the largest angle to the true column space after every round. */
  readonly distances: readonly number[];
  readonly work: CompletionWork;
}

/** ‖X − M‖/‖M‖ by the factors' small Gram matrices would lose half the digits, so the entries are formed. */
function relativeError(x: LowRankMatrix, truth: Float64Array): number {
  const { data } = lowRankToDense(x);
  let [gap, all] = [0, 0];
  for (let e = 0; e < truth.length; e++) {
    gap += (data[e]! - truth[e]!) ** 2;
    all += truth[e]! ** 2;
  }
  return Math.sqrt(gap / all);
}

/** `rounds` rounds on a problem whose answer is known. */
async function trace(
  { observed, truth }: RandomLowRank,
  rounds: number,
  leastSquares: LeastSquares,
  { seed, signal }: ClaimContext,
): Promise<Trace> {
  const { rank } = truth;
  const dense = lowRankToDense(truth).data;
  const errors: number[] = [];
  const distances: number[] = [];
  const { work } = await completeMatrix(observed, {
    ...{ rank, maxIterations: rounds, leastSquares, seed, tolerance: 0, leastProgress: 0 },
    ...(signal ? { signal } : {}),
    onIteration({ x }) {
      errors.push(relativeError(x, dense));
      distances.push(subspaceDistance(x.left, truth.left, rank));
    },
  });
  signal?.throwIfAborted();
  return { errors, distances, work };
}

/** The largest ratio of errors at every second round, down to rounding. */
function worstRatio(a: Trace, b: Trace): number {
  const rounds = a.errors.map((error, i) => (i % 2 === 0 && b.errors[i]! > 1e-12 ? error / b.errors[i]! : 0));
  return Math.max(...rounds);
}

/** The largest factor by which a round after the second leaves the distance, down to rounding. */
function contraction({ distances }: Trace): number {
  return Math.max(
    ...distances.map((d, i) => (i >= 2 && distances[i - 1]! > 1e-11 ? d / distances[i - 1]! : 0)),
  );
}

/** Recovery with sketched regressions beside exact ones; a well-conditioned, a harder and an ill-conditioned problem. */
async function recovery(context: ClaimContext): Promise<Measured> {
  const { seed, tier } = context;
  const problems = {
    easy: { rows: 200, columns: 150, rank: 5, condition: 2, density: 0.3 },
    hard: { rows: 400, columns: 300, rank: 5, condition: 5, density: 0.2 },
    ...(tier === "full" ? { ill: { rows: 400, columns: 300, rank: 5, condition: 50, density: 0.3 } } : {}),
  };
  const figures: Measured = {};
  for (const [name, how] of Object.entries(problems)) {
    const problem = randomLowRank({ ...how, seed });
    const exact = await trace(problem, 12, exactLeastSquares(), context);
    const sketched = await trace(problem, 12, sketchedLeastSquares(), context);
    figures[`${name}Error`] = sketched.errors.at(-1)!;
    figures[`${name}Ratio`] = worstRatio(sketched, exact);
    figures[`${name}Contraction`] = contraction(sketched);
    if (name !== "easy") continue;
    const solved = await trace(problem, 12, sketchedLeastSquares({ factor: 4, steps: 0 }), context);
    figures["sketchAndSolveError"] = solved.errors.at(-1)!;
  }
  return figures;
}

/** Errors put into every half-step: final error over their size. */
async function robustness(context: ClaimContext): Promise<Measured> {
  const how = { rows: 200, columns: 150, rank: 5, condition: 2, density: 0.3, seed: context.seed };
  const problem = randomLowRank(how);
  const figures: Measured = {};
  for (const [name, size] of [["Coarse", 1e-2] as const, ["Fine", 1e-4] as const]) {
    for (const kind of ["random", "same direction"] as const) {
      const { errors } = await trace(problem, 15, disturbed(size, kind), context);
      figures[`${kind === "random" ? "random" : "adversarial"}${name}`] = errors.at(-1)! / size;
    }
  }
  return figures;
}

/** Multiply-adds of sketched over exact regressions, where columns have many entries, and errors at a higher rank. */
async function cost(context: ClaimContext): Promise<Measured> {
  const { seed, tier } = context;
  const long = randomLowRank({ rows: 4000, columns: 50, rank: 20, density: 1, seed });
  const work = async (leastSquares: LeastSquares): Promise<number> =>
    (await completeMatrix(long.observed, { rank: 20, maxIterations: 1, leastSquares, seed })).work.right;
  const longWork = (await work(sketchedLeastSquares())) / (await work(exactLeastSquares()));
  const wide = randomLowRank({ rows: 600, columns: 500, rank: 20, density: 0.35, seed });
  const rounds = tier === "quick" ? 3 : 9;
  const exact = await trace(wide, rounds, exactLeastSquares(), context);
  const sketched = await trace(wide, rounds, sketchedLeastSquares(), context);
  return { longWork, wideRatio: worstRatio(sketched, exact), wideError: sketched.errors.at(-1)! };
}

/** Hidden pixels of real pictures: root mean square errors. */
async function pictures(
  { rows }: Pick<Pictures, "rows">,
  settings: { rank: number; rounds: number; density: number; ridge: number },
  { seed, signal }: ClaimContext,
): Promise<{ exact: number; sketched: number; ridged: number; svd: number; means: number }> {
  const { rank, rounds, density, ridge } = settings;
  const mask = randomMask(rows.data.length, density, seed);
  const observed = observedEntries(rows, mask);
  const error = async (leastSquares: LeastSquares, maxIterations = rounds): Promise<number> => {
    const { x } = await completeMatrix(observed, {
      ...{ rank, maxIterations, leastSquares, seed, tolerance: 0, leastProgress: 0 },
      ...(signal ? { signal } : {}),
    });
    signal?.throwIfAborted();
    return hiddenError(rows.data, lowRankToDense(x).data, mask);
  };
  return {
    exact: await error(exactLeastSquares()),
    sketched: await error(sketchedLeastSquares()),
    ridged: await error(sketchedLeastSquares({ ridge })),
    svd: await error(exactLeastSquares(), 0),
    means: hiddenError(rows.data, columnMeans(rows, mask), mask),
  };
}

async function digits(context: ClaimContext): Promise<Measured> {
  const settings = { rank: 8, rounds: 15, density: 0.7, ridge: 0.01 };
  const { exact, sketched, ridged, svd, means } = await pictures(await loadDigits8(500), settings, context);
  return {
    ...{ digitsExact: exact, digitsSketched: sketched, digitsRidged: ridged },
    ...{ digitsSvd: svd, digitsMeans: means },
  };
}

async function clothes(context: ClaimContext): Promise<Measured> {
  if (context.tier === "quick") return {};
  const settings = { rank: 20, rounds: 15, density: 0.5, ridge: 0.1 };
  const { exact, sketched, ridged, svd, means } = await pictures(await clothesRows(1000), settings, context);
  return {
    ...{ clothesExact: exact, clothesSketched: sketched, clothesRidged: ridged },
    ...{ clothesSvd: svd, clothesMeans: means },
  };
}

/** The claim of robust alternating minimisation. */
export const claim: Claim = {
  id: "low-rank-completion",
  statement:
    "With sketched least squares alternating minimisation completes a matrix round by round as fast as with exact ones, for fewer operations; errors made in every step stay errors of that size.",
  seeds: { quick: [0], full: [0, 1, 2] },

  async run(context) {
    const parts = { recovery, robustness, cost, digits, clothes };
    const figures: Measured = {};
    for (const [i, [name, measure]] of Object.entries(parts).entries()) {
      context.progress(i / 5, name);
      Object.assign(figures, await measure(context));
    }
    return figures;
  },

  checks(figures, tier) {
    const each = (...names: string[]): number[] => figures.flatMap((f) => names.map((name) => f[name]!));
    const ratios = (over: string, under: string): number[] => figures.map((f) => f[over]! / f[under]!);
    const noise = ["randomCoarse", "randomFine"];
    const common = [
      atMost("relative error after 12 rounds", each("easyError", "hardError"), 1e-5),
      atMost("error sketched / exact, every second round", each("easyRatio", "hardRatio"), 1.5),
      atMost("distance left by a round, from the third on", each("easyContraction", "hardContraction"), 0.6),
      atMost("random errors in every step: final error / their size", each(...noise), 3),
      atLeast("random errors in every step: final error / their size, at least", each(...noise), 0.5),
      atMost(
        "errors all in one direction: final error / their size",
        each("adversarialCoarse", "adversarialFine"),
        3,
      ),
      atMost("rank 20: error sketched / exact, every second round", each("wideRatio"), 1.05),
      atMost("operations sketched / exact, long columns", each("longWork"), 0.6),
      atMost("digits: hidden pixels, sketched / exact", ratios("digitsSketched", "digitsExact"), 1.03),
      atMost("digits: hidden pixels, exact / column means", ratios("digitsExact", "digitsMeans"), 0.85),
    ];
    if (tier === "quick") return common;
    return [
      ...common,
      atMost("ill-conditioned (50): error sketched / exact, every second round", each("illRatio"), 1.5),
      atMost(
        "sketched with refinement / sketch-and-solve, error after 12 rounds",
        ratios("easyError", "sketchAndSolveError"),
        0.5,
      ),
      atMost(
        "ill-conditioned (50): relative error after 12 rounds",
        figures.map((f) => f["illError"]!),
        1e-5,
      ),
      atMost("clothes: hidden pixels, sketched / exact", ratios("clothesSketched", "clothesExact"), 1.03),
      atMost(
        "clothes: hidden pixels, with a ridge / column means",
        ratios("clothesRidged", "clothesMeans"),
        0.85,
      ),
      atMost(
        "digits: hidden pixels, exact / truncated SVD of what is known",
        ratios("digitsExact", "digitsSvd"),
        1,
      ),
    ];
  },
};
