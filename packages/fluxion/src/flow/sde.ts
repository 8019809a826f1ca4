import { checkOptions, OptionError } from "../core/errors.js";
import { normal, split } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { timeGrid, type SampleOptions, type Velocity } from "./sample.js";

/** Options of `sampleSde`. */
export interface SdeOptions extends Pick<SampleOptions, "steps" | "grid"> {
  /** Noise strength g(t) ≥ 0 at the start of a step; 0 everywhere is the ODE. */
  g: (t: number) => number;
  /** Standard deviation of the Gaussian source, > 0. Default 1. */
  sourceScale?: number;
}

/**
 * Euler-Maruyama for the stochastic flow with the same marginals as the ODE of a linear path from a Gaussian source:
 * dx = (v + ½g²·s) dt + g dW, with the score s = (t·v − x)/((1 − t)·sourceScale²).
 * @param velocity of the linear path
 * @param x start [B, ...]
 * @param key uint32 [2]
 * @param options times ascend; g must vanish towards t = 1, where the score is singular
 * @returns the end, as x
 * @throws OptionError
 * @source own derivation from X. Liu et al., 2022, arXiv 2209.03003; deviates: the official sampler's drift does not
 *   keep the marginals
 */
export function sampleSde(velocity: Velocity, x: Tensor, key: Tensor, options: SdeOptions): Tensor {
  const where = "flow.sampleSde";
  checkOptions(where, options, ["steps", "grid", "g", "sourceScale"]);
  const { g, sourceScale = 1, ...times } = options;
  const grid = timeGrid(times);
  const starts = grid.slice(0, -1);
  const strengths = starts.map(g);
  if (grid[0]! > grid[1]! || starts.some((t) => t >= 1)) {
    throw new OptionError({ where, want: "ascending steps that start before t = 1", got: grid.join(", ") });
  }
  if (!strengths.every((v) => v >= 0 && v < Infinity)) {
    throw new OptionError({ where, want: "g(t) ≥ 0", got: strengths.join(", ") });
  }
  if (!(sourceScale > 0)) throw new OptionError({ where, want: "sourceScale > 0", got: String(sourceScale) });
  const dtype = x.dtype === "float64" ? "float64" : "float32";
  const column = (values: readonly number[]): Tensor => constant(values, dtype);
  const dt = starts.map((t, i) => grid[i + 1]! - t);
  const xs = {
    t: column(starts),
    dt: column(dt),
    // What the loop multiplies by, in double: ½g²/((1 − t)·s0²) for the score and g·√dt for the noise.
    pull: column(strengths.map((v, i) => (v * v) / (2 * (1 - starts[i]!) * sourceScale ** 2))),
    spread: column(strengths.map((v, i) => v * Math.sqrt(dt[i]!))),
    key: split(key, starts.length),
  };
  const [end] = scan(
    (state: Tensor, at: typeof xs): [Tensor, undefined] => {
      const v = velocity(state, at.t);
      const drift = add(v, mul(sub(mul(at.t, v), state), at.pull));
      const noise = mul(normal(at.key, state.shape, { dtype }), at.spread);
      return [add(add(state, mul(drift, at.dt)), noise), undefined];
    },
    x,
    xs,
  );
  return end;
}
