import { checkOptions, OptionError } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { onesLike } from "../ops/create.js";
import { exp, neg } from "../ops/unary.js";
import { logSnr, type Coefficients, type Path } from "./path.js";
import type { Prediction } from "./prediction.js";

/**
 * A weighting of noise levels, w as a function of the log-SNR: with it the training losses of the field are one loss,
 * ½·E_t[w(λ_t)·λ′_t·‖noise error‖²].
 */
export type Weighting = (path: Path, t: Tensor) => Tensor;

/** Squared error in `space` over the squared error in the noise, at the same point of the path. */
function errorRatio({ alpha, sigma, dAlpha, dSigma }: Coefficients, space: Prediction): Tensor {
  switch (space) {
    case "noise":
      return onesLike(alpha);
    case "data":
      return square(div(sigma, alpha));
    case "score":
      return square(div(1, sigma));
    case "v":
      return square(div(add(square(alpha), square(sigma)), alpha));
    case "velocity":
      return square(div(sub(mul(alpha, dSigma), mul(dAlpha, sigma)), alpha));
  }
}

/** Slope of the log-SNR, 2·(alpha′/alpha − sigma′/sigma): positive, as noise fades. */
const slope = ({ alpha, sigma, dAlpha, dSigma }: Coefficients): Tensor =>
  mul(sub(div(dAlpha, alpha), div(dSigma, sigma)), 2);

/**
 * The factor of a squared error in `space` that makes it the loss of a weighting: `weight` of a `FlowObjective` with that
 * `space` and uniform times. The minimiser of the loss is the same whatever the space, and so is its value.
 * @returns a function of t [B] in (0, 1), where the path has both signal and noise
 * @source P. Esser et al., 2024, arXiv 2403.03206, eq. 10 to 12; deviates: our t runs from noise to data, so λ′ > 0
 */
export const lossWeight =
  (path: Path, space: Prediction, weighting: Weighting): ((t: Tensor) => Tensor) =>
  (t) => {
    const at = path.at(t);
    return div(mul(mul(weighting(path, t), slope(at)), 0.5), errorRatio(at, space));
  };

/** The weighting under which a plain squared error in `space` at uniform times is trained, on any path. */
export const plainWeighting =
  (space: Prediction): Weighting =>
  (path, t) => {
    const at = path.at(t);
    return div(mul(errorRatio(at, space), 2), slope(at));
  };

/** w = e^(−λ/2): the plain error in `v` on the cosine path, up to a constant factor. @source as `lossWeight`, §2 */
export const vWeighting: Weighting = (path, t) => exp(mul(logSnr(path, t), -0.5));

/** w = sech(λ/2): the plain error of the noise on the cosine path, up to a constant factor. @source as `lossWeight`, §2 */
export const sechWeighting: Weighting = (path, t) => {
  const half = mul(logSnr(path, t), 0.5);
  return div(2, add(exp(half), exp(neg(half))));
};

/**
 * EDM's: log(sigma/alpha) drawn from N(mean, std²) and weighted by the inverse variance of its target,
 * w = N(λ; −2·mean, (2·std)²)·(e^(−λ) + dataStd²).
 * @param options `mean` default −1.2, `std` default 1.2, `dataStd` default 0.5
 * @throws OptionError
 * @source as `lossWeight`, §2; T. Karras et al., 2022, arXiv 2206.00364, Table 1; deviates: none
 */
export function edmWeighting(options: { mean?: number; std?: number; dataStd?: number } = {}): Weighting {
  const where = "flow.edmWeighting";
  checkOptions(where, options, ["mean", "std", "dataStd"]);
  const { mean = -1.2, std = 1.2, dataStd = 0.5 } = options;
  if (!(std > 0 && dataStd > 0 && Number.isFinite(mean)))
    throw new OptionError({ where, want: "std, dataStd > 0", got: `${mean}, ${std}, ${dataStd}` });
  return (path, t) => {
    const level = logSnr(path, t);
    const z = div(add(level, 2 * mean), 2 * std);
    const density = mul(exp(mul(square(z), -0.5)), 1 / (2 * std * Math.sqrt(2 * Math.PI)));
    return mul(density, add(exp(neg(level)), dataStd ** 2));
  };
}
