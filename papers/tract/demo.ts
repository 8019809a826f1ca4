// The same network trained twice at once, with TrAct before the optimizer and without.
import { compile, random } from "fluxion";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { chain, identity, momentum, tract, type Transform } from "fluxion/optim";
import { train } from "fluxion/train";
import { fashionTask, once } from "../fashion-classifier.js";
import { filters, networkOf, type NetworkName } from "./networks.js";

const controls = {
  network: {
    kind: "choice",
    label: "Network",
    options: [
      { value: "conv", label: "Convolutions" },
      { value: "mlp", label: "Perceptron" },
    ],
    initial: "conv",
  },
  lambda: { kind: "range", label: "λ", min: 0.01, max: 10, step: 0.01, initial: 0.1, logarithmic: true },
  rate: { kind: "range", label: "Learning rate", min: 0.005, max: 0.3, step: 0.005, initial: 0.1 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [batchSize, images, perTurn] = [128, 2560, 2];
const task = once(() => fashionTask({ train: images, test: 500, tune: 500 }));

async function create(wanted: DemoState) {
  const { network, lambda, rate, seed } = demoState(controls, wanted);
  const name = network as NetworkName;
  const { init, loss, accuracy, first } = networkOf(name);
  const data = await task();
  const draw = data.batches(batchSize);
  const measure = compile((params: object) => accuracy(params, data.test));
  const stop = new AbortController();

  /** One of the two trainings, as turns of a few steps. */
  const contestant = (title: string, before: Transform) => {
    const losses: [number, number][] = [];
    const accuracies: [number, number][] = [];
    const start = init(random.key(seed));
    const now = { params: start };
    const turns = inTurns(async (pause) => {
      await train({
        ...{ params: start, loss, batches: (step: number) => draw(seed, step), steps: 1000 },
        optimizer: chain(before, momentum({ learningRate: rate })),
        ...{ recordEvery: 1, signal: stop.signal },
        onRecord: ({ step, loss: value }) => void losses.push([step, value]),
        checkpoint: {
          every: perTurn,
          save: async ({ params, step }) => {
            now.params = params;
            if (step % (5 * perTurn) === 0) accuracies.push([step, await (await measure(params)).item()]);
            await pause();
          },
        },
      });
    });
    return { title, losses, accuracies, now, turns };
  };
  const both = [contestant("usual", identity()), contestant("TrAct", tract({ ...first, lambda }))];

  return {
    async step() {
      const states = [];
      for (const { turns } of both) states.push(await turns.next());
      return states.includes("running") ? ("running" as const) : ("done" as const);
    },
    async views(): Promise<View[]> {
      const pictures = await Promise.all(both.map(({ now }) => filters(name, now.params)));
      const last = (curve: readonly [number, number][]): number => curve.at(-1)?.[1] ?? 0;
      const [usual, treated] = both.map(({ losses }) => last(smooth(losses)));
      return [
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0 }, y: { label: "loss", logarithmic: true } },
          curves: both.map(({ title, losses }) => ({ name: title, points: smooth(losses) })),
        },
        {
          kind: "curves",
          title: "Accuracy on 500 test images",
          ...{ x: { label: "step", min: 0 }, y: { label: "accuracy", max: 1 } },
          curves: both.map(({ title, accuracies }) => ({ name: title, points: [...accuracies] })),
        },
        ...pictures.map((picture, i): View => ({
          kind: "images",
          title: `First layer, ${both[i]!.title}`,
          ...picture,
          columns: 8,
        })),
        {
          kind: "figures",
          title: "Now",
          figures: [
            ...both.flatMap(({ title, losses, accuracies }) => [
              { name: `loss, ${title}`, value: last(smooth(losses)) },
              { name: `accuracy, ${title}`, value: last(accuracies) },
            ]),
            { name: "loss, TrAct over usual", value: treated! / usual! || 1 },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      for (const { turns } of both) await turns.next();
      await measure.release();
    },
  };
}

/** Means of the last ten losses: single batches jump. */
const smooth = (curve: readonly [number, number][]): [number, number][] =>
  curve.map(([step], i) => {
    const window = curve.slice(Math.max(0, i - 9), i + 1);
    return [step, window.reduce((sum, [, loss]) => sum + loss, 0) / window.length];
  });

/** TrAct on Fashion-MNIST. */
export const demo: Demo = {
  id: "tract",
  caption:
    "Two copies of one network see the same batches. In one of them the first layer's gradient is replaced by the step that moves its outputs along their own gradient.",
  watch: {
    label: "Training loss with TrAct, relative to without",
    note: "the same batches, the same start",
    better: "lower",
    of: "loss, TrAct over usual",
  },
  picture: {
    alt: "Two training losses: the one with TrAct falls faster.",
    views: ["Training loss"],
    at: [80],
  },
  controls,
  presets: [
    {
      name: "A head start",
      note: "The training loss of the copy with TrAct falls faster, at the same learning rate.",
      shows: "effect",
      state: { network: "conv", lambda: 0.1, rate: 0.1 },
    },
    {
      name: "A wide first layer",
      note: "With 784 inputs the effect on the first epochs is larger still; watch the test accuracy as well.",
      shows: "effect",
      state: { network: "mlp", lambda: 0.1, rate: 0.1 },
    },
    {
      name: "It learns them by heart",
      note: "Let the perceptron run: on these 2,560 images TrAct's training loss goes to 0 first, and its test accuracy ends below the usual one's.",
      shows: "failure",
      state: { network: "mlp", lambda: 0.02, rate: 0.1 },
    },
  ],
  create,
};
