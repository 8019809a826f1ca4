import { checkOptions, DtypeError, ShapeError } from "../core/errors.js";
import { showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { softmax } from "./activation.js";
import { add } from "./arithmetic.js";
import { greaterEqual, where } from "./compare.js";
import { arange } from "./create.js";
import { fusedMatmul, matmul } from "./matmul.js";
import { reshape } from "./movement.js";

/** Options of `attention`. */
export interface AttentionOptions {
  /** bool (true: may attend) or float (added to the scores), broadcast to [..., N, M]. */
  mask?: Tensor;
  /** Forbids keys after the query. Default false. */
  causal?: boolean;
  /** Factor of the scores. Default 1/√D. */
  scale?: number;
}

/** What a forbidden score becomes: e^−1e9 is 0, and a row without any allowed key stays finite. */
const FORBIDDEN = -1e9;

/**
 * Scaled dot-product attention: softmax(scale·q·kᵀ + mask)·v.
 * @param q [..., N, D]
 * @param k [..., M, D]
 * @param v [..., M, E]
 * @returns [..., N, E]
 * @throws ShapeError, OptionError
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptions("ops.attention", options, ["mask", "causal", "scale"]);
  const [n, d] = q.shape.slice(-2);
  const m = k.shape[k.rank - 2];
  if (q.rank < 2 || k.shape[k.rank - 1] !== d || v.shape[v.rank - 2] !== m) {
    throw new ShapeError({
      where: "ops.attention",
      want: "q [..., N, D], k [..., M, D], v [..., M, E]",
      got: [q, k, v].map((t) => showShape(t.shape)).join(", "),
    });
  }
  let scores = fusedMatmul(q, k, { transB: true, alpha: options.scale ?? 1 / Math.sqrt(d!) });
  if (options.causal) {
    const allowed = greaterEqual(reshape(arange(n!), [n!, 1]), reshape(arange(m!), [1, m!]));
    scores = where(allowed, scores, FORBIDDEN);
  }
  const { mask } = options;
  if (mask?.dtype === "bool") scores = where(mask, scores, FORBIDDEN);
  else if (mask) {
    if (mask.dtype !== scores.dtype)
      throw new DtypeError({
        where: "ops.attention",
        want: `a bool or ${scores.dtype} mask`,
        got: mask.dtype,
      });
    scores = add(scores, mask);
  }
  return matmul(softmax(scores), v);
}
