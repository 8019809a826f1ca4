/**
 * Work shared by many workers: pools with a virtual clock, threads or a transport of one's own behind one interface, and
 * gradient codes that have exact gradients although some workers straggle.
 * @module
 */
export type { Answer, Handler, Round, WorkerPool } from "./worker-pool.js";
export { virtualPool, type VirtualPoolOptions } from "./virtual-pool.js";
export {
  arbitrary,
  bursty,
  conforms,
  type PatternTracker,
  patternTracker,
  perRound,
  type StragglerModel,
  type StragglerRow,
} from "./straggler-model.js";
export { blockCode, type BlockCode, type Encoder, type Term } from "./block-code.js";
export {
  chunkCuts,
  type Contribution,
  type Deliveries,
  gradientCode,
  type GradientCode,
  leastLoad,
  noDeliveries,
  type Scheme,
  type SequentialScheme,
  type Task,
} from "./gradient-code.js";
export {
  codedRounds,
  type CodedRoundsOptions,
  type DeadlineOptions,
  type RoundReport,
} from "./coded-rounds.js";
export {
  type DelayProfile,
  fitSecondsPerLoad,
  type Prediction,
  selectScheme,
  type SelectOptions,
  simulateCode,
  type Simulation,
} from "./select-scheme.js";
export {
  type CodedJob,
  type CodedQuery,
  type CodedReply,
  type CodedTask,
  codedWorker,
} from "./coded-worker.js";
export {
  weightedGradient,
  type WeightedGradient,
  type WeightedGradientOptions,
} from "./weighted-gradient.js";
export { flatten, unflatten } from "./flat.js";
export { type CodedStep, trainCoded, type TrainCodedOptions, type TrainCodedResult } from "./train-coded.js";
export {
  type FromWorker,
  remotePool,
  serveQueries,
  type ToWorker,
  type Transport,
  type WorkerPort,
} from "./remote-pool.js";
export { decodeMessage, encodeMessage } from "./message-codec.js";
export { type NatsConnection, type NatsOptions, natsPool, serveNats } from "./nats-pool.js";
