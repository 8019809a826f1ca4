import { decode, isFloat } from "../../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../../core/errors.js";
import { keys, normal } from "../../core/random/index.js";
import { showShape } from "../../core/shape.js";
import { Tensor } from "../../core/tensor.js";
import { div } from "../../ops/arithmetic.js";
import { greaterEqual, where as choose } from "../../ops/compare.js";

import { sum } from "../../ops/reduce.js";
import { slice } from "../../ops/slicing.js";
import { sqrt } from "../../ops/unary.js";
import { checkWhole } from "../../optim/options.js";

/** What an attention layer looks at: n sequences of T tokens with d features, and the query of each. */
export interface AttentionData {
  /** X, float [n, T, d]: keys and values. */
  readonly tokens: Tensor;
  /** z, float [n, d]. Self-attention of the first token: z_i = x_i1. */
  readonly queries: Tensor;
  /** bool [n, T], true where a token may be attended. Default: everywhere. */
  readonly mask?: Tensor;
}

/** What becomes of the attended value, [..., d] → [...]. */
export type AttentionHead = (attended: Tensor) => Tensor;

/** Attention data with a binary label for every sequence and the fixed head that predicts it. */
export interface LabelledAttention extends AttentionData {
  /** y, float [n], each −1 or 1. */
  readonly labels: Tensor;
  /** v, float [d], for f = vᵀa; or any function of the attended value. */
  readonly head: Tensor | AttentionHead;
}

/** Options of `randomAttention`. */
export interface RandomAttentionOptions {
  /** n, whole number ≥ 1. */
  sequences: number;
  /** T, whole number ≥ 2. */
  tokens: number;
  /** d, whole number ≥ 1. */
  size: number;
  /** Whether the first token is the query. Default false: queries are drawn as well. */
  selfAttention?: boolean;
}

/**
 * The paper's random problems: tokens, queries and head uniform on the unit sphere, labels by a fair coin.
 * @param key uint32 [2]
 * @returns float64 Tensors
 * @throws OptionError
 * @source Tarzanagh, Li, Thrampoulidis, Oymak, arXiv:2308.16898, the experiments' data; deviates: none
 */
export function randomAttention(
  key: Tensor,
  options: RandomAttentionOptions,
): LabelledAttention & { readonly head: Tensor } {
  const where = "analyse.randomAttention";
  checkOptions(where, options, ["sequences", "tokens", "size", "selfAttention"]);
  const { sequences: n, tokens: t, size: d, selfAttention = false } = options;
  checkWhole(where, "sequences", n, 1);
  checkWhole(where, "tokens", t, 2);
  checkWhole(where, "size", d, 1);
  const [forTokens, forQueries, forHead, forLabels] = keys(key, 4);
  const onSphere = (from: Tensor, shape: number[]): Tensor => {
    const x = normal(from, shape, { dtype: "float64" });
    return div(x, sqrt(sum(x.square(), -1, { keepDims: true })));
  };
  const tokens = onSphere(forTokens, [n, t, d]);
  return {
    tokens,
    queries: selfAttention ? slice(tokens, null, 0) : onSphere(forQueries, [n, d]),
    labels: choose(greaterEqual(normal(forLabels, [n], { dtype: "float64" }), 0), 1, -1).cast("float64"),
    head: onSphere(forHead, [d]),
  };
}

/** The sizes n, T, d. @throws ShapeError, OptionError naming what does not fit @internal */
export function attentionSizes(where: string, data: AttentionData): [n: number, t: number, d: number] {
  const { tokens, queries, mask } = data;
  const [n, t, d] = tokens.shape;
  if (n === undefined || t === undefined || d === undefined || tokens.rank !== 3 || tokens.size === 0) {
    const got = showShape(tokens.shape);
    throw new ShapeError({ where: `${where}: tokens`, want: "[n, T, d], none of them 0", got });
  }
  want(where, "queries", queries, [n, d]);
  if (mask) {
    want(where, "mask", mask, [n, t]);
    if (mask.dtype !== "bool")
      throw new OptionError({ where: `${where}: mask`, want: "bool", got: mask.dtype });
  }
  for (const [name, x] of Object.entries({ tokens, queries })) {
    if (!isFloat(x.dtype))
      throw new OptionError({ where: `${where}: ${name}`, want: "floats", got: x.dtype });
  }
  return [n, t, d];
}

/** As `attentionSizes`, with labels and head. @internal */
export function labelledSizes(where: string, data: LabelledAttention): [n: number, t: number, d: number] {
  const sizes = attentionSizes(where, data);
  want(where, "labels", data.labels, [sizes[0]]);
  if (data.head instanceof Tensor) want(where, "head", data.head, [sizes[2]]);
  return sizes;
}

function want(where: string, name: string, x: Tensor, shape: number[]): void {
  if (x.rank === shape.length && x.shape.every((size, i) => size === shape[i])) return;
  throw new ShapeError({
    where: `${where}: ${name}`,
    want: showShape(shape),
    got: showShape(x.shape),
    hint: "shapes follow tokens [n, T, d]",
  });
}

/** Attention data on the host, in double. */
export interface HostAttention {
  readonly n: number;
  readonly t: number;
  readonly d: number;
  /** [n, T, d] */
  readonly tokens: Float64Array;
  /** [n, d] */
  readonly queries: Float64Array;
  /** Whether token t of sequence i may be attended. */
  readonly allowed: (i: number, t: number) => boolean;
}

/** Reads attention data to the host. @throws ShapeError, OptionError for numbers that are not finite @internal */
export async function hostAttention(where: string, data: AttentionData): Promise<HostAttention> {
  const [n, t, d] = attentionSizes(where, data);
  const tokens = await finiteNumbers(`${where}: tokens`, data.tokens);
  const queries = await finiteNumbers(`${where}: queries`, data.queries);
  const mask = data.mask && (await data.mask.data());
  const allowed = (i: number, j: number): boolean => !mask || Number(mask[i * t + j]) !== 0;
  return { n, t, d, tokens, queries, allowed };
}

/** The elements in double. @throws OptionError if one is not finite @internal */
export async function finiteNumbers(where: string, x: Tensor): Promise<Float64Array> {
  const values = decode(await x.data(), x.dtype);
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0)
    throw new OptionError({ where, want: "finite numbers", got: `${values[bad]} at element ${bad}` });
  return values;
}
