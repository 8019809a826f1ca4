import { apply, type Attrs, type Op } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";
import { reshape } from "./movement.js";

/** vmap of an operator that broadcasts: the batch axis stays in front of ranks made equal. */
export function batchElementwise<A extends Attrs>(
  op: Op<A>,
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  attrs: A,
): Tensor[] {
  const rank = Math.max(...inputs.map((t, i) => t.rank - (batched[i] ? 1 : 0)));
  const aligned = inputs.map((t, i) => (batched[i] ? alignBatch(t, rank) : t));
  return apply(op, aligned, attrs);
}

/** [B, ...rest] with `rest` padded in front by ones to `rank` axes. */
export function alignBatch(t: Tensor, rank: number): Tensor {
  const missing = rank - (t.rank - 1);
  if (missing === 0) return t;
  return reshape(t, [t.shape[0]!, ...new Array<number>(missing).fill(1), ...t.shape.slice(1)]);
}
