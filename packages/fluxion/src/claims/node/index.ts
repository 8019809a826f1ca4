/**
 * Claims from the papers' own folders, and the record of what they gave.
 * @module
 */
export { loadArtefacts, reproduce, type ReproduceOptions } from "./reproduce.js";
export { readResult, resultPath, writeResult, type ClaimResult } from "./result.js";
