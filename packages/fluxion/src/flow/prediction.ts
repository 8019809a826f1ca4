import { checkOptions } from "../core/errors.js";
import type { Tensor } from "../core/tensor.js";
import type { Tap } from "../nn/tap.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { clip, greaterEqual, where } from "../ops/compare.js";
import { neg, sqrt } from "../ops/unary.js";
import { logSnr, timeLike, timeOfLogSnr, velocityAt, type Coefficients, type Path } from "./path.js";

/**
 * What a network's output means at x = alpha·data + sigma·noise: the velocity, the data, the noise, `v` =
 * alpha·noise − sigma·data, or the score −noise/sigma (of a unit-variance source).
 */
export type Prediction = "velocity" | "data" | "noise" | "v" | "score";

/** A network of a flow: (params, x [B, ...], t [B], condition?) → [B, ...]. One that can shows its inner values to the `tap`. */
export type FlowModel<Params> = (params: Params, x: Tensor, t: Tensor, cond?: Tensor, tap?: Tap) => Tensor;

/** The two ends of a path that an output, or a point of it, stands for. */
export interface Ends {
  readonly data: Tensor;
  readonly noise: Tensor;
}

/**
 * Data and noise that an output stands for: the solution of the 2×2 system it makes with x = alpha·data + sigma·noise.
 * @param time scalar, or broadcasting against x
 */
export const dataAndNoise = (path: Path, kind: Prediction, out: Tensor, x: Tensor, time: Tensor): Ends =>
  solve(path.at(time), kind, out, x);

function solve(
  { alpha, sigma, dAlpha, dSigma }: Coefficients,
  kind: Prediction,
  out: Tensor,
  x: Tensor,
): Ends {
  const fromNoise = (noise: Tensor): Ends => ({
    data: div(sub(x, mul(sigma, noise)), alpha),
    noise,
  });
  switch (kind) {
    case "data":
      return { data: out, noise: div(sub(x, mul(alpha, out)), sigma) };
    case "noise":
      return fromNoise(out);
    case "score":
      return fromNoise(neg(mul(sigma, out)));
    case "v": {
      const total = add(square(alpha), square(sigma));
      return {
        data: div(sub(mul(alpha, x), mul(sigma, out)), total),
        noise: div(add(mul(sigma, x), mul(alpha, out)), total),
      };
    }
    case "velocity": {
      const w = sub(mul(alpha, dSigma), mul(dAlpha, sigma));
      return {
        data: div(sub(mul(dSigma, x), mul(sigma, out)), w),
        noise: div(sub(mul(alpha, out), mul(dAlpha, x)), w),
      };
    }
  }
}

/**
 * A network's output read as another quantity, exactly.
 * @param t [B]; not where the system is singular: noise → data at alpha = 0, data → noise at sigma = 0
 */
export function convertPrediction(
  path: Path,
  from: Prediction,
  to: Prediction,
  out: Tensor,
  x: Tensor,
  t: Tensor,
): Tensor {
  if (from === to) return out;
  const c = path.at(timeLike(t, x));
  return readEnds(c, to, solve(c, from, out, x));
}

function readEnds(c: Coefficients, kind: Prediction, { data, noise }: Ends): Tensor {
  switch (kind) {
    case "data":
      return data;
    case "noise":
      return noise;
    case "score":
      return neg(div(noise, c.sigma));
    case "v":
      return sub(mul(c.alpha, noise), mul(c.sigma, data));
    case "velocity":
      return velocityAt(c, noise, data);
  }
}

/** A model that predicts one quantity as a model of another: a trained diffusion network as a flow, say. */
export const convertModel =
  <P>(model: FlowModel<P>, path: Path, from: Prediction, to: Prediction): FlowModel<P> =>
  (params, x, t, cond, tap) =>
    convertPrediction(path, from, to, model(params, x, t, cond, tap), x, t);

/** The value a network should give on the pair (x0, x1) at time t. */
export const targetOf = (path: Path, kind: Prediction, x0: Tensor, x1: Tensor, t: Tensor): Tensor =>
  readEnds(path.at(timeLike(t, x1)), kind, { data: x1, noise: x0 });

/** The point of the path between two ends: alpha·data + sigma·noise. @param time scalar, or broadcasting against them */
export function pointOf(path: Path, { data, noise }: Ends, time: Tensor): Tensor {
  const { alpha, sigma } = path.at(time);
  return add(mul(alpha, data), mul(sigma, noise));
}

/**
 * The ends of the path through two of its points: data = (sigma_t·x_s − sigma_s·x_t)/w and noise = (alpha_s·x_t −
 * alpha_t·x_s)/w with w = alpha_s·sigma_t − alpha_t·sigma_s. A step of `ddim` from s to t has the ends that the model
 * predicted at s.
 * @param s time of `xs`; scalar, or broadcasting against it; not of the same signal-to-noise ratio as t
 * @source F.-Y. Wang et al., 2024, arXiv 2410.07303 (the noise of a phase); deviates: solved for both, so that
 *   alpha = 0 is allowed
 */
export function endsThrough(path: Path, xs: Tensor, s: Tensor, xt: Tensor, t: Tensor): Ends {
  const [a, b] = [path.at(s), path.at(t)];
  const w = sub(mul(a.alpha, b.sigma), mul(b.alpha, a.sigma));
  return {
    data: div(sub(mul(b.sigma, xs), mul(a.sigma, xt)), w),
    noise: div(sub(mul(a.alpha, xt), mul(b.alpha, xs)), w),
  };
}

/**
 * A model of one Gaussian path as a model of another, exactly: it is asked at the time of the same signal-to-noise
 * ratio, at x scaled to it. Where `from` is never so noisy (or clean), it is asked at its end.
 * @param from the path the model was trained on; it has `timeAt`
 * @param options `prediction` of the model, default "velocity" (of `from`); `as` what the result gives, default
 *   "velocity" (of `to`)
 * @source S. Lee et al., 2024, arXiv 2405.20320, Proposition 1; deviates: for any two Gaussian paths
 */
export function changePath<P>(
  model: FlowModel<P>,
  from: Path,
  to: Path,
  options: { prediction?: Prediction; as?: Prediction } = {},
): FlowModel<P> {
  checkOptions("flow.changePath", options, ["prediction", "as"]);
  const { prediction = "velocity", as = "velocity" } = options;
  return (params, x, t, cond, tap) => {
    // Bounds that float32 keeps apart from 0 and 1 in either coefficient.
    const time = clip(timeOfLogSnr(from, clip(logSnr(to, t), -30, 30)), 0, 1);
    const [a, b] = [from.at(timeLike(time, x)), to.at(timeLike(t, x))];
    const length = (c: Coefficients): Tensor => sqrt(add(square(c.alpha), square(c.sigma)));
    const there = mul(x, div(length(a), length(b)));
    const ends = solve(a, prediction, model(params, there, time, cond, tap), there);
    // One of the two ends is kept, the other made to fit x, by a division through the larger coefficient.
    const noisy = greaterEqual(b.sigma, b.alpha);
    const noise = div(sub(x, mul(b.alpha, ends.data)), where(noisy, b.sigma, 1));
    const data = div(sub(x, mul(b.sigma, ends.noise)), where(noisy, 1, b.alpha));
    return readEnds(b, as, {
      data: where(noisy, ends.data, data),
      noise: where(noisy, noise, ends.noise),
    });
  };
}
