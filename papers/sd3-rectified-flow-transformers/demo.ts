// Two flows of images in training side by side: one draws its times uniformly, one as chosen; and how few steps each needs.
import { random, tensor } from "fluxion";
import { fromSigned, gatherRows, type ArrayData } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  flowLoss,
  flowMlp,
  generatePairs,
  shiftedGrid,
  shiftedTime,
  timeNamed,
  trainFlow,
  uniformTime,
  type FlowMlpParams,
  type TimeDistribution,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import { fashion7Quality, loadFashion7, shape } from "../fashion7.js";

const controls = {
  time: {
    kind: "choice",
    label: "Times of the second flow",
    options: [
      { value: "logit-normal", label: "Logit-normal" },
      { value: "mode", label: "Mode with heavy tails" },
      { value: "cosmap", label: "CosMap" },
      { value: "uniform", label: "Uniform" },
    ],
    initial: "logit-normal",
  },
  mean: { kind: "range", label: "Logit-normal: location", min: -3, max: 3, step: 0.1, initial: 0 },
  std: { kind: "range", label: "Logit-normal: spread", min: 0.1, max: 2.5, step: 0.1, initial: 1 },
  scale: { kind: "range", label: "Mode: scale", min: -1, max: 1.75, step: 0.05, initial: 1.25 },
  shift: { kind: "range", label: "Shift of both times and steps", min: 0.25, max: 6, step: 0.25, initial: 1 },
  samplerSteps: { kind: "range", label: "Steps of the sampler", min: 1, max: 25, step: 1, initial: 5 },
  training: { kind: "range", label: "Steps of training", min: 200, max: 3000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const network = flowMlp({ shape, width: 192 });
const model = network.apply;
const [shown, judged, stepsPerTurn, bins] = [10, 1000, 20, 10];

async function create(wanted: DemoState) {
  const { time: name, mean, std, scale, shift, samplerSteps, training, seed } = demoState(controls, wanted);
  const options = name === "logit-normal" ? { mean, std } : name === "mode" ? { scale } : {};
  const shifted = (time: TimeDistribution): TimeDistribution =>
    shift === 1 ? time : shiftedTime(time, shift);
  const arms = [
    { name: "uniform", time: shifted(uniformTime()) },
    { name: name === "uniform" ? "uniform too" : name, time: shifted(timeNamed(name, options)) },
  ].map((arm) => ({ ...arm, average: network.init(random.key(seed)), losses: [] as [number, number][] }));
  const images = await loadFashion7();
  const quality = await fashion7Quality(images);
  const stop = new AbortController();
  const grid = shiftedGrid({ steps: samplerSteps, shift });
  const held = gatherRows(
    images,
    Array.from({ length: 512 }, (_, i) => i),
  );

  const turns = arms.map((arm) =>
    inTurns(async (pause) => {
      await trainFlow({
        ...{ model, params: arm.average, data: { x1: images }, seed, steps: training, batchSize: 128 },
        ...{ objective: { time: arm.time }, optimizer: adam({ learningRate: 2e-3 }), signal: stop.signal },
        ...{ ema: { decay: 0.99, warmup: true }, stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
        onRecord: ({ step, loss }) => void arm.losses.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            arm.average = snapshot.ema!.average;
            await pause();
          },
        },
      });
    }),
  );

  const draw = (params: FlowMlpParams): Promise<ArrayData<Float32Array>> =>
    generatePairs({ model, params, shape, n: judged, grid, seed: seed + 500 }).then(({ x1 }) => x1);
  /** Loss at every tenth of the time, by the same measure for both. */
  const profile = async (params: FlowMlpParams): Promise<[number, number][]> => {
    const x1 = tensor(held.data, { shape: held.shape });
    const at = Array.from({ length: bins }, async (_, i): Promise<[number, number]> => {
      const time = uniformTime({ min: i / bins, max: (i + 1) / bins });
      return [(i + 0.5) / bins, await flowLoss(model, { time })(params, { x1 }, random.key(7)).item()];
    });
    return Promise.all(at);
  };

  return {
    async step() {
      const ended = await Promise.all(turns.map((turn) => turn.next()));
      return ended.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    async views(): Promise<View[]> {
      const samples = [await draw(arms[0]!.average), await draw(arms[1]!.average)];
      const rows = samples.map(
        (x1) => fromSigned({ data: x1.data.subarray(0, shown * 49), shape: [shown, ...shape] }).data,
      );
      const profiles = await Promise.all(arms.map((arm) => profile(arm.average)));
      const ticks = Array.from({ length: 81 }, (_, i) => Math.min(0.999, Math.max(0.001, i / 80)));
      const distances = [await quality(samples[0]!), await quality(samples[1]!)];
      return [
        {
          kind: "images",
          title: `Samples in ${samplerSteps} steps`,
          rows: arms.map((arm) => arm.name),
          pixels: Uint8Array.from(rows.flatMap((row) => [...row])),
          shape: [2 * shown, 7, 7, 1],
          columns: shown,
        },
        {
          ...{ kind: "curves", whole: true },
          title: "How often a time is drawn (0 is noise, 1 the image)",
          ...{ x: { label: "t", min: 0, max: 1 }, y: { label: "density", min: 0 } },
          curves: arms.map((arm) => ({
            name: arm.name,
            points: ticks.map((t) => [t, arm.time.density!(t)] as const),
          })),
        },
        {
          ...{ kind: "curves", whole: true },
          title: "What remains of the loss at each time",
          ...{ x: { label: "t", min: 0, max: 1 }, y: { label: "loss", logarithmic: true } },
          curves: arms.map((arm, i) => ({ name: arm.name, points: profiles[i]! })),
        },
        {
          kind: "curves",
          title: "Training loss: not comparable, each weighs times in its own way",
          ...{ x: { label: "step", min: 0, max: training }, y: { label: "loss", logarithmic: true } },
          curves: arms.map((arm) => ({ name: arm.name, points: [...arm.losses] })),
        },
        {
          kind: "figures",
          title: `Fréchet distance of ${judged} samples in ${samplerSteps} steps`,
          figures: [
            ...arms.map((arm, i) => ({ name: arm.name, value: distances[i]!, note: "less is better" })),
            { name: "second over first", value: distances[1]! / distances[0]! },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // Loops that wait for their turn wake up, see the signal and end.
      await Promise.all(turns.map((turn) => turn.next()));
      await quality.release();
    },
  };
}

/** Which times to train at. */
export const demo: Demo = {
  id: "sd3-rectified-flow-transformers",
  caption:
    "The same network learns the same images twice with the same number of steps; only the times it is trained at differ. Near both ends the velocity is easy to guess, so time spent in the middle pays.",
  watch: {
    label: "Fréchet distance with the chosen times, relative to uniform ones",
    note: "below 1: the choice pays",
    better: "lower",
    of: "second over first",
    between: [1, 50],
  },
  picture: {
    alt: "How often a time is drawn: uniformly, and most often in the middle.",
    views: ["How often"],
    at: [1],
  },
  controls,
  presets: [
    {
      name: "Logit-normal",
      note: "After a few hundred steps the flow that trains in the middle has about half the Fréchet distance in five steps.",
      shows: "effect",
      state: {},
    },
    {
      name: "Mode with heavy tails",
      note: "More weight in the middle without giving up the ends: between the two.",
      shows: "effect",
      state: { time: "mode" },
    },
    {
      name: "Too narrow",
      note: "Times only about the middle: the loss there is the best, but nobody knows the way in or out.",
      shows: "failure",
      state: { std: 0.2 },
    },
    {
      name: "A shift for another resolution",
      note: "Times and steps moved to the noise, as images four times as wide would need; these are small, and lose detail.",
      shows: "failure",
      state: { shift: 4 },
    },
  ],
  create,
};
