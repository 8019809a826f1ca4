// "Straighten your own": a flow from noise to points that somebody drew, trained, straightened, compared by steps.
import { compile, random, tensor, type Tensor } from "fluxion";
import { demoState, inTurns, type DemoRun, type DemoState } from "fluxion/demo";
import {
  drawPairs,
  flowMlp,
  inspectFlow,
  logitNormalTime,
  reflow,
  sampleOde,
  trainFlow,
  velocityOf,
  type FlowMlpParams,
} from "fluxion/flow";
import { exportOnnx } from "fluxion/onnx";
import { adam, cosineSchedule } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";
import type { Phase } from "../protocol.js";
import { controls, counts } from "./controls.js";
import { spread, unpackDrawing } from "./drawing.js";
import { shareOn, viewsOf, type Look } from "./looks.js";

// Waves across the plane: without them thin lines come out as clouds.
const network = flowMlp({ shape: [2], width: 128, waves: 32 });
const model = network.apply;
const [rows, shown, fine, stepsPerTurn, pairsPerTurn] = [16_000, 300, 40, 20, 4000];
/** The first step of the sampler is what reflow is for: it sees early times more often. */
const early = logitNormalTime({ mean: -1, std: 1.5 });

/** A run that says how far it is and can be taken home. */
export interface StraightenRun extends DemoRun {
  readonly phase: () => Phase;
  /** The sampler as it is now, one Euler step from noise z [N, 2] to points, as an ONNX file. */
  readonly file: () => Promise<Uint8Array>;
}

/** @param wanted the controls' values, and `drawing` as `packDrawing` writes it @throws Error for no drawing */
async function create(wanted: DemoState): Promise<StraightenRun> {
  const { training: steps, reflows, seed } = demoState(controls, wanted);
  const drawing = unpackDrawing(String(wanted["drawing"]));
  if (!drawing) throw new Error("There is no drawing.");
  const noise = async (stream: number, n: number): Promise<Float32Array> =>
    (await random.normal(random.key(1000 * seed + stream), [n, 2]).data()) as Float32Array;
  const target = { data: spread(drawing, rows, await noise(1, rows)), shape: [rows, 2] };
  const z = tensor(await noise(2, shown), { shape: [shown, 2] });
  const real = { data: spread(drawing, 1000, await noise(3, 1000)), shape: [1000, 2] };
  const stop = new AbortController();
  const losses: [number, number][][] = [];
  let params: FlowMlpParams = network.init(random.key(seed));
  let phase: Phase = { text: "Ready", done: 0 };
  /** The first flow, when it has been trained. */
  let first: Look | undefined;

  const look = compile((p: FlowMlpParams, start: Tensor) => {
    const { trajectory, ends, straightness } = inspectFlow(velocityOf(model, p), start, {
      ...{ steps: fine, counts },
    });
    return { trajectory, ends, straightness };
  });
  const pairOf = compile((p: FlowMlpParams, start: Tensor) =>
    sampleOde(velocityOf(model, p), start, { steps: fine }),
  );
  const seen = async (): Promise<Look> => {
    const { trajectory, ends, straightness } = await look(params, z);
    const points = await Promise.all(ends.map(async (t) => (await t.data()) as Float32Array));
    return {
      paths: (await trajectory.data()) as Float32Array,
      ends: points,
      straightness: await straightness.item(),
      distances: points.map((data) => slicedWasserstein({ data, shape: [shown, 2] }, real)),
      shares: points.map((data) => shareOn(data, real.data)),
      covers: points.map((data) => shareOn(real.data, data)),
    };
  };

  const turns = inTurns(async (pause) => {
    let raw = params;
    const say = (text: string, round: number, [made, of]: [number, number], share: number): void => {
      const count = `${made.toLocaleString("en")} of ${of.toLocaleString("en")}`;
      phase = { text: `${text}: ${count}`, done: (round + share) / (reflows + 1) };
    };
    for (let round = 0; round <= reflows; round++) {
      const name = round === 0 ? "First training" : reflows > 1 ? `Reflow ${round}` : "Reflow";
      const curve: [number, number][] = [];
      const common = {
        ...{ model, params: raw, steps, seed: seed + round, ema: { decay: 0.99, warmup: true } },
        ...{ batchSize: 512, stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn, signal: stop.signal },
        optimizer: adam({ learningRate: cosineSchedule({ init: 8e-3, steps }) }),
        onRecord: ({ step, loss }: { step: number; loss: number }) => void curve.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { step: number; ema?: { average: FlowMlpParams } }) => {
            params = snapshot.ema!.average;
            say(name, round, [snapshot.step, steps], snapshot.step / steps);
            await pause();
          },
        },
      };
      if (round === 0) {
        losses.push(curve);
        raw = (await trainFlow({ ...common, data: { x1: target } })).params;
        first = await seen();
        continue;
      }
      const teacher = params;
      let made = 0;
      const ends = async (start: Tensor): Promise<Tensor> => {
        const points = await pairOf(teacher, start);
        made += pairsPerTurn;
        say("Drawing pairs of start and end", round, [made, rows], 0);
        await pause();
        return points;
      };
      const data = await drawPairs(ends, {
        ...{ n: rows, batchSize: pairsPerTurn, shape: [2], seed: seed + round, signal: stop.signal },
      });
      losses.push(curve);
      raw = (await reflow({ ...common, data, objective: { time: early } })).params;
    }
    phase = { text: "Done", done: 1 };
  });

  return {
    step: () => turns.next(),
    phase: () => phase,
    async views() {
      const now = await seen();
      const curves = losses.map((points, i) => ({
        name: i === 0 ? "first training" : `reflow ${i}`,
        points: [...points],
      }));
      const looks = first && losses.length > 1 ? { before: first, after: now } : { before: now };
      return viewsOf(looks, curves, real.data, shown);
    },
    file: () =>
      exportOnnx(
        (p: FlowMlpParams, start: Tensor) => sampleOde(velocityOf(model, p), start, { steps: 1 }),
        [z],
        { params, dynamicBatch: true, portable: true, inputNames: ["noise"], outputNames: ["points"] },
      ),
    async release() {
      stop.abort();
      await turns.next().catch(() => undefined);
      await Promise.all([look.release(), pairOf.release()]);
    },
  };
}

/** As the worker takes it, beside the demos of papers. */
export const demo = { create };
