/**
 * Run folders: checkpoints, metrics as JSON lines, exact resume. Node only.
 * @module
 */
export {
  type DamagedCheckpoint,
  type FoundCheckpoint,
  latestCheckpoint,
  saveCheckpoint,
} from "./checkpoint.js";
export { type MetricsFile, openMetrics, readMetrics } from "./metrics-file.js";
export { openRun, type Run, type RunOptions } from "./run-folder.js";
