// The three losses of boosting: where to start, what to fit next, how far to go.

/** What a network is boosted for. */
export type BoostingTask = "regression" | "binary" | "multiclass";

/**
 * A loss over raw scores F [n, c] with its targets inside.
 * @source Emami, Martínez-Muñoz, 2019, arXiv 1909.12098, §3; deviates: none
 * @internal
 */
export interface BoostingLoss {
  /** Scores of an example. */
  readonly outputs: number;
  /** F₀, the best constant, [c]. */
  readonly start: Float64Array;
  /** Mean loss. */
  readonly mean: (f: Float64Array) => number;
  /** r ← −∂l/∂F, [n, c]. */
  readonly residuals: (f: Float64Array, r: Float64Array) => void;
  /** Newton's step along h [n, c]: Σ r·h / Σ h²·∂²l/∂F². */
  readonly step: (h: Float64Array, r: Float64Array) => number;
}

/** 1/(1 + e^−v), without overflow. @internal */
export const sigmoid = (v: number): number =>
  v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v));

/** No step is longer: once residuals vanish it is 0/0. */
const longest = 1e3;
const bounded = (top: number, bottom: number): number =>
  Math.max(-longest, Math.min(longest, top / (bottom + 1e-12)));

/**
 * The loss of a task.
 * @param y regression: numbers; binary: −1 or 1; multiclass: 0 … classes − 1
 * @internal
 */
export function boostingLoss(task: BoostingTask, y: Float64Array, classes = 0): BoostingLoss {
  return { regression, binary, multiclass }[task](y, classes);
}

/** (y − F)², the factor 2 of its gradient dropped; a least-squares fit needs no step of its own. */
function regression(y: Float64Array): BoostingLoss {
  const n = y.length;
  return {
    outputs: 1,
    start: Float64Array.of(y.reduce((sum, v) => sum + v, 0) / n),
    mean: (f) => y.reduce((sum, v, i) => sum + (v - f[i]!) ** 2, 0) / n,
    residuals: (f, r) => y.forEach((v, i) => (r[i] = v - f[i]!)),
    step: () => 1,
  };
}

/** log(1 + e^(−2yF)): the probability of 1 is sigmoid(2F). */
function binary(y: Float64Array): BoostingLoss {
  const n = y.length;
  const mean = y.reduce((sum, v) => sum + v, 0) / n;
  return {
    outputs: 1,
    start: Float64Array.of(0.5 * Math.log((1 + mean) / (1 - mean))),
    mean: (f) =>
      y.reduce((sum, v, i) => {
        const margin = 2 * v * f[i]!;
        return sum + Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin);
      }, 0) / n,
    residuals: (f, r) => y.forEach((v, i) => (r[i] = 2 * v * sigmoid(-2 * v * f[i]!))),
    step(h, r) {
      let [top, bottom] = [0, 0];
      for (let i = 0; i < n; i++) {
        const size = Math.abs(r[i]!);
        top += r[i]! * h[i]!;
        bottom += h[i]! ** 2 * size * (2 - size);
      }
      return bounded(top, bottom);
    },
  };
}

/** log Σ e^F − F_y. */
function multiclass(y: Float64Array, c: number): BoostingLoss {
  const n = y.length;
  /** Probabilities of row i into p; returns log Σ e^F. */
  const softmax = (f: Float64Array, i: number, p: Float64Array): number => {
    let [top, sum] = [-Infinity, 0];
    for (let k = 0; k < c; k++) top = Math.max(top, f[i * c + k]!);
    for (let k = 0; k < c; k++) sum += p[k] = Math.exp(f[i * c + k]! - top);
    for (let k = 0; k < c; k++) p[k]! /= sum;
    return top + Math.log(sum);
  };
  const p = new Float64Array(c);
  return {
    outputs: c,
    start: new Float64Array(c),
    mean: (f) => y.reduce((sum, v, i) => sum + softmax(f, i, p) - f[i * c + v]!, 0) / n,
    residuals(f, r) {
      for (let i = 0; i < n; i++) {
        softmax(f, i, p);
        for (let k = 0; k < c; k++) r[i * c + k] = (k === y[i] ? 1 : 0) - p[k]!;
      }
    },
    step(h, r) {
      let [top, bottom] = [0, 0];
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < c; k++) {
          const at = i * c + k;
          const prob = (k === y[i] ? 1 : 0) - r[at]!;
          top += h[at]! * r[at]!;
          bottom += h[at]! ** 2 * prob * (1 - prob);
        }
      }
      return bounded(top, bottom);
    },
  };
}
