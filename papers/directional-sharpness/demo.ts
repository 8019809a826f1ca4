// A small language model in training, and how sharp the loss is in the directions that other optimizers would take.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { adam, momentum } from "fluxion/optim";
import { once } from "../fashion-classifier.js";
import { characterTask, initial } from "../character-lm.js";
import { pathOf, shadowNames, type Point, type ShadowName } from "./shadows.js";

const controls = {
  real: {
    kind: "choice",
    label: "Trained by",
    options: [
      { value: "sgd", label: "SGD with momentum" },
      { value: "adam", label: "Adam" },
    ],
    initial: "sgd",
  },
  rate: {
    kind: "range",
    label: "Learning rate (SGD's; Adam's is a thirtieth)",
    min: 0.003,
    max: 0.3,
    step: 0.001,
    initial: 0.03,
    logarithmic: true,
  },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [perPoint, points] = [5, 40];
const end = perPoint * points;
const distances = Array.from({ length: 13 }, (_, i) => i / 12);
const task = once(characterTask);

async function create(wanted: DemoState) {
  const { real, rate, seed } = demoState(controls, wanted);
  const text = await task();
  const draw = text.batches(8);
  const path = pathOf(
    {
      ...{ start: initial(text, seed), loss: text.loss, fixed: text.sample(8, seed) },
      batches: (step) => draw(seed, step),
    },
    real === "sgd" ? momentum({ learningRate: rate }) : adam({ learningRate: rate / 30 }),
  );
  const stop = new AbortController();
  const seen: Point[] = [];
  let profile = await path.profile(distances);
  const turns = inTurns(async (pause) => {
    for (let k = 1; k <= points && !stop.signal.aborted; k++) {
      await path.advance(k * perPoint - 2);
      await pause();
      await path.advance(k * perPoint);
      await pause();
      seen.push(await path.measure());
      await pause();
      if (k % 4 !== 1) continue;
      profile = await path.profile(distances);
      await pause();
    }
  });
  const ratio = (point: Point, name: ShadowName): number =>
    Math.abs(point.sharpness[name] / point.sharpness.SGD);

  return {
    step: () => turns.next(),
    views(): Promise<View[]> {
      const last = seen.at(-1);
      return Promise.resolve([
        {
          kind: "bars",
          title: "Size of the curvature along each update, SGD's being 1",
          y: { label: "ratio", logarithmic: true },
          bars: shadowNames.map((name) => ({ name, value: last ? ratio(last, name) : 1 })),
        },
        {
          kind: "curves",
          title: "The same over training",
          ...{ x: { label: "step", min: 0, max: end }, y: { label: "ratio", logarithmic: true } },
          curves: shadowNames.map((name) => ({
            name,
            points: seen.map((p) => [p.step, ratio(p, name)] as const),
            ...(name === "SGD" ? { style: "dashed" } : {}),
          })),
        },
        {
          ...{ kind: "curves", whole: true },
          title: "Loss along each update, by distance",
          ...{ x: { label: "distance", min: 0, max: 1 }, y: { label: "loss of 8 fixed sequences" } },
          curves: shadowNames.map((name) => ({
            name,
            points: profile[name].map((value, i) => [distances[i]!, value] as const),
          })),
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0, max: end }, y: { label: "nats per character" } },
          curves: [{ name: "loss", points: seen.map((p) => [p.step, p.loss] as const) }],
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "step", value: last?.step ?? 0 },
            { name: "loss", value: last?.loss ?? 0 },
            { name: "sharpness along SGD's update", value: last?.sharpness.SGD ?? 0 },
          ],
        },
      ]);
    },
    async release() {
      stop.abort();
      await turns.next();
      await path.release();
    },
  };
}

/** Directional sharpness on a character-level GPT. */
export const demo: Demo = {
  id: "directional-sharpness",
  caption:
    "A small GPT learns to spell. One optimizer moves it; the others look on, and at each point the curvature of the loss is measured along the step that each would take.",
  watch: {
    label: "Curvature along Adam's update, relative to SGD's",
    note: "below 1: flatter",
    better: "lower",
    of: { title: "The same over training", curve: "Adam" },
  },
  picture: {
    alt: "Losses along the steps of six optimizers: the one along SGD's step bends most.",
    views: ["Loss along"],
    at: [70],
  },
  controls,
  presets: [
    {
      name: "Adam's direction is flat",
      note: "Along Adam's update the loss is several times less curved than along SGD's, and clipping half of the coordinates lowers it again by far.",
      shows: "effect",
      state: { real: "sgd", rate: 0.03 },
    },
    {
      name: "On Adam's own path",
      note: "The order is the same where Adam does the training, so it is not a matter of where one stands.",
      shows: "effect",
      state: { real: "adam", rate: 0.03 },
    },
    {
      name: "Flat is not yet fast",
      note: "Clipped Adam's direction is the flattest by far. Look at the losses along the directions: over these distances it moves least, up or down, because its slope is small, too.",
      shows: "failure",
      state: { real: "sgd", rate: 0.1 },
    },
  ],
  create,
};
