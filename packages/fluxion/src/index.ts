/**
 * Differentiable programming in TypeScript: lazy tensors, transforms of functions, and programs that ONNX Runtime runs.
 * @module
 */
export { Tensor, tensor, constant, type NestedArray, type TensorLike } from "./core/tensor.js";
export type { DType, TypedArray } from "./core/dtypes.js";
export type { Shape } from "./core/shape.js";
export * from "./core/errors.js";
export { treeMap, treeLeaves, treePaths, checkTree, type Tree } from "./core/tree.js";
export { grad, valueAndGrad, vjp, jvp, hvp, jacobian, type GradOptions } from "./core/autodiff.js";
export { stopGradient } from "./core/backward.js";
export { customGradient, checkpoint } from "./core/custom.js";
export { scan, type ScanOptions } from "./core/scan.js";
export { cond } from "./core/cond.js";
export { vmap, type VmapOptions } from "./core/vmap.js";
export * as random from "./core/random/index.js";
export { compile, type Compiled, type CompileOptions } from "./compile/compile.js";
export { availableDevices, evaluate } from "./compile/evaluate.js";
export { setDevice, type Device } from "./compile/device.js";
export * from "./ops/index.js";
export * as linalg from "./ops/linalg/index.js";
export { importOnnx } from "./onnx/import.js";
export { exportOnnx } from "./onnx/export.js";
