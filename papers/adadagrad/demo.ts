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
      const curve = (of: (r: AdaptiveRecord) => readonly [number, number]) =>
        both.map(({ title, records }) => ({ name: title, points: records.map(of) }));
      return Promise.resolve([
        {
          kind: "curves",
          title: "Examples in a batch",
          ...{ x: { label: "step" }, y: { label: "batch", logarithmic: true } },
          curves: curve((r) => [r.step, r.batchSize]),
        },
        {
          kind: "curves",
          title: "Loss of the batch, by examples processed",
          ...{ x: { label: "examples" }, y: { label: "loss" } },
          curves: curve((r) => [r.samples, r.loss]),
        },
        {
          kind: "curves",
          title: "Noise over signal, ‖Var‖/(b·‖ḡ‖²): the batch grows above η²",
          ...{ x: { label: "step" }, y: { label: "ratio", logarithmic: true } },
          curves: curve((r) => [r.step, r.noise]),
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
