// An estimator on raw tables: standardised columns, classes or numbers, and the boosting behind it.
import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { constant } from "../../core/tensor.js";
import type { ArrayData } from "../../data/array-data.js";
import type { LinearParams } from "../../nn/linear.js";
import { mlp } from "../../nn/mlp.js";
import type { Model } from "../../nn/model.js";
import { sigmoid as sigmoidOp } from "../../ops/unary.js";
import { checkFeatures } from "../convex-relu/problem.js";
import {
  type BoostedNetwork,
  boostingKeys,
  boostNetwork,
  type BoostingOptions,
  type BoostingOutcome,
} from "./boost-network.js";
import type { Iteration } from "../outcome.js";
import { boostingLoss, sigmoid } from "./boosting-loss.js";
import { answersOf, codedTable, standardised, type Answer } from "./table.js";

/** Options of `fitBoosted`. */
export interface FitBoostedOptions extends Omit<BoostingOptions, "onIteration"> {
  /** "regression" of numbers (default) or "classification" of two classes or more. */
  task?: "regression" | "classification";
  /** Called after every step with the model so far; waited for. */
  onIteration?: (at: Iteration & { readonly model: BoostedModel }) => void | Promise<void>;
}

/** A boosted network with what has to be done to its inputs and outputs: plain data, to be kept as JSON. */
export interface BoostedModel extends Answer {
  /** Mean and deviation of every column, by which inputs are standardised. */
  readonly center: readonly number[];
  readonly scale: readonly number[];
  readonly unitsPerStep: number;
  /** Weights of the units in the order of their training, the last of each being the bias: [T·J][d + 1]. */
  readonly hidden: readonly (readonly number[])[];
  /** Output weights: [T·J][c]. */
  readonly output: readonly (readonly number[])[];
  /** What the start and every step add to the output biases: [T + 1][c]. */
  readonly bias: readonly (readonly number[])[];
}

/** What `fitBoosted` returns. */
export interface BoostedFit {
  readonly model: BoostedModel;
  /** Of the training, in standardised units. */
  readonly outcome: BoostingOutcome;
  /** `predictBoosted` with this model. */
  readonly predict: (features: ArrayData, options?: { units?: number }) => Float64Array;
}

/**
 * Fits a network with one hidden layer of sigmoid units to a table by gradient boosting: columns are standardised,
 * numbers standardised and classes coded, and units are added a few at a time. Every prefix of the units is a model.
 * @param features float [N, D]
 * @param targets [N]: numbers, or class values
 * @throws ShapeError, FormatError, OptionError
 * @source Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, Algorithm 1; deviates: standardises
 */
export async function fitBoosted(
  features: ArrayData,
  targets: ArrayLike<number>,
  options: FitBoostedOptions = {},
): Promise<BoostedFit> {
  const where = "solve.fitBoosted";
  checkOptions(where, options, ["task", ...boostingKeys]);
  const { task = "regression", onIteration, ...boosting } = options;
  const { x, n, d, moments, y, kind, answer } = codedTable(where, features, targets, task);
  const loss = boostingLoss(kind, y, answer.classes?.length);
  const unitsPerStep = boosting.unitsPerStep ?? 1;
  const rows = (flat: Float64Array, width: number): number[][] =>
    Array.from({ length: flat.length / width }, (_, i) => [...flat.subarray(i * width, (i + 1) * width)]);
  const modelOf = ({ start, steps }: BoostedNetwork): BoostedModel => ({
    ...{ ...moments, unitsPerStep, ...answer },
    hidden: steps.flatMap((step) => rows(step.hidden, d + 1)),
    output: steps.flatMap((step) => rows(step.output, start.length)),
    bias: [[...start], ...steps.map((step) => [...step.bias])],
  });
  const outcome = await boostNetwork(where, x, n, d, loss, {
    ...boosting,
    ...(onIteration
      ? { onIteration: ({ x: network, ...at }) => onIteration({ ...at, model: modelOf(network) }) }
      : {}),
  });
  const model = modelOf(outcome.x);
  return { model, outcome, predict: (rowsOfX, how) => predictBoosted(model, rowsOfX, how) };
}

/** Options of what reads a boosted model. */
export interface BoostedPrefix {
  /** Use the first units only, rounded down to whole steps; whole number ≥ 0. Default: all. */
  units?: number;
}

/** Steps that these units are. */
function stepsOf(where: string, { unitsPerStep, hidden }: BoostedModel, options: BoostedPrefix): number {
  checkOptions(where, options, ["units"]);
  const { units = hidden.length } = options;
  if (!Number.isInteger(units) || units < 0 || units > hidden.length)
    throw new OptionError({ where, want: `units in 0 … ${hidden.length}`, got: String(units) });
  return Math.floor(units / unitsPerStep);
}

/**
 * Raw scores F: for two classes half the log-odds of the second, for more the logits.
 * @param features float [N, D]
 * @returns float64 [N, c], c = 1 for numbers and two classes
 * @throws ShapeError, FormatError, OptionError
 */
export function scoreBoosted(
  model: BoostedModel,
  features: ArrayData,
  options: BoostedPrefix = {},
): ArrayData<Float64Array> {
  const where = "solve.scoreBoosted";
  const { x: raw, n, d } = checkFeatures(where, features);
  if (d !== model.center.length)
    throw new ShapeError({ where, want: `features [N, ${model.center.length}]`, got: `[${n}, ${d}]` });
  const steps = stepsOf(where, model, options);
  const x = standardised(raw, n, d, model);
  const c = model.bias[0]!.length;
  const scores = new Float64Array(n * c);
  for (let t = 0; t <= steps; t++) for (let i = 0; i < n * c; i++) scores[i]! += model.bias[t]![i % c]!;
  for (let j = 0; j < steps * model.unitsPerStep; j++) {
    const [weights, out] = [model.hidden[j]!, model.output[j]!];
    for (let i = 0; i < n; i++) {
      let sum = weights[d]!;
      for (let l = 0; l < d; l++) sum += weights[l]! * x[i * d + l]!;
      const active = sigmoid(sum);
      for (let k = 0; k < c; k++) scores[i * c + k]! += active * out[k]!;
    }
  }
  return { data: scores, shape: [n, c] };
}

/**
 * A boosted model's answers: numbers, or the class values it was fitted to.
 * @param features float [N, D]
 * @returns float64 [N]
 * @throws ShapeError, FormatError, OptionError
 */
export function predictBoosted(
  model: BoostedModel,
  features: ArrayData,
  options: BoostedPrefix = {},
): Float64Array {
  return answersOf(model, scoreBoosted(model, features, options));
}

/**
 * The same as an ordinary network of one hidden layer, for the engine and for ONNX: raw features in; numbers, log-odds of
 * the second of two classes, or logits out.
 * @returns an `mlp` with sigmoid units, and its float32 parameters
 * @throws OptionError without a unit
 * @source Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, eq. 12; deviates: inputs and numbers are brought to standard
 *   units within the first and last layer
 */
export function boostedMlp(
  model: BoostedModel,
  options: BoostedPrefix = {},
): { network: Model<{ layers: LinearParams[] }>; params: { layers: LinearParams[] } } {
  const where = "solve.boostedMlp";
  const steps = stepsOf(where, model, options);
  const units = steps * model.unitsPerStep;
  if (units === 0) throw new OptionError({ where, want: "at least one step of units", got: "none" });
  const { center, scale, classes, target } = model;
  const [d, c] = [center.length, model.bias[0]!.length];
  const factor = target ? target.factor : classes!.length === 2 ? 2 : 1;
  const bias = Array.from({ length: c }, (_, k) =>
    model.bias.slice(0, steps + 1).reduce((sum, row) => sum + factor * row[k]!, target?.offset ?? 0),
  );
  const hidden = model.hidden.slice(0, units);
  const first = Array.from({ length: d }, (_, l) => hidden.map((row) => row[l]! / scale[l]!));
  const shift = hidden.map(
    (row) => row[d]! - center.reduce((sum, v, l) => sum + (row[l]! * v) / scale[l]!, 0),
  );
  const last = model.output.slice(0, units).map((row) => row.map((v) => factor * v));
  return {
    network: mlp({ inputs: d, hidden: [units], outputs: c, activation: sigmoidOp }),
    params: {
      layers: [
        { weight: constant(first.flat(), "float32", [d, units]), bias: constant(shift, "float32", [units]) },
        { weight: constant(last.flat(), "float32", [units, c]), bias: constant(bias, "float32", [c]) },
      ],
    },
  };
}
