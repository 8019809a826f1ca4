import { decode, isFloat } from "../core/dtypes.js";
import type { Tensor } from "../core/tensor.js";
import { treeLeaves } from "../core/tree.js";
import type { EmaState } from "../optim/ema.js";

/** All there is to a run between two steps: what a checkpoint holds and a resumed run starts from. */
export interface Snapshot<P = unknown, S = unknown> {
  /** Steps made. */
  readonly step: number;
  readonly params: P;
  /** The optimizer's state, or that of the custom step. */
  readonly state: S;
  /** The moving average with its count, if the run keeps one. */
  readonly ema?: EmaState<P>;
  /** The key of the run, uint32 [2]. */
  readonly key: Tensor;
}

/** Whether all float leaves of a tree are finite. Reads them to the host. @internal */
export async function allFinite(tree: unknown): Promise<boolean> {
  for (const leaf of treeLeaves(tree)) {
    if (!isFloat(leaf.dtype)) continue;
    const data = await leaf.data();
    const values = leaf.dtype === "float16" ? decode(data, leaf.dtype) : (data as Float32Array);
    if (!values.every(Number.isFinite)) return false;
  }
  return true;
}
