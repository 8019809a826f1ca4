/**
 * Layers and networks: `init(key)` makes a tree of parameters, `apply(params, ...)` is a pure function of Tensors.
 * @module
 */
export type { Model } from "./model.js";
export type { Tap } from "./tap.js";
export * from "./initializers.js";
export * from "./linear.js";
export * from "./lora.js";
export * from "./conv.js";
export * from "./batch-norm.js";
export * from "./norm.js";
export * from "./embedding.js";
export * from "./fourier-features.js";
export * from "./text-encoder.js";
export * from "./attention.js";
export * from "./mlp.js";
export * from "./unet.js";
export * from "./dit.js";
export * from "./joint-block.js";
export * from "./mmdit.js";
export * from "./text-mmdit.js";
export * from "./gpt.js";
