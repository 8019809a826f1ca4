import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { seededUniform } from "../../data/seeded.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import type { Iteration, SolverOptions, SolverOutcome, SolverStatus } from "../outcome.js";
import { sparseTranspose, type SparseMatrix } from "../sparse.js";
import { halfStep } from "./half-step.js";
import type { LeastSquares } from "./least-squares.js";
import type { LowRankMatrix } from "./low-rank.js";
import { orthonormalize } from "./orthonormal.js";
import { partOf, splitEntries } from "./partition.js";
import { sketchedLeastSquares } from "./sketched.js";
import { clipRows, timesThin, topLeft } from "./spectral-start.js";

/** Multiply-adds of all regressions so far, by half-step; monitoring and orthonormalisation are not counted. */
export interface CompletionWork {
  /** Of those for the right factor: one a column. */
  readonly right: number;
  /** Of those for the left factor: one a row. */
  readonly left: number;
}

/** What `onIteration` of `completeMatrix` is told. */
export interface CompletionIteration extends Iteration {
  readonly x: LowRankMatrix;
  readonly work: CompletionWork;
}

/** Options of `completeMatrix`. */
export interface CompleteMatrixOptions extends Omit<SolverOptions, "onIteration"> {
  /** Of the completed matrix, whole number in [1, min(rows, columns)]. */
  rank: number;
  /** Rounds of two half-steps. Default 50. */
  maxIterations?: number;
  /** Of the relative residual on the observed entries. Default 1e-8. */
  tolerance?: number;
  /** It has stalled when five rounds lower the residual by less than this part, in [0, 1). Default 1e-3. */
  leastProgress?: number;
  /** How the regressions are solved. Default `sketchedLeastSquares()`. */
  leastSquares?: LeastSquares;
  /** "spectral": singular vectors of the observed entries; or a left factor [rows, rank] row-major. Default "spectral". */
  start?: "spectral" | Float64Array;
  /** μ: rows of the start longer than 2μ√(rank/rows) are set to 0; number > 0, Infinity for none. Default 2. */
  incoherence?: number;
  /** Whether every half-step sees its own part of the entries, as the theory asks; needs many more. Default false. */
  partition?: boolean;
  /** Of sketches, start and parts, whole number in [0, 2^32). Default 0. */
  seed?: number;
  /** Called after every round, and awaited. */
  onIteration?: (at: CompletionIteration) => void | Promise<void>;
}

/** Outcome of `completeMatrix`; the residuals are ‖P(M − X)‖ / ‖P(M)‖ with P the projection on the observed entries. */
export interface CompletionOutcome extends SolverOutcome<LowRankMatrix> {
  readonly work: CompletionWork;
  /** Rows and columns with fewer observed entries than the rank: their missing entries are guesses of smallest norm. */
  readonly underdetermined: { readonly rows: number; readonly columns: number };
}

/**
 * Completes a low-rank matrix by alternating minimisation: the right factor by one regression a column, the left one
 * by one a row, each against the orthonormalised other; with sketched regressions in O(entries·rank) a round, up to
 * logarithms. Memory: two copies of the entries by row and by column (12 bytes an entry each) and a few thin factors.
 * @param observed the known entries: all stored ones, zeros included
 * @returns status "converged" (residual within the tolerance), "stalled" (it settles: noise, or a higher rank),
 *   "max-iterations", "aborted"; "singular" for fewer entries than a matrix of this rank has degrees of freedom, with
 *   the start as x; "non-finite" for NaN or infinity among the entries or made on the way, with the last finite x
 * @throws OptionError, ShapeError
 * @source Gu, Song, Yin, Zhang, "Low rank matrix completion via robust alternating minimization in nearly linear time",
 *   2023, arXiv 2302.11068, its main algorithm; deviates: all half-steps see all entries (`partition` for the paper's
 *   way), the start is by subspace iteration, the number of rounds is not fixed beforehand
 */
export async function completeMatrix(
  observed: SparseMatrix,
  options: CompleteMatrixOptions,
): Promise<CompletionOutcome> {
  const settings = checked(observed, options);
  const {
    rank: k,
    maxIterations,
    tolerance,
    leastProgress,
    leastSquares,
    partition,
    seed,
    signal,
  } = settings;
  const { rows, columns, values } = observed;
  const entries = values.length;
  const turned = sparseTranspose(observed);
  const underdetermined = { rows: shortRows(observed, k), columns: shortRows(turned, k) };
  const work = { right: 0, left: 0 };
  const residuals: number[] = [];
  let x: LowRankMatrix = {
    ...{ rows, columns, rank: k },
    left: new Float64Array(rows * k),
    right: new Float64Array(columns * k),
  };
  const end = (status: SolverStatus, reason: string): CompletionOutcome => {
    const outcome = { x, status, reason, iterations: residuals.length - 1, residuals };
    return { ...outcome, work: { ...work }, underdetermined };
  };

  let scale = 0;
  for (const v of values) scale += v * v;
  if (!Number.isFinite(scale)) {
    residuals.push(NaN);
    return end("non-finite", "the entries, or their squares, hold NaN or infinity");
  }
  if (scale === 0) {
    residuals.push(0);
    return end("converged", "all observed entries are 0");
  }

  const labels = partition ? splitEntries(entries, 2 * maxIterations + 1, seededUniform(seed, 1)) : undefined;
  const part = (t: number): SparseMatrix => (labels ? partOf(observed, labels, t) : observed);
  const partTurned = (t: number): SparseMatrix => (labels ? sparseTranspose(part(t)) : turned);
  let u = settings.start ?? topLeft(part(0), partTurned(0), k, seededUniform(seed, 0));
  orthonormalize(u, rows, k);
  x = spectralEstimate(observed, turned, u, k);
  residuals.push(relativeResidual(observed, x, scale));
  clipRows(u, rows, k, settings.incoherence);
  if (settings.freedom > entries && !settings.ridged) {
    const have = `${entries} entries for ${settings.freedom} degrees of freedom of rank ${k}`;
    return end("singular", `${have}: many matrices fit`);
  }

  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    if (signal?.aborted) return end("aborted", "the signal stopped it");
    const right = new Float64Array(columns * k);
    const left = new Float64Array(rows * k);
    const uniform = seededUniform(seed, 2 * iteration);
    work.right += halfStep(partTurned(iteration), u, k, right, leastSquares, uniform).work;
    orthonormalize(right, columns, k);
    const step = halfStep(part(maxIterations + iteration), right, k, left, leastSquares, uniform);
    work.left += step.work;
    const next = { rows, columns, rank: k, left, right };
    const residual = labels ? relativeResidual(observed, next, scale) : Math.sqrt(step.squares / scale);
    if (!Number.isFinite(residual)) return end("non-finite", `round ${iteration} met NaN or infinity`);
    x = next;
    residuals.push(residual);
    await settings.onIteration?.({ iteration, residual, x, work: { ...work } });
    // A round may take seconds: the page, or whoever holds the signal, gets a turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (residual <= tolerance) return end("converged", `the relative residual is at most ${tolerance}`);
    if (iteration >= 5 && residual >= (1 - leastProgress) * residuals[iteration - 5]! && leastProgress > 0)
      return end("stalled", `the relative residual settles at ${residual}: noise, or a higher rank`);
    u = left.slice();
    orthonormalize(u, rows, k);
  }
  return end("max-iterations", `after ${maxIterations} rounds the relative residual is ${residuals.at(-1)}`);
}

/** U₀ (AᵀU₀/p)ᵀ: the truncated SVD of the observed entries over their density, with the second factor orthonormal. */
function spectralEstimate(a: SparseMatrix, at: SparseMatrix, u: Float64Array, k: number): LowRankMatrix {
  const { rows, columns } = a;
  const density = a.values.length / (rows * columns);
  const full = timesThin(at, u, k);
  const right = full.slice();
  orthonormalize(right, columns, k);
  const left = new Float64Array(rows * k);
  const mixing = new Float64Array(k * k);
  for (let j = 0; j < columns; j++)
    for (let p = 0; p < k; p++)
      for (let q = 0; q < k; q++) mixing[p * k + q]! += (full[j * k + p]! * right[j * k + q]!) / density;
  for (let i = 0; i < rows; i++)
    for (let p = 0; p < k; p++)
      for (let q = 0; q < k; q++) left[i * k + q]! += u[i * k + p]! * mixing[p * k + q]!;
  return { rows, columns, rank: k, left, right };
}

function relativeResidual({ rows, starts, indices, values }: SparseMatrix, x: LowRankMatrix, scale: number) {
  const { rank: k, left, right } = x;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      let gap = values[e]!;
      for (let l = 0; l < k; l++) gap -= left[i * k + l]! * right[indices[e]! * k + l]!;
      sum += gap * gap;
    }
  }
  return Math.sqrt(sum / scale);
}

function shortRows({ rows, starts }: SparseMatrix, k: number): number {
  let count = 0;
  for (let i = 0; i < rows; i++) if (starts[i + 1]! - starts[i]! < k) count++;
  return count;
}

const keys = [
  ...["rank", "maxIterations", "tolerance", "leastProgress", "leastSquares", "start", "incoherence"],
  ...["partition", "seed", "onIteration", "signal"],
];

function checked(observed: SparseMatrix, options: CompleteMatrixOptions) {
  const where = "solve.completeMatrix";
  checkOptions(where, options, keys);
  const { rows, columns, values } = observed;
  const { rank, maxIterations = 50, tolerance = 1e-8, leastProgress = 1e-3, incoherence = 2 } = options;
  const { partition = false, seed = 0, onIteration, signal, start = "spectral" } = options;
  if (values.length === 0)
    throw new OptionError({
      where,
      want: "at least one observed entry",
      got: `none of ${rows} x ${columns}`,
    });
  checkWhole(where, "rank", rank, 1);
  if (rank > Math.min(rows, columns))
    throw new OptionError({ where, want: `rank at most ${Math.min(rows, columns)}`, got: `${rank}` });
  checkWhole(where, "maxIterations", maxIterations, 0);
  checkRange(where, "tolerance", tolerance, "[0, ∞)");
  checkRange(where, "leastProgress", leastProgress, "[0, 1)");
  if (incoherence !== Infinity) checkRange(where, "incoherence", incoherence, "(0, ∞)");
  if (typeof start === "string" ? start !== "spectral" : start.length !== rows * rank) {
    const got = typeof start === "string" ? `"${String(start)}"` : `${start.length} elements`;
    throw new ShapeError({ where, want: `start "spectral" or [${rows}, ${rank}]`, got });
  }
  return {
    ...{ rank, maxIterations, tolerance, leastProgress, incoherence, partition, seed, onIteration, signal },
    leastSquares: options.leastSquares ?? sketchedLeastSquares(),
    start: typeof start === "string" ? undefined : start.slice(),
    freedom: rank * (rows + columns - rank),
    ridged: (options.leastSquares?.ridge ?? 0) > 0,
  };
}
