// Convex losses of predictions, with what the algorithms and the certificate need to know of them.

/** Names of the losses: ½Σ(ŷ − y)², or Σ log(1 + e^(2ŷ)) − 2yŷ for y in {0, 1}. */
export type ReluLossName = "squared" | "cross-entropy";

/** A loss l(ŷ, y), summed over the examples. */
export interface ReluLoss {
  readonly name: ReluLossName;
  /** Whether `y` may be a target, and which may, in words. */
  readonly accepts: (y: number) => boolean;
  readonly targets: string;
  /** l of one example. */
  readonly value: (yhat: number, y: number) => number;
  /** ∂l/∂ŷ. */
  readonly derivative: (yhat: number, y: number) => number;
  /** min over ŷ of l(ŷ, y) + ν·ŷ, the example's part of the dual objective; −∞ where there is none. */
  readonly dual: (nu: number, y: number) => number;
}

const entropy = (p: number): number =>
  p < 0 || p > 1 ? -Infinity : -(p > 0 ? p * Math.log(p) : 0) - (p < 1 ? (1 - p) * Math.log(1 - p) : 0);
/** log(1 + e^z) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

/**
 * The losses by name. Both have second derivatives of at most 1.
 * @source Bai, Gautam, Sojoudi, 2022, arXiv 2201.01965, §5 (with the factor 2 inside the cross-entropy); deviates: none
 */
export const reluLosses: Readonly<Record<ReluLossName, ReluLoss>> = {
  squared: {
    name: "squared",
    accepts: () => true,
    targets: "numbers",
    value: (yhat, y) => (yhat - y) ** 2 / 2,
    derivative: (yhat, y) => yhat - y,
    dual: (nu, y) => nu * y - nu ** 2 / 2,
  },
  "cross-entropy": {
    name: "cross-entropy",
    accepts: (y) => y === 0 || y === 1,
    targets: "targets 0 or 1 for the cross-entropy",
    value: (yhat, y) => softplus(2 * yhat) - 2 * y * yhat,
    derivative: (yhat, y) => 2 * (sigmoid(2 * yhat) - y),
    // With p = y − ν/2 the minimum over ŷ of log(1 + e^(2ŷ)) − 2pŷ is the entropy of p.
    dual: (nu, y) => entropy(y - nu / 2),
  },
};
