// An estimator on raw tables: standardised columns, a bias, classes or numbers, and the training behind it.
import { checkOptions, FormatError, OptionError, ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { checkRange } from "../../optim/options.js";
import { columnMoments } from "../column-moments.js";
import { largestBeta, type OptimalityGap } from "./certificate.js";
import { convexRelu, type ConvexReluOptions, type ConvexReluOutcome } from "./convex-relu.js";
import type { ReluLossName } from "./losses.js";
import { outputsOf, type ReluNetwork } from "./network.js";
import { enumeratePatterns, patternCount, samplePatterns, type ReluPatterns } from "./patterns.js";
import { checkFeatures, checkTargets } from "./problem.js";

/** Options of `fitConvexRelu`; the rest as `convexRelu`. */
export interface FitConvexReluOptions extends Omit<ConvexReluOptions, "patterns"> {
  /** "regression" of numbers (default) or "classification" of two classes. */
  task?: "regression" | "classification";
  /** Default: squared for regression, cross-entropy for classification. */
  loss?: ReluLossName;
  /** Weight of the regularisation, number > 0. Default: 0.01 of the smallest with which the network would be 0. */
  beta?: number;
  /** Random directions, or "all" patterns, for few features and examples only. Default: all up to 500, else 100. */
  patterns?: number | "all";
}

/** A fitted network with what has to be done to its inputs and outputs: plain data, to be kept as JSON. */
export interface ReluModel {
  /** Mean and deviation of every column, by which inputs are standardised. */
  readonly center: readonly number[];
  readonly scale: readonly number[];
  /** Rows of hidden weights, the last of each being the bias, and output weights. */
  readonly hidden: readonly (readonly number[])[];
  readonly output: readonly number[];
  /** Regression: the answer is offset + factor·output. */
  readonly target?: { readonly offset: number; readonly factor: number };
  /** Classification: the answer is the first where the output is negative. */
  readonly classes?: readonly [number, number];
}

/** What `fitConvexRelu` returns. */
export interface ConvexReluFit {
  readonly model: ReluModel;
  /** Of the training, in standardised units. */
  readonly outcome: ConvexReluOutcome;
  readonly beta: number;
  /** `predictRelu` with this model. */
  readonly predict: (features: ArrayData) => Float64Array;
  /** Bounds how far training is from its optimum. */
  readonly certificate: () => OptimalityGap;
}

const allUpTo = 500;

/**
 * Fits a two-layer ReLU network to a table by its convex program: columns are standardised, a column of ones is added
 * for the biases, numbers are standardised and classes coded, and `convexRelu` does the rest.
 * @param features float [N, D]
 * @param targets [N]: numbers, or exactly two different ones for classification
 * @throws ShapeError, FormatError, OptionError
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, algorithm 3.1; deviates: standardises and chooses beta
 */
export async function fitConvexRelu(
  features: ArrayData,
  targets: ArrayLike<number>,
  options: FitConvexReluOptions = {},
): Promise<ConvexReluFit> {
  const where = "solve.fitConvexRelu";
  const keys = [
    "task",
    "loss",
    "beta",
    "patterns",
    "step",
    "rho",
    "dualStep",
    "sweeps",
    "seed",
    "recordEvery",
  ];
  checkOptions(where, options, [...keys, "maxIterations", "tolerance", "onIteration", "signal"]);
  const { task = "regression", patterns: wanted, beta: given, loss: chosen, ...solver } = options;
  if (task !== "regression" && task !== "classification")
    throw new OptionError({ where, want: 'task "regression" or "classification"', got: String(task) });
  const { x, n, d } = checkFeatures(where, features);
  const values = checkTargets(where, targets, n);
  const { center, scale } = columnMoments(x, n, d);
  const inputs = standardised(x, n, d, center, scale);
  const loss = chosen ?? (task === "regression" ? "squared" : "cross-entropy");
  const coded = task === "regression" ? codedNumbers(values) : codedClasses(where, values, loss);
  if (given !== undefined) checkRange(where, "beta", given, "(0, ∞)");
  const patterns = choosePatterns(inputs, wanted, options.seed ?? 0);
  const data = { x: inputs, y: coded.y, loss };
  // A table whose targets need no network leaves nothing to choose from.
  const beta = given ?? (0.01 * largestBeta(data, patterns) || 1);
  const outcome = await convexRelu({ ...data, beta }, { ...solver, patterns });
  const { hidden, output } = outcome.x;
  const model: ReluModel = {
    ...{ center, scale, output: [...output], ...coded.answer },
    hidden: Array.from(output, (_, j) => [...hidden.subarray(j * (d + 1), (j + 1) * (d + 1))]),
  };
  const predict = (rows: ArrayData): Float64Array => predictRelu(model, rows);
  return { model, outcome, beta, predict, certificate: outcome.certificate };
}

/**
 * A fitted model's answers: numbers, or the class values it was fitted to.
 * @param features float [N, D]
 * @returns float64 [N]
 * @throws ShapeError, FormatError
 */
export function predictRelu(model: ReluModel, features: ArrayData): Float64Array {
  const outputs = scoreRelu(model, features);
  const { target, classes } = model;
  if (classes) return outputs.map((v) => classes[v < 0 ? 0 : 1]);
  return target ? outputs.map((v) => target.offset + target.factor * v) : outputs;
}

/**
 * A fitted model's raw outputs; for classes the log-odds of the second are twice that, if the loss was cross-entropy.
 * @param features float [N, D]
 * @returns float64 [N]
 * @throws ShapeError, FormatError
 */
export function scoreRelu(model: ReluModel, features: ArrayData): Float64Array {
  const where = "solve.scoreRelu";
  const { x, n, d } = checkFeatures(where, features);
  const { center, scale, hidden, output } = model;
  if (d !== center.length)
    throw new ShapeError({ where, want: `features [N, ${center.length}]`, got: `[${n}, ${d}]` });
  const network: ReluNetwork = {
    hidden: Float64Array.from(hidden.flat()),
    output: Float64Array.from(output),
  };
  return outputsOf(network, standardised(x, n, d, center, scale).data, n, d + 1);
}

function choosePatterns(inputs: ArrayData, wanted: number | "all" | undefined, seed: number): ReluPatterns {
  const [n, d] = inputs.shape as [number, number];
  const all = wanted === "all" || (wanted === undefined && patternCount(n, d) <= allUpTo);
  return all
    ? enumeratePatterns(inputs)
    : samplePatterns(inputs, { seed, ...(wanted ? { count: wanted } : {}) });
}

/** (x − center)/scale with a column of ones behind. */
function standardised(
  x: Float64Array,
  n: number,
  d: number,
  center: readonly number[],
  scale: readonly number[],
): ArrayData<Float64Array> {
  const data = new Float64Array(n * (d + 1)).fill(1);
  for (let k = 0; k < n; k++)
    for (let j = 0; j < d; j++) data[k * (d + 1) + j] = (x[k * d + j]! - center[j]!) / scale[j]!;
  return { data, shape: [n, d + 1] };
}

function codedNumbers(values: Float64Array): { y: Float64Array; answer: Pick<ReluModel, "target"> } {
  const { center, scale } = columnMoments(values, values.length, 1);
  const [offset, factor] = [center[0]!, scale[0]!];
  return { y: values.map((v) => (v - offset) / factor), answer: { target: { offset, factor } } };
}

function codedClasses(
  where: string,
  values: Float64Array,
  loss: ReluLossName,
): { y: Float64Array; answer: Pick<ReluModel, "classes"> } {
  const classes = [...new Set(values)].sort((a, b) => a - b);
  if (classes.length !== 2)
    throw new FormatError({
      where,
      want: "exactly two classes",
      got: `${classes.length}`,
      hint: "keep two of them, or ask for a regression",
    });
  const [low, high] = classes as [number, number];
  const code = loss === "squared" ? ([-1, 1] as const) : ([0, 1] as const);
  return { y: values.map((v) => code[v === low ? 0 : 1]), answer: { classes: [low, high] } };
}
