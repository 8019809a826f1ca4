// A batch that grows while it is looked at, beside one that does not.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { adagrad, adagradNorm, adam, momentum, type Transform } from "fluxion/optim";
import { trainAdaptive, type AdaptiveRecord } from "fluxion/train";
import { growing, quality } from "./regression.js";

const controls = {
  eta: { kind: "range", label: "η of the test", min: 0.3, max: 3, step: 0.1, initial: 1 },
  optimizer: {
    kind: "choice",
    label: "Optimizer",
    options: [
      { value: "adagrad", label: "AdaGrad" },
      { value: "norm", label: "AdaGrad-Norm" },
      { value: "adam", label: "Adam" },
      { value: "sgd", label: "SGD with momentum" },
    ],
    initial: "adagrad",
  },
  fixed: {
    kind: "range",
    label: "Constant batch beside it",
    min: 8,
    max: 1024,
    step: 8,
    initial: 8,
    logarithmic: true,
  },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const samples = 40_000;

async function create(wanted: DemoState) {
  const { eta, optimizer, fixed, seed } = demoState(controls, wanted);
  const make: Record<string, () => Transform> = {
    adagrad: () => adagrad({ learningRate: 0.02 }),
    norm: () => adagradNorm({ learningRate: 1, initialAccumulator: 1e-4 }),
    adam: () => adam({ learningRate: 1e-3 }),
    sgd: () => momentum({ learningRate: 3e-3 }),
  };
  const stop = new AbortController();
  const contestant = async (title: string, constant: boolean) => {
    const options = await growing(eta, { seed, samples, optimizer: make[optimizer]!() });
    const records: AdaptiveRecord[] = [];
    const now = { params: options.params };
    const turns = inTurns(async (pause) => {
      const result = await trainAdaptive({
        ...options,
        ...{ signal: stop.signal },
        ...(constant ? { batch: { ...options.batch, initial: fixed, max: fixed, round: () => fixed } } : {}),
        onRecord: async (record) => {
          records.push(record);
          if (!constant || records.length % 4 === 0) await pause();
        },
      });
      now.params = result.params;
    });
    return { title, records, now, turns };
  };
  const both = [await contestant("growing", false), await contestant(`constant, ${fixed}`, true)];
  let ends: { name: string; value: number; note: string }[] = [];

  return {
    async step() {
      const states = [];
      for (const { turns } of both) states.push(await turns.next());
      if (states.includes("running")) return "running" as const;
      ends = await Promise.all(
        both.map(async ({ title, now }) => {
          const { loss, gradient, accuracy } = await quality(now.params);
          return {
            name: `loss, ${title}`,
            value: loss,
            note: `‖∇F‖ ${gradient.toFixed(2)}, accuracy ${accuracy.toFixed(3)}`,
          };
        }),
      );
      return "done" as const;
    },
    views(): Promise<View[]> {
      const curve = (of: (r: AdaptiveRecord) => number) =>
        both.map(({ title, records }) => ({ name: title, points: means(records, of) }));
      const x = { label: "examples", min: 0, max: samples };
      return Promise.resolve([
        {
          kind: "curves",
          title: "Examples in a batch",
          ...{ x, y: { label: "batch", logarithmic: true } },
          curves: curve((r) => r.batchSize),
        },
        {
          kind: "curves",
          title: "Training loss, by examples processed",
          ...{ x, y: { label: "loss", min: 0 } },
          curves: curve((r) => r.loss),
        },
        {
          kind: "curves",
          title: "Noise over signal, ‖Var‖/(b·‖ḡ‖²): the batch grows above η²",
          ...{ x, y: { label: "ratio", logarithmic: true } },
          curves: [
            ...curve((r) => r.noise),
            {
              ...{ name: "η²", style: "dashed" },
              points: [
                [0, eta ** 2],
                [samples, eta ** 2],
              ],
            },
          ],
        },
        {
          kind: "figures",
          title: ends.length > 0 ? "On all training images, at the end" : "Now",
          figures:
            ends.length > 0
              ? ends
              : both.map(({ title, records }) => ({
                  name: `batch, ${title}`,
                  value: records.at(-1)?.batchSize ?? 0,
                  note: `${records.at(-1)?.samples ?? 0} examples in ${records.length} steps`,
                })),
        },
      ]);
    },
    async release() {
      stop.abort();
      for (const { turns } of both) await turns.next();
    },
  };
}

/** Means over windows of a hundredth of all examples: single batches of 8 jump. */
function means(records: readonly AdaptiveRecord[], of: (r: AdaptiveRecord) => number): [number, number][] {
  const points: [number, number][] = [];
  for (let i = 0, from = 0; i < records.length; i++) {
    if (records[i]!.samples < ((points.length + 1) * samples) / 100 && i < records.length - 1) continue;
    const window = records.slice(from, i + 1);
    points.push([records[i]!.samples, window.reduce((sum, r) => sum + of(r), 0) / window.length]);
    from = i + 1;
  }
  return points;
}

/** AdAdaGrad on softmax regression. */
export const demo: Demo = {
  id: "adadagrad",
  caption:
    "Both runs may look at 40,000 images. One keeps its batch; the other enlarges it whenever the gradient's noise is larger than its signal.",
  watch: {
    label: "Examples in the growing batch",
    note: "the more, the fewer steps for as many examples",
    better: "higher",
    of: { title: "Examples in a batch", curve: "growing" },
  },
  picture: {
    alt: "One batch grows, the other stays as it is.",
    views: ["Examples in"],
    at: [60],
  },
  controls,
  presets: [
    {
      name: "The batch grows by itself",
      note: "Within a few dozen steps the batch grows from 8 to a thousand and more, as the gradient gets small against its noise.",
      shows: "effect",
      state: { eta: 1, optimizer: "adagrad", fixed: 8 },
    },
    {
      name: "With any optimizer",
      note: "The controller knows nothing of the optimizer: here it is Adam's batch that grows.",
      shows: "effect",
      state: { eta: 1, optimizer: "adam", fixed: 8 },
    },
    {
      name: "Too strict a test",
      note: "With η = 0.3 the batch is half of the set after a few steps: the 40,000 images are soon used up, and the loss has hardly fallen. At equal examples small batches fit better.",
      shows: "failure",
      state: { eta: 0.3, optimizer: "adagrad", fixed: 8 },
    },
  ],
  create,
};
