import { checkOptions, OptionError } from "../core/errors.js";
import { normal, split } from "../core/random/index.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.js";
import { slice } from "../ops/movement.js";
import { sqrt } from "../ops/unary.js";
import { linearPath, type Path } from "./path.js";
import { dataAndNoise, type Ends } from "./prediction.js";
import type { Solver } from "./solver.js";

/** Options of `ancestral`. */
export interface AncestralOptions {
  /** uint32 [2]: the noise of all steps; the same key gives the same sample again. */
  key: Tensor;
  /** In [0, 1]: 0 is `ddim`, 1 the posterior of the path's own noise. Default 1. */
  eta?: number;
  /** Default `linearPath()`. */
  path?: Path;
}

/** A Gaussian step: where it goes in the mean, and the standard deviation in every element, scalar or broadcasting. */
export interface GaussianStep {
  readonly mean: Tensor;
  readonly std: Tensor;
}

/**
 * The step from t to t′ that redraws a part of the noise: mean alpha′·x̂1 + √(sigma′² − s²)·x̂0 and deviation
 * s = eta·sigma′·√(1 − (alpha·sigma′/(alpha′·sigma))²), which is 0 where sigma′ is.
 * @param ends data and noise as predicted at t
 * @param t, next times, scalars or broadcasting against the ends; t < next and sigma(t) > 0
 * @source J. Song et al., 2020, arXiv 2010.02502, eq. 12 and 16; deviates: on any path of unit noise, t = 1 is data
 */
export function ancestralStep(path: Path, ends: Ends, t: Tensor, next: Tensor, eta: number): GaussianStep {
  const [from, to] = [path.at(t), path.at(next)];
  const kept = div(mul(from.alpha, to.sigma), mul(to.alpha, from.sigma));
  const std = mul(mul(to.sigma, eta), sqrt(maximum(sub(1, square(kept)), 0)));
  const rest = sqrt(maximum(sub(square(to.sigma), square(std)), 0));
  return { mean: add(mul(to.alpha, ends.data), mul(rest, ends.noise)), std };
}

/**
 * First-order sampling that redraws noise on the way and keeps the distribution at every time. The key travels with the
 * loop, so a sampler with it is still one pure function; times ascend to t = 1 at most.
 * @throws OptionError
 * @source J. Song et al., 2020, arXiv 2010.02502, eq. 12; deviates: as `ancestralStep`
 */
export function ancestral(options: AncestralOptions): Solver {
  const where = "flow.ancestral";
  checkOptions(where, options, ["key", "eta", "path"]);
  const { key, eta = 1, path = linearPath() } = options;
  if (!(eta >= 0 && eta <= 1)) throw new OptionError({ where, want: "eta in [0, 1]", got: String(eta) });
  return {
    ...{ name: `ancestral ${eta} on ${path.name}`, order: 1, evaluations: 1 },
    *begin() {
      yield* [];
      return key;
    },
    *step(x, t, dt, _, memory) {
      const [now, rest] = halves(memory!);
      const ends = dataAndNoise(path, "velocity", yield { x, t }, x, t);
      const { mean, std } = ancestralStep(path, ends, t, add(t, dt), eta);
      const noise = normal(now, x.shape, { dtype: x.dtype === "float64" ? "float64" : "float32" });
      return { x: add(mean, mul(noise, std)), memory: rest };
    },
  };
}

function halves(key: Tensor): [Tensor, Tensor] {
  const both = split(key, 2);
  return [slice(both, 0), slice(both, 1)];
}
