import type { Tensor } from "../core/tensor.js";

/**
 * A layer or network: plain functions on plain data. `init` makes a tree of parameters from a random key ([2] uint32);
 * `apply` is pure, so it can be traced, differentiated and mapped.
 */
export interface Model<Params, Args extends unknown[] = [x: Tensor]> {
  readonly init: (key: Tensor) => Params;
  readonly apply: (params: Params, ...args: Args) => Tensor;
}
