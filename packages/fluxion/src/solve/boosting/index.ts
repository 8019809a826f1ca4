export type {
  BoostedNetwork,
  BoostedStep,
  BoostingIteration,
  BoostingOptions,
  BoostingOutcome,
} from "./boost-network.js";
export {
  boostedMlp,
  type BoostedFit,
  type BoostedModel,
  type BoostedPrefix,
  fitBoosted,
  type FitBoostedOptions,
  predictBoosted,
  scoreBoosted,
} from "./fit.js";
export {
  fitSigmoidNetwork,
  type FitSigmoidNetworkOptions,
  type SigmoidNetworkFit,
} from "./sigmoid-network.js";
export type { Answer } from "./table.js";
