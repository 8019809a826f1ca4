import type { Tensor } from "../core/tensor.js";

/**
 * Sees values inside a network while it is traced, and may put others in their place.
 * @param site what the value is: "value" for the values [B, H, N, E] of a self-attention
 * @param layer 0, 1, … from the input
 * @returns what the network goes on with, of the same shape
 */
export type Tap = (site: string, layer: number, value: Tensor) => Tensor;
