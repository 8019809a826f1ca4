// The data of a two-layer ReLU problem, checked once.
import { FormatError, OptionError, ShapeError } from "../../core/errors.js";
import type { ArrayData } from "../../data/array-data.js";
import { checkRange } from "../../optim/options.js";
import { reluLosses, type ReluLoss, type ReluLossName } from "./losses.js";
import type { ReluPatterns } from "./patterns.js";

/** What a two-layer ReLU network without biases is fitted to; add a column of ones for a bias. */
export interface ReluData {
  /** Examples, float [N, D]. */
  readonly x: ArrayData;
  /** Targets, [N]: numbers for "squared", 0 or 1 for "cross-entropy". */
  readonly y: ArrayLike<number>;
}

/** What is minimised: loss(ŷ, y) + beta·(the norms of the weights). */
export interface ReluObjective extends ReluData {
  /** Weight of the regularisation, number > 0. */
  readonly beta: number;
  /** Default "squared". */
  readonly loss?: ReluLossName;
}

/** Checked data in float64. @internal */
export interface Problem {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly n: number;
  readonly d: number;
}

/** Checked data and objective. @internal */
export interface Objective extends Problem {
  readonly beta: number;
  readonly loss: ReluLoss;
}

/** The features as float64. @throws ShapeError, FormatError @internal */
export function checkFeatures(where: string, features: ArrayData): Omit<Problem, "y"> {
  const { data, shape } = features;
  const [n = 0, d = 0] = shape;
  if (shape.length !== 2 || n === 0 || d === 0 || data.length !== n * d)
    throw new ShapeError({ where, want: "features [N, D], not empty", got: `[${shape.join(", ")}]` });
  const x = Float64Array.from(data);
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    const got = `${x[bad]!} in row ${Math.floor(bad / d)}, column ${bad % d}`;
    throw new FormatError({ where, want: "finite features", got });
  }
  return { x, n, d };
}

/** The targets of n rows as float64. @throws ShapeError, FormatError @internal */
export function checkTargets(where: string, targets: ArrayLike<number>, n: number): Float64Array {
  if (targets.length !== n)
    throw new ShapeError({ where, want: `${n} targets, one a row`, got: String(targets.length) });
  const values = Float64Array.from(targets);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new FormatError({ where, want: "finite targets", got: `${values[bad]!} in row ${bad}` });
  return values;
}

/** @throws ShapeError, FormatError, OptionError @internal */
export function checkObjective(where: string, { x, y, beta, loss = "squared" }: ReluObjective): Objective {
  const features = checkFeatures(where, x);
  const targets = checkTargets(where, y, features.n);
  checkRange(where, "beta", beta, "(0, ∞)");
  if (!Object.hasOwn(reluLosses, loss)) {
    const want = `loss one of ${Object.keys(reluLosses).join(", ")}`;
    throw new OptionError({ where, want, got: String(loss) });
  }
  const chosen = reluLosses[loss];
  const wrong = targets.findIndex((v) => !chosen.accepts(v));
  if (wrong >= 0)
    throw new FormatError({ where, want: chosen.targets, got: `${targets[wrong]!} in row ${wrong}` });
  return { ...features, y: targets, beta, loss: chosen };
}

/** @throws ShapeError unless the patterns are of these N examples @internal */
export function checkPatterns(where: string, patterns: ReluPatterns, n: number): void {
  if (patterns.n !== n || patterns.masks.length !== patterns.count * n)
    throw new ShapeError({ where, want: `patterns of ${n} examples`, got: `patterns of ${patterns.n}` });
}
