// Photographs of clothes with a part missing, filled in by a flow that learns to draw clothes meanwhile.
import { compile, random, tensor, type Tensor } from "fluxion";
import { fromSigned } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  centreBox,
  droppedCondition,
  flowChef,
  freeDom,
  gaussianBlur,
  independentCoupling,
  masking,
  misfit,
  pooling,
  sampleOde,
  trainFlow,
  type FlowMlpParams,
  type Measurement,
  type SampleHook,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import { network, nullClass, shape } from "../fashion14.js";
import { heldOut, loadParts14 } from "../fashion-held-out.js";
import { box, classless, psnr } from "./restore.js";

const controls = {
  task: {
    kind: "choice",
    label: "What is missing",
    options: [
      { value: "box", label: "A box in the middle" },
      { value: "half", label: "The right half" },
      { value: "size", label: "Half of its size" },
      { value: "sharpness", label: "Sharpness" },
    ],
    initial: "box",
  },
  box: { kind: "range", label: "Side of the box, pixels", min: 2, max: 12, step: 1, initial: box },
  stepSize: { kind: "range", label: "Step size", min: 0, max: 0.6, step: 0.02, initial: 0.08 },
  innerSteps: { kind: "range", label: "Gradient steps a step", min: 1, max: 5, step: 1, initial: 1 },
  steps: { kind: "range", label: "Steps of the sampler", min: 10, max: 100, step: 5, initial: 40 },
  training: { kind: "range", label: "Training steps", min: 100, max: 2000, step: 100, initial: 600 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [shown, judged, stepsPerTurn] = [8, 32, 20];

function measurementOf(task: string, side: number): Measurement {
  const right = Array.from({ length: 196 }, (_, i) => (i % 14 < 7 ? 1 : 0));
  switch (task) {
    case "half":
      return masking(tensor(right, { shape }));
    case "size":
      return pooling(2);
    case "sharpness":
      return gaussianBlur(5, 1.5);
    default:
      return masking(centreBox([14, 14], side));
  }
}

async function create(wanted: DemoState) {
  const { task, box: side, stepSize, innerSteps, steps, training, seed } = demoState(controls, wanted);
  const { train: data, held } = await loadParts14();
  const { x: images } = heldOut(held, judged, seed);
  const noise = random.normal(random.key(seed + 500), [judged, ...shape]);
  const measurement = measurementOf(task, side);
  const stop = new AbortController();
  const losses: [number, number][] = [];
  let params: FlowMlpParams = network.init(random.key(seed));

  const restore = compile((p: FlowMlpParams, z: Tensor, x: Tensor) => {
    const cost = misfit(measurement, measurement.apply(x));
    const by = (...hooks: SampleHook[]): Tensor => sampleOde(classless(p, judged), z, { steps, hooks });
    const known = measurement.adjoint(measurement.apply(x)).div(measurement.gain);
    const ways = {
      known,
      unguided: by(),
      flowChef: by(flowChef({ cost, stepSize, innerSteps })),
      exact: by(freeDom({ cost, stepSize })),
    };
    const ratios = Object.values(ways).map((way) => psnr(way, x));
    return { ways, ratios, left: measurement.apply(ways.flowChef).sub(measurement.apply(x)).square().mean() };
  });

  const turns = inTurns(async (pause) => {
    await trainFlow({
      ...{
        model: network.apply,
        params,
        data,
        seed,
        steps: training,
        batchSize: 128,
        stepsPerCall: stepsPerTurn,
      },
      ...{ optimizer: adam({ learningRate: 2e-3 }), ema: { decay: 0.98, warmup: true }, signal: stop.signal },
      objective: {
        coupling: droppedCondition(independentCoupling(), { rate: 0.5, nullCond: nullClass }),
      },
      recordEvery: stepsPerTurn,
      onRecord: ({ step, loss }) => void losses.push([step, loss]),
      // The loop waits here for the page's next turn.
      checkpoint: {
        every: stepsPerTurn,
        save: async (snapshot) => {
          params = snapshot.ema!.average;
          await pause();
        },
      },
    });
  });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const { ways, ratios, left } = await restore(params, noise, images);
      const rows = [images, ways.known, ways.unguided, ways.flowChef, ways.exact];
      const pixels = new Float32Array(rows.length * shown * 196);
      for (const [i, row] of rows.entries())
        pixels.set(((await row.data()) as Float32Array).subarray(0, shown * 196), i * shown * 196);
      const all = rows.length * shown;
      const [known, unguided, chef, exact] = await Promise.all(ratios.map((r) => r.item()));
      return [
        {
          kind: "images",
          title:
            "Rows: photographs; what is known of them; drawn freely; steered by FlowChef; by the exact gradient",
          pixels: Uint8Array.from(fromSigned({ data: pixels, shape: [all, ...shape] }).data),
          shape: [all, 14, 14, 1],
          columns: shown,
        },
        {
          kind: "figures",
          title: `Likeness to ${judged} photographs, peak signal-to-noise ratio in dB`,
          figures: [
            { name: "what is known", value: known! },
            { name: "drawn freely", value: unguided! },
            { name: "FlowChef", value: chef!, note: "one evaluation a step, no gradient of the network" },
            { name: "exact gradient", value: exact!, note: "two evaluations and a gradient a step" },
            { name: "misfit that FlowChef leaves", value: await left.item(), note: "mean square" },
          ],
        },
        {
          kind: "curves",
          title: "Training loss",
          x: { label: "step" },
          y: { label: "loss", logarithmic: true },
          curves: [{ name: "flow", points: [...losses] }],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
      await restore.release();
    },
  };
}

/** What is missing, filled in. */
export const demo: Demo = {
  id: "flowchef",
  caption:
    "A network learns to draw clothes from noise. While it draws, it is steered towards what is known of a photograph: the rest it makes up. FlowChef steers without going back through the network.",
  watch: {
    label: "Likeness of what FlowChef restores",
    note: "peak signal-to-noise ratio in dB",
    better: "higher",
    of: "FlowChef",
  },
  controls,
  presets: [
    {
      name: "A box in the middle",
      note: "The fourth row fills the box of the second so that it fits; the fifth goes through the network for it and is a little closer, at about three times the work.",
      shows: "effect",
      state: {},
    },
    {
      name: "The right half",
      note: "Half of a garment says much about the other half, not everything: sleeves and straps are guessed.",
      shows: "effect",
      state: { task: "half" },
    },
    {
      name: "Too long a step",
      note: "Early on the predicted picture moves with the network, which FlowChef does not look at. Steps this long go over the top, and the picture with them.",
      shows: "failure",
      state: { stepSize: 0.6, innerSteps: 3 },
    },
    {
      name: "Not steered at all",
      note: "With step size 0 the three last rows are the same: clothes, but not these.",
      shows: "failure",
      state: { stepSize: 0 },
    },
  ],
  create,
};
