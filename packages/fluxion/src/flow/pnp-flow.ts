import { checkOptions, OptionError } from "../core/errors.js";
import { foldIn, normal, split } from "../core/random/index.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import type { Measurement } from "./measurement.js";
import type { Velocity } from "./sample.js";

/** Options of `pnpFlow`. */
export interface PnpFlowOptions {
  measurement: Measurement;
  /** What was measured, [B, ...]. */
  y: Tensor;
  /** uint32 [2]. */
  key: Tensor;
  /** Whole number ≥ 1. Default 50. */
  steps?: number;
  /** Noises that a denoised image is averaged over, ≥ 1. Default 5. */
  average?: number;
}

/**
 * Restoration with a flow as the denoiser of a plug-and-play scheme: z ← z − (1 − t)·Aᵀ(A·z − y)/gain, then z becomes the
 * mean of D(t·z + (1 − t)·ε, t) over noises ε, with D(x, t) = x + (1 − t)·v(x, t), for t = 0, 1/N, …. No gradient of the
 * network is taken. The baseline of FlowChef.
 * @param velocity of the linear path from standard noise
 * @returns the restored images
 * @throws OptionError
 * @source S. Martin et al., 2024, arXiv 2410.02423, Algorithm 1; deviates: starts at Aᵀ·y/gain
 */
export function pnpFlow(velocity: Velocity, options: PnpFlowOptions): Tensor {
  const where = "flow.pnpFlow";
  checkOptions(where, options, ["measurement", "y", "key", "steps", "average"]);
  const { measurement, y, key, steps = 50, average = 5 } = options;
  if (![steps, average].every((n) => Number.isInteger(n) && n >= 1))
    throw new OptionError({ where, want: "whole numbers steps, average ≥ 1", got: `${steps}, ${average}` });
  const { apply, adjoint, gain } = measurement;
  const dtype = y.dtype === "float64" ? "float64" : "float32";
  const times = constant(
    Array.from({ length: steps }, (_, i) => i / steps),
    dtype,
  );
  const [end] = scan(
    (z: Tensor, at: { t: Tensor; key: Tensor }): [Tensor, undefined] => {
      const left = sub(1, at.t);
      const nearer = sub(z, mul(adjoint(sub(apply(z), y)), mul(left, 1 / gain)));
      const denoised = Array.from({ length: average }, (_, i) => {
        const noise = normal(foldIn(at.key, i), z.shape, { dtype });
        const x = add(mul(nearer, at.t), mul(noise, left));
        return add(x, mul(velocity(x, at.t), left));
      });
      return [
        mul(
          denoised.reduce((a, b) => add(a, b)),
          1 / average,
        ),
        undefined,
      ];
    },
    mul(adjoint(y), 1 / gain),
    { t: times, key: split(key, steps) },
  );
  return end;
}
