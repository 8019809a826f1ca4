export {
  directionNetwork,
  type DirectionNetworkOptions,
  type DirectionNetworkParams,
} from "./direction-network.js";
export { ritzResiduals, type RitzDataOptions } from "./ritz-data.js";
export {
  directionLoss,
  learnedDirections,
  type LearnedDirections,
  poissonStencil,
  trainDirections,
  type TrainDirectionsOptions,
} from "./train-directions.js";
export { pretrainedDirections } from "./pretrained.js";
