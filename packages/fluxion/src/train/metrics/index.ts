export { energyDistance } from "./energy-distance.js";
export { frechetDistance, moments, type Moments } from "./frechet.js";
export { precisionRecall, type PrecisionRecall } from "./precision-recall.js";
export type { Samples } from "./samples.js";
export { slicedWasserstein, type SlicedWassersteinOptions } from "./sliced-wasserstein.js";
