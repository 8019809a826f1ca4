import { checkOptions, OptionError } from "../core/errors.js";
import { add, div, mul, square } from "../ops/arithmetic.js";
import { log, rsqrt, sqrt } from "../ops/unary.js";
import { edmPath } from "./diffusion-path.js";
import type { LossTerm } from "./objective.js";
import { timeLike, type Path } from "./path.js";
import type { FlowModel } from "./prediction.js";

/** Options of the EDM preconditioning. */
export interface EdmOptions {
  /** A path with alpha = 1. Default `edmPath()`. */
  path?: Path;
  /** Standard deviation of the data, > 0. Default 0.5. */
  sigmaData?: number;
}

function settings(where: string, options: EdmOptions): { path: Path; sigmaData: number } {
  checkOptions(where, options, ["path", "sigmaData"]);
  const { path = edmPath(), sigmaData = 0.5 } = options;
  if (!(sigmaData > 0)) throw new OptionError({ where, want: "sigmaData > 0", got: String(sigmaData) });
  return { path, sigmaData };
}

/**
 * A network F as the denoiser D(x, sigma) = c_skip·x + c_out·F(c_in·x, ln(sigma)/4), a model of the path that predicts
 * the data: inputs, outputs and targets of F have unit size at every noise level.
 * @param network (params, x [B, ...], c_noise [B], condition?) → as x
 * @throws OptionError
 * @source T. Karras et al., 2022, arXiv 2206.00364, eq. 7 and Table 1; deviates: none
 */
export function edmDenoiser<P>(network: FlowModel<P>, options: EdmOptions = {}): FlowModel<P> {
  const { path, sigmaData } = settings("flow.edmDenoiser", options);
  return (params, x, t, cond) => {
    const { sigma } = path.at(t);
    const noise = timeLike(sigma, x);
    const inverse = rsqrt(add(square(noise), sigmaData ** 2));
    const skip = mul(square(inverse), sigmaData ** 2);
    const out = network(params, mul(x, inverse), div(log(sigma), 4), cond);
    return add(mul(x, skip), mul(out, mul(mul(noise, inverse), sigmaData)));
  };
}

/**
 * The loss term of a denoiser, (sigma² + sigmaData²)/(sigma·sigmaData)²·‖D − x1‖², which weighs F's errors alike.
 * @throws OptionError
 * @source T. Karras et al., 2022, arXiv 2206.00364, eq. 8; deviates: averages over the features
 */
export function edmTerm(options: EdmOptions = {}): LossTerm {
  const { path, sigmaData } = settings("flow.edmTerm", options);
  return {
    space: "data",
    weight(t) {
      const { sigma } = path.at(t);
      return square(div(sqrt(add(square(sigma), sigmaData ** 2)), mul(sigma, sigmaData)));
    },
  };
}
