import { checkOptions, OptionError } from "../core/errors.js";
import { uniform } from "../core/random/index.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { cos, sin } from "../ops/unary.js";
import type { TimeDistribution } from "./time.js";

/** Largest scale of `modeTime`: beyond it the map is not monotone. */
const steepest = 2 / (Math.PI - 2);

/**
 * The middle or the ends more often, with density everywhere: t = 1 − u − scale·(cos²(πu/2) − 1 + u) of a uniform u.
 * Unlike a logit-normal time it keeps the ends: their density is 1/(1 + scale), that of ½ is 1/(1 − scale·(π/2 − 1)).
 * @param options `scale` in [−1, 2/(π − 2)], default 1.29: above 0 for the middle, 0 uniform, below 0 for the ends
 * @throws OptionError for a scale without a density
 * @source P. Esser et al., 2024, arXiv 2403.03206, eq. 20 (mode sampling with heavy tails); deviates: none, as it is the
 *   same in both directions of time
 */
export function modeTime(options: { scale?: number } = {}): TimeDistribution {
  const where = "flow.modeTime";
  checkOptions(where, options, ["scale"]);
  const { scale = 1.29 } = options;
  if (!(scale >= -1 && scale <= steepest + 1e-9)) {
    throw new OptionError({ where, want: `scale in [−1, ${steepest.toFixed(5)}]`, got: String(scale) });
  }
  const quantile = (u: number): number => u - scale * (Math.sin((Math.PI / 2) * u) ** 2 - u);
  return {
    name: "mode",
    quantile,
    sample(key, count) {
      const u = uniform(key, [count]);
      const bend = sub(square(sin(mul(u, Math.PI / 2))), u);
      return sub(u, mul(bend, scale));
    },
    density(t) {
      if (t < 0 || t > 1) return 0;
      return 1 / (1 + scale - ((scale * Math.PI) / 2) * Math.sin(Math.PI * inverse(quantile, t)));
    },
  };
}

/** u in [0, 1] with increasing f(u) = t, to the last bit of a double. */
function inverse(f: (u: number) => number, t: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 54; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < t) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The times at which the linear path has the signal-to-noise ratios of the cosine path at uniform times: density
 * 2/(π − 2πt + 2πt²), twice as likely in the middle as at the ends.
 * @source P. Esser et al., 2024, arXiv 2403.03206, eq. 21 (CosMap); deviates: written without the tangent, which
 *   overflows at the end
 */
export function cosMapTime(): TimeDistribution {
  const half = Math.PI / 2;
  return {
    name: "cosmap",
    quantile: (u) => Math.sin(half * u) / (Math.sin(half * u) + Math.cos(half * u)),
    sample(key, count) {
      const angle = mul(uniform(key, [count]), half);
      const rise = sin(angle);
      return div(rise, add(rise, cos(angle)));
    },
    density: (t) => (t < 0 || t > 1 ? 0 : 2 / (Math.PI * (1 - 2 * t + 2 * t * t))),
  };
}
