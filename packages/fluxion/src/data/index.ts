/** Loaders, embedded data sets, point sets and minibatches: plain arrays, safe in browsers. */
export type { ArrayData, ArrayStorage } from "./array-data.js";
export {
  type Batch,
  batches,
  batchesPerEpoch,
  type BatchPlan,
  epochOrder,
  gatherRows,
  partition,
  type PartitionOptions,
} from "./batches.js";
export { type CsvOptions, parseCsv, type Table } from "./csv.js";
export { decodeIdx, encodeIdx, type IdxOptions, parseIdx } from "./idx.js";
export { imageGrid, type ImageGridOptions } from "./image-grid.js";
export { averagePool, fromSigned, fromUnit, toSigned, toUnit } from "./images.js";
export {
  type DatasetName,
  datasetNames,
  type ImageDataset,
  type ImageDatasetName,
  loadDataset,
  type LoadOptions,
  type Split,
  type TableDataset,
  type TableDatasetName,
} from "./load-dataset.js";
export {
  type CoordinateEntries,
  encodeMatrixMarket,
  type EncodeMatrixMarketOptions,
  type MatrixMarketArray,
  type MatrixMarketCoordinates,
  type MatrixMarketOptions,
  type MatrixSymmetry,
  parseMatrixMarket,
} from "./matrix-market.js";
export { encodeNpy, parseNpy } from "./npy.js";
export { type PointOptions, type PointSetName, pointSetNames, samplePoints } from "./points.js";
export { normalFrom, seededUniform } from "./seeded.js";
export { type CharacterCorpus, characterTokens, loadText, type TextName, textNames } from "./text.js";
export { wordsOf, wordTokens, type WordTokens } from "./words.js";
