import { checkOptions } from "../core/errors.js";
import { normal, split } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "../ops/arithmetic.js";
import { timeGrid, type SampleOptions, type Velocity } from "./sample.js";

/** Options of `sampleSde`. */
export interface SdeOptions extends Pick<SampleOptions, "steps" | "grid"> {
  /** Noise strength g(t) ≥ 0; 0 everywhere is the ODE. Must be 0 near t = 1, where the score is singular. */
  g: (t: number) => number;
  /** Standard deviation of the Gaussian source. Default 1. */
  sourceScale?: number;
}

/**
 * Euler-Maruyama for the stochastic flow with the same marginals as the ODE of a straight path:
 * dx = (v + ½g²·s) dt + g dW, with the score s = (t·v − x)/((1 − t)·sourceScale²).
 * @param key random key
 * @source own derivation from X. Liu et al., 2022, arXiv 2209.03003; deviates from the official sampler, whose drift
 *   does not keep the marginals
 */
export function sampleSde(velocity: Velocity, x: Tensor, key: Tensor, options: SdeOptions): Tensor {
  checkOptions("flow.sampleSde", options, ["steps", "grid", "g", "sourceScale"]);
  const { g, sourceScale = 1 } = options;
  const grid = timeGrid(options);
  const starts = grid.slice(0, -1);
  const column = (values: number[]): Tensor => constant(values, "float32");
  const xs = {
    t: column(starts),
    dt: column(starts.map((t, i) => grid[i + 1]! - t)),
    g: column(starts.map(g)),
    key: split(key, starts.length),
  };
  const [end] = scan(
    (state: Tensor, s: typeof xs) => {
      const v = velocity(state, s.t);
      const score = div(sub(mul(s.t, v), state), mul(sub(1, s.t), sourceScale ** 2));
      const drift = add(v, mul(score, mul(mul(s.g, s.g), 0.5)));
      const noise = mul(normal(s.key, state.shape), mul(s.g, s.dt.sqrt()));
      return [add(add(state, mul(drift, s.dt)), noise), undefined];
    },
    x,
    xs,
  );
  return end;
}
