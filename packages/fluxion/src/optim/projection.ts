import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { sameShape, showShape, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, square, sub } from "../ops/arithmetic.js";
import { less, logicalOr, where as select } from "../ops/compare.js";
import { full, zeros } from "../ops/create.js";
import { max, sum } from "../ops/reduce.js";
import { abs, sqrt } from "../ops/unary.js";
import { mapLeaves } from "./leaves.js";
import { checkRange } from "./options.js";
import type { Transform } from "./transform.js";
import { needParams } from "./weight-decay.js";

/** Options of the projection in `adamp` and `sgdp`. */
export interface ProjectionOptions {
  /** How small the cosine of gradient and weights must be, in units of 1/√D; in [0, ∞), default 0.1. 0 turns it off. */
  delta?: number;
  /** What weight decay is multiplied by where the projection acts, in [0, ∞); default 0.1. */
  weightDecayRatio?: number;
  /** Added to norms, in (0, ∞); default 1e-8. */
  eps?: number;
  /**
   * The axis of the output channels of a weight, or what finds it. Default: 1 of two axes (`nn.linear`'s
   * [in, out]), else 0 (`nn.conv`'s [out, in, ...kernel]).
   */
  channelAxis?: number | ((path: string, shape: Shape) => number);
}

/** The option names of the projection. @internal */
export const projectionKeys = ["delta", "weightDecayRatio", "eps", "channelAxis"] as const;

/** What the projection made of one update. */
export interface Projected {
  /** Without its part along the weights, where they are scale-invariant; else as it was. */
  readonly update: Tensor;
  /** Whether it acted, by channels or as a whole: bool scalar. */
  readonly acted: Tensor;
}

const usualAxis = (_: string, shape: Shape): number => (shape.length === 2 ? 1 : 0);

/**
 * Removes the part of an update that is parallel to weights whose scale does not matter: u − ŵ(ŵ·u).
 *
 * Weights count as scale-invariant if the gradient is orthogonal to them: with rows r, first the channels, then the
 * whole tensor as one, max_r |g_r·w_r| / (‖g_r‖‖w_r‖) < delta / √D, D being a row's length.
 * @param update float tensor of two axes or more; fewer axes are never projected
 * @param grad the raw gradient, of the same shape
 * @param param the weights before the step, of the same shape
 * @throws OptionError, ShapeError
 * @source Heo et al., "AdamP: Slowing down the slowdown for momentum optimizers on scale-invariant weights", 2020,
 *   arXiv:2006.08217, equations 8 to 11 and algorithms 1 and 2; deviates: none
 */
export function projectScaleInvariant(
  update: Tensor,
  grad: Tensor,
  param: Tensor,
  options: Omit<ProjectionOptions, "weightDecayRatio"> & { path?: string } = {},
): Projected {
  const where = "optim.projectScaleInvariant";
  checkOptions(where, options, ["delta", "eps", "channelAxis", "path"]);
  const { delta = 0.1, eps = 1e-8, channelAxis = usualAxis, path = "" } = options;
  checkRange(where, "delta", delta, "[0, ∞)");
  checkRange(where, "eps", eps, "(0, ∞)");
  for (const t of [grad, param])
    if (!sameShape(t.shape, update.shape))
      throw new ShapeError({ where, want: showShape(update.shape), got: showShape(t.shape) });
  if (update.rank < 2) return { update, acted: full([], false, { dtype: "bool" }) };

  const axis = typeof channelAxis === "function" ? channelAxis(path, param.shape) : channelAxis;
  if (!Number.isInteger(axis) || axis < -param.rank || axis >= param.rank) {
    const want = `channelAxis an axis of ${showShape(param.shape)}`;
    throw new OptionError({ where: path ? `${where} at ${path}` : where, want, got: String(axis) });
  }
  const channel = axis < 0 ? axis + param.rank : axis;
  const others = param.shape.map((_, i) => i).filter((i) => i !== channel);
  // Sums over each channel; sums over the whole tensor are theirs.
  const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), others, { keepDims: true });
  const products = {
    ...{ gw: dot(grad, param), gg: dot(grad, grad), ww: dot(param, param), wu: dot(param, update) },
  };
  const whole = Object.fromEntries(
    Object.entries(products).map(([name, value]) => [name, sum(value)]),
  ) as typeof products;
  const rowLength = param.size / param.shape[channel]!;
  const orthogonal = ({ gw, gg, ww }: typeof products, length: number): Tensor => {
    const cosine = div(abs(gw), maximum(mul(sqrt(gg), sqrt(ww)), eps));
    return less(max(cosine), delta / Math.sqrt(length));
  };
  /** (w·u) / (‖w‖ + eps)², what is to be subtracted in units of w. */
  const along = ({ wu, ww }: typeof products): Tensor => div(wu, square(add(sqrt(ww), eps)));
  const [byChannel, asWhole] = [orthogonal(products, rowLength), orthogonal(whole, param.size)];
  const nothing = zeros([], { dtype: update.dtype });
  const part = select(byChannel, along(products), select(asWhole, along(whole), nothing));
  return { update: sub(update, mul(param, part)), acted: logicalOr(byChannel, asWhole) };
}

/**
 * The updates of `inner`, projected by `projectScaleInvariant` on every weight of two axes or more, with decoupled
 * weight decay, which is reduced where the projection acts: u + weightDecay·ratio·p.
 * @internal
 */
export function withProjection<S>(
  where: string,
  inner: Transform<S>,
  { weightDecay, weightDecayRatio = 0.1, ...options }: ProjectionOptions & { weightDecay: number },
): Transform<S> {
  checkRange(where, "weightDecay", weightDecay, "[0, ∞)");
  checkRange(where, "weightDecayRatio", weightDecayRatio, "[0, ∞)");
  checkRange(where, "delta", options.delta ?? 0.1, "[0, ∞)");
  checkRange(where, "eps", options.eps ?? 1e-8, "(0, ∞)");
  return {
    init: (params) => inner.init(params),
    update(grads, state, params, extra) {
      const given = needParams(where, params);
      const { updates: raw, state: next } = inner.update(grads, state, given, extra);
      const [updates] = mapLeaves(where, raw, [grads, given], (u, [g, p], path) => {
        const { update, acted } = projectScaleInvariant(u, g, p, { ...options, path });
        if (weightDecay === 0) return [update];
        const as = (factor: number): Tensor => full([], factor, { dtype: u.dtype });
        return [add(update, mul(p, select(acted, as(weightDecay * weightDecayRatio), as(weightDecay))))];
      });
      return { updates, state: next };
    },
  };
}
