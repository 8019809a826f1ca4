import { checkOptions, OptionError } from "../core/errors.js";
import { constant, type Tensor } from "../core/tensor.js";
import { softplus } from "../ops/activation.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { cast, clip, greaterEqual } from "../ops/compare.js";
import { take } from "../ops/gather.js";
import { expandDims } from "../ops/movement.js";
import { sum } from "../ops/reduce.js";
import { exp, floor, neg, sqrt } from "../ops/unary.js";
import { customPath, type Path } from "./path.js";

/** Options of `discretePath`. */
export interface DiscretePathOptions {
  /** Noise added at each of the steps, first to last; or how it grows. Default "scaled-linear" (√beta is linear). */
  betas?: "scaled-linear" | "linear" | readonly number[];
  /** Default 0.00085 and 0.012. */
  betaStart?: number;
  betaEnd?: number;
  /** Default 1000. */
  steps?: number;
}

/**
 * The variance-preserving path of a discrete diffusion model with K steps: its step k (0 … K − 1, the last is noise) is
 * t = 1 − (k + 1)/K, and t = 1 is the data without noise. Between the steps log alpha is linear. So N equal steps in t
 * are "trailing" spacing, and `gridTime(K)` draws the steps such a model is trained on.
 * @throws OptionError
 * @source J. Ho et al., 2020, arXiv 2006.11239, eq. 4; R. Rombach et al., 2021, arXiv 2112.10752 (scaled-linear)
 */
export function discretePath(options: DiscretePathOptions = {}): Path {
  const where = "flow.discretePath";
  checkOptions(where, options, ["betas", "betaStart", "betaEnd", "steps"]);
  const betas = betasOf(where, options);
  const count = betas.length;
  // Entry j is log alpha after j steps: entry 0 is the data, entry k + 1 the step k.
  const falls = new Float64Array(count + 1);
  betas.forEach((beta, k) => (falls[k + 1] = falls[k]! + Math.log1p(-beta) / 2));
  const slopes = Float64Array.from(betas, (_, j) => falls[j + 1]! - falls[j]!);
  const tables = (like: Tensor): [Tensor, Tensor] => {
    const dtype = like.dtype === "float64" ? "float64" : "float32";
    return [constant(falls, dtype), constant(slopes, dtype)];
  };
  const index = (j: Tensor): Tensor => cast(clip(floor(j), 0, count - 1), "int32");
  const logAlpha = (t: Tensor): Tensor => {
    const [values, rises] = tables(t);
    const j = mul(sub(1, t), count);
    const i = index(j);
    return add(take(values, i), mul(sub(j, cast(i, t.dtype)), take(rises, i)));
  };
  return customPath(
    `discrete-${count}`,
    (t) => exp(logAlpha(t)),
    (t) => sqrt(sub(1, exp(mul(logAlpha(t), 2)))),
    (logSnr) => {
      const [values, rises] = tables(logSnr);
      const fall = mul(softplus(neg(logSnr)), -0.5);
      const passed = sum(cast(greaterEqual(values, expandDims(fall, -1)), fall.dtype), -1);
      const i = index(sub(passed, 1));
      return sub(1, div(add(cast(i, fall.dtype), div(sub(fall, take(values, i)), take(rises, i))), count));
    },
  );
}

function betasOf(where: string, options: DiscretePathOptions): readonly number[] {
  const { betas = "scaled-linear", betaStart = 0.00085, betaEnd = 0.012, steps = 1000 } = options;
  const count = typeof betas === "string" ? steps : betas.length;
  if (!Number.isInteger(count) || count < 2)
    throw new OptionError({ where, want: "a whole number of steps ≥ 2", got: String(count) });
  const power = betas === "linear" ? 1 : 2;
  const [from, to] = [betaStart ** (1 / power), betaEnd ** (1 / power)];
  const list =
    typeof betas === "string"
      ? Array.from({ length: count }, (_, k) => (from + ((to - from) * k) / (count - 1)) ** power)
      : betas;
  const known = typeof betas !== "string" || betas === "linear" || betas === "scaled-linear";
  const bad = list.find((beta) => !(beta > 0 && beta < 1));
  if (!known || bad !== undefined) {
    const got = known ? String(bad) : betas;
    throw new OptionError({ where, want: "scaled-linear, linear or betas in (0, 1)", got });
  }
  return list;
}
