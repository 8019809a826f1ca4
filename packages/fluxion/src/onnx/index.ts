/**
 * Files: ONNX models in and out, and safetensors.
 * @module
 */
export {
  readSafetensors,
  writeSafetensors,
  type ReadSafetensorsOptions,
  type Safetensors,
  type WriteSafetensorsOptions,
} from "./safetensors.js";
export { exportOnnx, type ExportOptions } from "./export.js";
export { replaceParams } from "./replace-params.js";
export type { DynamicBatch } from "./batch-traces.js";
export { importOnnx, type ImportOptions, type OnnxModel, type OnnxValue } from "./import.js";
export type { NamedTree } from "./names.js";
export {
  summary,
  type OnnxEntry,
  type OnnxNodeCost,
  type OnnxSummary,
  type SummaryOptions,
} from "./summary.js";
