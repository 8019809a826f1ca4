import { checkOptions, OptionError } from "../../core/errors.js";
import { checkRange } from "../../optim/options.js";

/** A two-layer linear network on a signal and one outlier feature, in expectation over the data. */
export interface OpposingModelOptions {
  /** The signal: y = betaᵀz + |x_o| with z ~ N(0, I). One number or more. */
  beta: readonly number[];
  /** Square of the outlier feature, x_o = ±√alpha with equal probability; in (0, ∞). */
  alpha: number;
}

/** The network f = c·(bᵀz + outlier·x_o). */
export interface OpposingModelState {
  readonly b: readonly number[];
  /** b_o: the weight of the outlier feature. */
  readonly outlier: number;
  readonly c: number;
}

/** Losses and curvature at a point. */
export interface OpposingModelPoint {
  /** Mean loss; its least value is alpha / 2. */
  readonly loss: number;
  /** Loss of the examples with x_o = +√alpha, and of those with −√alpha. */
  readonly groups: readonly [plus: number, minus: number];
  /** alpha·c²: the eigenvalue of the Hessian along b_o where b_o = 0. */
  readonly sharpness: number;
  /** c² − ‖b‖² − b_o², which gradient flow keeps. */
  readonly invariant: number;
}

/** The model as functions of numbers in double precision. */
export interface OpposingModel {
  /** Losses and curvature. */
  at(state: OpposingModelState): OpposingModelPoint;
  /** The gradient of the mean loss. */
  gradient(state: OpposingModelState): OpposingModelState;
  /** The state after one step of gradient descent, every part from the old values. @param eta in (0, ∞) */
  step(state: OpposingModelState, eta: number): OpposingModelState;
  /** alpha·c² in the limit of gradient flow from here, b_o → 0: alpha·(K + √(K² + 4‖beta‖²))/2. */
  limitSharpness(state: OpposingModelState): number;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, x, i) => s + x * b[i]!, 0);

/**
 * The model in which opposing signals can be followed exactly: L = ½‖c·b − beta‖² + ½·alpha·(c²b_o² + 1), half of the
 * examples pulling b_o up and half down.
 *
 * A step multiplies b_o by 1 − eta·alpha·c²: beyond eta·alpha·c² = 1 it changes sign at every step, beyond 2 it grows,
 * and its square drives c down: the instability cures itself.
 * @throws OptionError
 * @source Rosenfeld, Risteski, "Outliers with opposing signals have an outsized effect on neural network optimization",
 *   2023, arXiv:2311.04163, section 3; deviates: this concrete form and its constants are ours
 */
export function opposingModel(options: OpposingModelOptions): OpposingModel {
  const where = "analyse.opposingModel";
  checkOptions(where, options, ["beta", "alpha"]);
  const { beta, alpha } = options;
  checkRange(where, "alpha", alpha, "(0, ∞)");
  if (beta.length === 0 || !beta.every(Number.isFinite))
    throw new OptionError({ where, want: "beta, finite numbers", got: `[${beta.join(", ")}]` });
  const residual = ({ b, c }: OpposingModelState): number[] => {
    if (b.length !== beta.length)
      throw new OptionError({ where, want: `b of ${beta.length} numbers`, got: String(b.length) });
    return b.map((x, i) => c * x - beta[i]!);
  };
  const gradient = (state: OpposingModelState): OpposingModelState => {
    const e = residual(state);
    const { b, outlier, c } = state;
    return {
      b: e.map((x) => c * x),
      outlier: alpha * c * c * outlier,
      c: dot(b, e) + alpha * c * outlier ** 2,
    };
  };
  const invariant = ({ b, outlier, c }: OpposingModelState): number => c * c - dot(b, b) - outlier ** 2;
  return {
    gradient,
    at(state) {
      const e = residual(state);
      const { outlier, c } = state;
      const signal = dot(e, e) / 2;
      const group = (side: number): number => signal + (alpha * (1 - side * c * outlier) ** 2) / 2;
      return {
        loss: signal + (alpha * (c * c * outlier ** 2 + 1)) / 2,
        groups: [group(1), group(-1)],
        sharpness: alpha * c * c,
        invariant: invariant(state),
      };
    },
    step(state, eta) {
      checkRange(where, "eta", eta, "(0, ∞)");
      const g = gradient(state);
      return {
        b: state.b.map((x, i) => x - eta * g.b[i]!),
        // Written as the factor it is, so that its sign is exact even where b_o is tiny.
        outlier: state.outlier * (1 - eta * alpha * state.c ** 2),
        c: state.c - eta * g.c,
      };
    },
    limitSharpness(state) {
      const k = invariant(state);
      return (alpha * (k + Math.sqrt(k * k + 4 * dot(beta, beta)))) / 2;
    },
  };
}
