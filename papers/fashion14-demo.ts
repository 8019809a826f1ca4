// The bench's flow, trained by a demo while one looks on.
import { trainFlow, droppedCondition, independentCoupling, type FlowMlpParams } from "fluxion/flow";
import { adam } from "fluxion/optim";
import { network, nullClass, type Fashion14 } from "./fashion14.js";

/** Steps of a turn. */
const stepsPerTurn = 50;

/** Trains it, one class in ten dropped; waits for `pause` after every turn. */
export async function trainInTurns(options: {
  data: Fashion14;
  params: FlowMlpParams;
  steps: number;
  seed: number;
  signal: AbortSignal;
  onLoss: (step: number, loss: number) => void;
  /** Gets the moving average. */
  onTurn: (average: FlowMlpParams) => Promise<void>;
}): Promise<void> {
  const { data, params, steps, seed, signal, onLoss, onTurn } = options;
  await trainFlow({
    ...{ model: network.apply, params, seed, steps, batchSize: 128, signal },
    ...{ data: { x1: data.images, cond: data.labels }, optimizer: adam({ learningRate: 2e-3 }) },
    ...{ ema: { decay: 0.98, warmup: true }, stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
    objective: {
      coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond: nullClass }),
    },
    onRecord: ({ step, loss }) => onLoss(step, loss),
    // The loop waits here for the page's next turn.
    checkpoint: {
      every: stepsPerTurn,
      save: (snapshot: { ema?: { average: FlowMlpParams } }) => onTurn(snapshot.ema!.average),
    },
  });
}
