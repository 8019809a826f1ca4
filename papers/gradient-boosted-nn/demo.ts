// A network grows unit by unit, and the regions of three kinds of iris with it; then its last units are switched off.
import { gatherRows, loadDataset, partition, type ArrayData } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  fitBoosted,
  fitSigmoidNetwork,
  predictBoosted,
  type BoostedModel,
  type SigmoidNetworkFit,
} from "fluxion/solve";
import { accuracy } from "./data.js";

const controls = {
  units: { kind: "range", label: "Units", min: 2, max: 100, step: 2, initial: 40 },
  unitsPerStep: { kind: "range", label: "Units a step", min: 1, max: 4, step: 1, initial: 1 },
  rate: { kind: "range", label: "Learning rate", min: 0.02, max: 1, step: 0.01, initial: 0.25 },
  subsample: { kind: "range", label: "Rows of a step", min: 0.1, max: 1, step: 0.05, initial: 0.75 },
  kept: { kind: "range", label: "Part of the units kept", min: 0, max: 1, step: 0.05, initial: 1 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const side = 60;
/** Length and width of the petals in cm, as far as the map shows them. */
const [length, width] = [7.2, 2.8];
const task = "classification";
const kinds = ["setosa", "versicolor", "virginica"];

/** Petals of all irises, in two parts. */
async function petals(seed: number) {
  const { features, labels } = await loadDataset("iris");
  const rows: ArrayData<Float64Array> = {
    data: Float64Array.from({ length: 300 }, (_, i) => features.data[4 * (i >> 1) + 2 + (i & 1)]!),
    shape: [150, 2],
  };
  const { train, holdout } = partition(150, { seed, holdout: 0.4, labels: labels.data });
  const part = (indices: Int32Array) => ({
    x: gatherRows(rows, indices),
    y: Array.from(indices, (i) => labels.data[i]!),
  });
  return { seen: part(train), kept: part(holdout) };
}

const flowersOf = ({ x, y }: { x: ArrayData; y: readonly number[] }, kind: number): Float32Array =>
  Float32Array.from(
    y.flatMap((of, i) => (of === kind ? [Number(x.data[2 * i]), Number(x.data[2 * i + 1])] : [])),
  );

const map: ArrayData<Float64Array> = {
  data: Float64Array.from({ length: 2 * side * side }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0
      ? (((cell % side) + 0.5) / side) * length
      : (1 - (Math.floor(cell / side) + 0.5) / side) * width;
  }),
  shape: [side * side, 2],
};

async function create(wanted: DemoState) {
  const { units, unitsPerStep, rate, subsample, kept: part, seed } = demoState(controls, wanted);
  const { seen, kept } = await petals(seed);
  const stop = new AbortController();
  const losses: [number, number][] = [];
  let model: BoostedModel | undefined;
  let adam: SigmoidNetworkFit | undefined;
  const switched: { boosted: [number, number][]; adam: [number, number][] } = { boosted: [], adam: [] };

  const turns = inTurns(async (pause) => {
    await fitBoosted(seen.x, seen.y, {
      ...{ task, units, unitsPerStep: Math.min(unitsPerStep, units), learningRate: rate, subsample, seed },
      signal: stop.signal,
      async onIteration({ iteration, residual, model: now }) {
        losses.push([iteration * unitsPerStep, residual]);
        model = now;
        await pause();
      },
    });
    if (stop.signal.aborted || !model) return;
    adam = await fitSigmoidNetwork(seen.x, seen.y, { task, units, epochs: 300, seed, signal: stop.signal });
    const all = model.hidden.length;
    for (let n = 0; n <= all; n += Math.max(1, Math.round(all / 20))) {
      switched.boosted.push([n, accuracy(predictBoosted(model, kept.x, { units: n }), kept.y)]);
      const off = Array.from({ length: units }, (_, j) => j).slice(Math.round((n * units) / all));
      switched.adam.push([n, accuracy(await adam.predict(kept.x, { off }), kept.y)]);
    }
  });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const inUse = model ? Math.round(part * model.hidden.length) : 0;
      const answer = (x: ArrayData): Float64Array =>
        model ? predictBoosted(model, x, { units: inUse }) : new Float64Array(x.shape[0]!);
      return [
        {
          ...{ kind: "heatmap", title: "Kinds of iris, and the flowers trained on", shape: [side, side] },
          values: Float32Array.from(answer(map)),
          x: { label: "length of the petal, cm", min: 0, max: length },
          y: { label: "width of the petal, cm", min: 0, max: width },
          classes: kinds,
          points: kinds.map((name, kind) => ({ name, points: flowersOf(seen, kind) })),
        },
        {
          ...{
            kind: "curves",
            title: "Training loss",
            x: { label: "units", min: 0, max: units },
            y: { label: "loss", logarithmic: true },
          },
          curves: [{ name: "boosted", points: [...losses] }],
        },
        {
          ...{
            kind: "curves",
            title: "Test accuracy with the first units only",
            x: { label: "units in use", min: 0, max: units },
          },
          y: { label: "accuracy", min: 0, max: 1 },
          curves: [
            { name: "boosted", points: [...switched.boosted] },
            { name: "trained by Adam as a whole", points: [...switched.adam] },
          ],
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "units in use", value: inUse, note: `of ${model?.hidden.length ?? 0}` },
            { name: "accuracy, training", value: accuracy(answer(seen.x), seen.y) },
            { name: "accuracy, test", value: accuracy(answer(kept.x), kept.y) },
            ...(adam
              ? [{ name: "accuracy, test, Adam", value: accuracy(await adam.predict(kept.x), kept.y) }]
              : []),
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A fit that waits for its turn wakes up, sees the signal and ends.
      await turns.next().catch(() => undefined);
    },
  };
}

/** Networks by boosting. */
export const demo: Demo = {
  id: "gradient-boosted-nn",
  caption:
    "A network learns to tell irises apart by their petals, a unit at a time: each fits what the units before it have left. So the first units are worth most, and the last can be switched off.",
  watch: {
    label: "Accuracy on flowers not trained on",
    note: "with the units in use",
    better: "higher",
    of: "accuracy, test",
  },
  picture: {
    alt: "A map of petals parted into three kinds of iris.",
    views: ["Kinds of iris"],
  },
  controls,
  presets: [
    {
      name: "Unit by unit",
      note: "Watch the regions form with the first units; the curve at the end shows how few units would have done, where the network trained as a whole needs nearly all.",
      shows: "effect",
      state: {},
    },
    {
      name: "A quarter of the units",
      note: "The same network with three quarters of its units off: its map has hardly changed.",
      shows: "effect",
      state: { kept: 0.25 },
    },
    {
      name: "Full steps",
      note: "At a learning rate of 1, the authors' default, on few rows a step, the loss goes up and down in the first steps: single units are fitted to noise and taken at full length.",
      shows: "failure",
      state: { rate: 1, subsample: 0.15 },
    },
  ],
  create,
};
