// The bench of the claim and the demo: a classifier of digits with a nonconvex penalty, its records at ten clients.
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { virtualPool } from "fluxion/distributed";
import {
  type ClippedQuery,
  diff2,
  diff2Client,
  type Diff2State,
  gradientStep,
  type PrivacyBudget,
  seededNoise,
  trainDiff2,
} from "fluxion/privacy";
import { loadDigits8 } from "../digits8.js";

/** Records z = y·x with ‖x‖ = 1, by rows: an example's loss is ln(1 + e^(−z·w)). */
export interface Records {
  /** float64 [n, D] */
  readonly rows: Float64Array;
  readonly n: number;
  readonly dimensions: number;
}

const [publicImages, features] = [1000, 16];

/**
 * Digits as 16 principal components of 8 × 8 pixels, standardised, of length √0.9, and a bias of √0.1; y = 1 from 5 on,
 * else −1. The components come from images that are not among the records, which counts them as public.
 */
export async function digitRecords(n: number): Promise<Records> {
  const { rows: pixels, labels } = await loadDigits8(publicImages + n);
  const x = Matrix.from1DArray(publicImages + n, 64, pixels.data);
  const open = x.subMatrix(0, publicImages - 1, 0, 63);
  const centre = open.mean("column");
  open.subRowVector(centre);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(
    open.transpose().mmul(open).div(publicImages),
    { assumeSymmetric: true },
  );
  // Eigenvalues come in increasing order.
  const top = eigenvectorMatrix.subMatrix(0, 63, 64 - features, 63);
  const scales = realEigenvalues.slice(64 - features).map(Math.sqrt);
  const projected = x
    .subMatrix(publicImages, publicImages + n - 1, 0, 63)
    .subRowVector(centre)
    .mmul(top);
  const dimensions = features + 1;
  const rows = new Float64Array(n * dimensions);
  for (let i = 0; i < n; i++) {
    const z = scales.map((scale, j) => projected.get(i, j) / scale);
    const length = Math.hypot(...z);
    const y = labels[publicImages + i]! >= 5 ? 1 : -1;
    z.forEach((v, j) => (rows[i * dimensions + j] = (y * Math.sqrt(0.9) * v) / length));
    rows[i * dimensions + features] = y * Math.sqrt(0.1);
  }
  return { rows, n, dimensions };
}

/** −σ(−z·w) of the row that begins at `from`: an example's gradient is this times z. */
function slope(rows: Float64Array, from: number, w: Float32Array): number {
  let s = 0;
  for (let d = 0; d < w.length; d++) s += rows[from + d]! * w[d]!;
  return -1 / (1 + Math.exp(s));
}

/**
 * `ClippedSum` in closed form: the gradients of one record at two points are parallel, so that their lengths are known
 * without forming them. A test compares it with the general one.
 */
export function clippedSumOf({ rows, dimensions }: Records) {
  const lengths = Float64Array.from({ length: rows.length / dimensions }, (_, i) =>
    Math.sqrt(squared(rows.subarray(i * dimensions, (i + 1) * dimensions))),
  );
  return async ({ params, previous, radius }: ClippedQuery, examples: Int32Array): Promise<Float64Array> => {
    const total = new Float64Array(dimensions);
    for (const example of examples) {
      const from = example * dimensions;
      const factor = slope(rows, from, params) - (previous ? slope(rows, from, previous) : 0);
      const length = Math.abs(factor) * lengths[example]!;
      const clipped = length > radius ? (factor * radius) / length : factor;
      for (let d = 0; d < dimensions; d++) total[d] = total[d]! + clipped * rows[from + d]!;
    }
    return total;
  };
}

/** The gradient of 0.01·Σ w²/(1 + w²), which no record is in. */
export const penalty = (w: Float32Array): Float64Array =>
  Float64Array.from(w, (x) => (0.02 * x) / (1 + x * x) ** 2);

/** Mean gradient of the losses without noise. */
export async function fullGradient(records: Records, params: Float32Array): Promise<Float64Array> {
  const all = Int32Array.from({ length: records.n }, (_, i) => i);
  const sum = await clippedSumOf(records)({ params, radius: Infinity }, all);
  return sum.map((v) => v / records.n);
}

/** How a run goes. */
export interface RunOptions {
  readonly budget: PrivacyBudget;
  readonly rounds: number;
  readonly restartEvery: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly calibration?: "paper" | "exact";
  readonly signal?: AbortSignal | undefined;
  readonly onRound?: (round: RoundRecord) => void | Promise<void>;
}

/** What a round left. */
export interface RoundRecord {
  readonly state: Diff2State;
  /** ‖∇f‖² with the penalty, at the point where the round's query was asked. */
  readonly gradient: number;
  /** ‖v − mean gradient‖², v the round's estimate, at the same point. */
  readonly error: number;
  /** Standard deviation per coordinate of the noise added in this round. */
  readonly noise: number;
  readonly spent: { readonly rho: number; readonly epsilon: number };
}

const clients = 10;
/** Records of length 1: gradients are no longer than 1, and 1/4 of the step's length bounds their changes. */
const [clip, smoothness] = [1, 0.25];

/** One private run. @returns all rounds' records */
export async function privateRun(records: Records, options: RunOptions): Promise<RoundRecord[]> {
  const { seed, learningRate, signal, onRound, ...rest } = options;
  const size = Math.floor(records.n / clients);
  const method = diff2({
    ...{ ...rest, smallest: size, clients, clip, smoothness },
    ...{ routine: gradientStep(learningRate, penalty), noise: seededNoise(seed, 3) },
  });
  const clippedSum = clippedSumOf(records);
  const pool = virtualPool({
    size: clients,
    handler: (p) =>
      diff2Client(
        clippedSum,
        Int32Array.from({ length: size }, (_, i) => p * size + i),
      ),
  });
  const history: RoundRecord[] = [];
  await trainDiff2({
    ...{ method, pool, params: new Float32Array(records.dimensions) },
    ...(signal ? { signal } : {}),
    async onRound(state) {
      const at = state.previous!;
      const clean = await fullGradient(records, at);
      const term = penalty(at);
      const restart = (state.round - 1) % options.restartEvery === 0;
      const before = history.at(-1)?.state.previous;
      const radius = restart ? clip : smoothness * Math.sqrt(squared(at.map((x, d) => x - before![d]!)));
      const record = {
        state,
        gradient: squared(clean.map((g, d) => g + term[d]!)),
        error: squared(state.estimate.map((v, d) => v - clean[d]!)),
        noise: radius * (restart ? method.noise.sigma1 : method.noise.sigma2),
        spent: method.spent(state),
      };
      history.push(record);
      await onRound?.(record);
    },
  });
  return history;
}

const squared = (v: Float32Array | Float64Array): number => {
  let sum = 0;
  for (const x of v) sum += x * x;
  return sum;
};

/** Means over the last fifth of the rounds. */
export function tail(history: readonly RoundRecord[]): { gradient: number; error: number } {
  const last = history.slice(Math.floor(history.length * 0.8));
  const mean = (of: (r: RoundRecord) => number): number => last.reduce((a, r) => a + of(r), 0) / last.length;
  return { gradient: mean((r) => r.gradient), error: mean((r) => r.error) };
}
