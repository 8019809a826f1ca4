import type { Tensor } from "../core/tensor.js";
import { add, div, mul, square, sub } from "../ops/arithmetic.js";
import { neg } from "../ops/unary.js";
import { timeLike, velocityAt, type Coefficients, type Path } from "./path.js";

/**
 * What a network's output means at x = alpha·data + sigma·noise: the velocity, the data, the noise, `v` =
 * alpha·noise − sigma·data, or the score −noise/sigma (of a unit-variance source).
 */
export type Prediction = "velocity" | "data" | "noise" | "v" | "score";

/** A network of a flow: (params, x [B, ...], t [B], condition?) → [B, ...]. */
export type FlowModel<Params> = (params: Params, x: Tensor, t: Tensor, cond?: Tensor) => Tensor;

/**
 * Data and noise that an output stands for: the solution of the 2×2 system it makes with x = alpha·data + sigma·noise.
 * @param time scalar, or broadcasting against x
 */
export const dataAndNoise = (
  path: Path,
  kind: Prediction,
  out: Tensor,
  x: Tensor,
  time: Tensor,
): { data: Tensor; noise: Tensor } => solve(path.at(time), kind, out, x);

function solve(
  { alpha, sigma, dAlpha, dSigma }: Coefficients,
  kind: Prediction,
  out: Tensor,
  x: Tensor,
): { data: Tensor; noise: Tensor } {
  const fromNoise = (noise: Tensor): { data: Tensor; noise: Tensor } => ({
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
  const { data, noise } = solve(c, from, out, x);
  switch (to) {
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
  (params, x, t, cond) =>
    convertPrediction(path, from, to, model(params, x, t, cond), x, t);

/** The value a network should give on the pair (x0, x1) at time t. */
export function targetOf(path: Path, kind: Prediction, x0: Tensor, x1: Tensor, t: Tensor): Tensor {
  if (kind === "data") return x1;
  if (kind === "noise") return x0;
  const c = path.at(timeLike(t, x1));
  if (kind === "score") return neg(div(x0, c.sigma));
  return kind === "v" ? sub(mul(c.alpha, x0), mul(c.sigma, x1)) : velocityAt(c, x0, x1);
}
