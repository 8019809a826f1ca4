import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { greaterEqual, lessEqual, logicalAnd, where as choose } from "../ops/compare.js";
import { std } from "../ops/statistics.js";
import type { SampleHook } from "./hooks.js";
import { linearPath, type Path } from "./path.js";
import { convertPrediction, type Prediction } from "./prediction.js";
import type { Velocity } from "./sample.js";

/** What a model predicts at one point with its condition and without. */
export interface GuidedPair {
  readonly cond: Tensor;
  readonly uncond: Tensor;
}

/** How the two predictions become one: a pure function over explicit state. Each example stands for itself. */
export interface GuidanceRule<State = unknown, Output = unknown> {
  readonly name: string;
  /** What the rule is given and gives back. */
  readonly space: Prediction;
  /** The state before the first step. @param like a prediction. Default: none. */
  init?(like: Tensor): State;
  /** @param at time, scalar; `stage` is 0 for the first evaluation of a step */
  combine(
    pair: GuidedPair,
    at: { readonly t: Tensor; readonly stage: number },
    state: State,
  ): { readonly guided: Tensor; readonly state?: State; readonly output?: Output };
}

/**
 * A rule of guidance as a hook of a sampler: two evaluations in place of one.
 * @param unconditional the velocity that knows no condition; the sampler's own knows it
 * @param options `path` of the velocities, default `linearPath()`. A rule in the space of the data is not to be asked
 *   at sigma = 0, where every velocity belongs to the same data: a solver that ends there needs `last: euler`.
 * @throws OptionError
 */
export function guidance<State, Output>(
  rule: GuidanceRule<State, Output>,
  unconditional: Velocity,
  options: { path?: Path } = {},
): SampleHook<State, unknown, Output> {
  checkOptions("flow.guidance", options, ["path"]);
  const { path = linearPath() } = options;
  const { space } = rule;
  return {
    name: rule.name,
    ...(rule.init ? { init: (x) => rule.init!(x) } : {}),
    predict(velocity, { x, t, stage }, { state }) {
      const read = (v: Tensor): Tensor => convertPrediction(path, "velocity", space, v, x, t);
      const pair = { cond: read(velocity(x, t)), uncond: read(unconditional(x, t)) };
      const { guided, ...kept } = rule.combine(pair, { t, stage }, state);
      return { v: convertPrediction(path, space, "velocity", guided, x, t), ...kept };
    },
  };
}

/** @throws OptionError @internal */
export function checkScale(where: string, scale: number): void {
  if (!Number.isFinite(scale))
    throw new OptionError({ where, want: "scale a finite number", got: String(scale) });
}

/** Conditional prediction and what guidance adds to it. */
const guided = ({ cond, uncond }: GuidedPair, scale: number): Tensor =>
  add(cond, mul(sub(cond, uncond), scale - 1));

/**
 * Classifier-free guidance as a rule: c + (scale − 1)·(c − u).
 * @param options `scale` any number: 1 is no guidance
 * @throws OptionError
 * @source J. Ho, T. Salimans, 2022, arXiv 2207.12598, eq. 6; deviates: scale is 1 + w
 */
export function cfg(options: { scale: number }): GuidanceRule {
  checkOptions("flow.cfg", options, ["scale"]);
  const { scale } = options;
  checkScale("flow.cfg", scale);
  return { name: "cfg", space: "velocity", combine: (pair) => ({ guided: guided(pair, scale) }) };
}

/** Options of `cfgRescale`. */
export interface CfgRescaleOptions {
  scale: number;
  /** How far the standard deviation is brought back, in [0, 1]. Default 0.7. */
  phi?: number;
  /** Where it is measured. Default "data". */
  space?: Prediction;
}

/**
 * Guidance whose result is brought back to the standard deviation of the conditional prediction, example by example:
 * phi·g·std(c)/std(g) + (1 − phi)·g with g of `cfg`.
 * @throws OptionError
 * @source S. Lin et al., 2023, arXiv 2305.08891, eq. 14 to 16; deviates: on the data unless `space` says otherwise
 */
export function cfgRescale(options: CfgRescaleOptions): GuidanceRule {
  const where = "flow.cfgRescale";
  checkOptions(where, options, ["scale", "phi", "space"]);
  const { scale, phi = 0.7, space = "data" } = options;
  checkScale(where, scale);
  if (!(phi >= 0 && phi <= 1)) throw new OptionError({ where, want: "phi in [0, 1]", got: String(phi) });
  return {
    ...{ name: "cfgRescale", space },
    combine(pair) {
      const strong = guided(pair, scale);
      const axes = inner(strong);
      const ratio = div(
        std(pair.cond, axes, { keepDims: true }),
        add(std(strong, axes, { keepDims: true }), 1e-8),
      );
      return { guided: mul(strong, add(mul(ratio, phi), 1 - phi)) };
    },
  };
}

/** All axes but the first. @internal */
export const inner = ({ rank }: Tensor): number[] => Array.from({ length: rank - 1 }, (_, i) => i + 1);

/**
 * A rule that guides between two times only; before and after the conditional prediction stands.
 * @param interval [from, to] in [0, 1], t = 0 noise
 * @throws OptionError
 * @source T. Kynkäänniemi et al., 2024, arXiv 2404.07724, eq. 3; deviates: an interval of t in place of the noise level
 */
export function intervalGuidance<State, Output>(
  rule: GuidanceRule<State, Output>,
  interval: readonly [from: number, to: number],
): GuidanceRule<State, Output> {
  const [from, to] = interval;
  if (!(from >= 0 && from < to && to <= 1)) {
    const got = `[${interval.join(", ")}]`;
    throw new OptionError({ where: "flow.intervalGuidance", want: "times 0 ≤ from < to ≤ 1", got });
  }
  return {
    ...rule,
    name: `${rule.name} in [${from}, ${to}]`,
    combine(pair, at, state) {
      const { guided: inside, ...kept } = rule.combine(pair, at, state);
      const within = logicalAnd(greaterEqual(at.t, from), lessEqual(at.t, to));
      return { guided: choose(within, inside, pair.cond), ...kept };
    },
  };
}
