// One binary network trained twice at once: by the clipped estimator, and by ReSTE with a power of one's own.
import { compile, tensor, type Tensor } from "fluxion";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { clippedStraightThrough, powerSchedule, reste } from "fluxion/quantize";
import { fashionTask, once } from "../fashion-classifier.js";
import { course, testAccuracy, type Params, type Variant } from "./network.js";

const controls = {
  power: {
    kind: "range",
    label: "Power o",
    min: 1,
    max: 30,
    step: 0.1,
    initial: 3,
    logarithmic: true,
  },
  scheduled: { kind: "toggle", label: "Power rises from 1", initial: true },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [images, epochs, perTurn, perLook] = [3000, 8, 10, 30];
const task = once(() => fashionTask({ train: images, tune: 10, test: 1000 }));
/** Where the estimator's curve is drawn, float32 [400]. */
const line = Float32Array.from({ length: 400 }, (_, i) => -2 + (4 * (i + 0.5)) / 400);
const estimator = reste();
type Curve = [number, number][];
/** The axis of all courses. */
const steps = { label: "step", min: 0, max: (epochs * images) / 100 };

async function create(wanted: DemoState) {
  const { power, scheduled, seed } = demoState(controls, wanted);
  const data = await task();
  const stop = new AbortController();
  const powerAt = (epoch: number): number => (scheduled ? powerSchedule(epoch, epochs, power) : power);
  const draw = compile((x: Tensor, o: Tensor) => [estimator.surrogate(x, o), estimator.slope(x, o)] as const);

  const contestant = (name: string, variant: Variant) => {
    const curves = { loss: [] as Curve, accuracy: [] as Curve, error: [] as Curve, instability: [] as Curve };
    const judge = compile((p: Params) => testAccuracy(p, data, variant.estimator));
    const turns = inTurns(async (pause) => {
      await course({
        ...{ ...variant, task: data, size: images, epochs, seed, signal: stop.signal, every: perTurn },
        onRecord({ step, loss, error, instability }) {
          if (step % perTurn !== 0) return;
          curves.loss.push([step, loss]);
          curves.error.push([step, error!]);
          curves.instability.push([step, instability!]);
        },
        async look(params, step) {
          if (step === perTurn || step % perLook === 0)
            curves.accuracy.push([step, await (await judge(params)).item()]);
          await pause();
        },
      });
    });
    return { name, curves, turns, judge };
  };
  const both = [
    contestant("clipped STE", { estimator: clippedStraightThrough(), power: () => 1 }),
    contestant("ReSTE", { estimator, power: powerAt }),
  ] as const;
  const curvesOf = (what: keyof (typeof both)[0]["curves"]) =>
    both.map(({ name, curves }) => ({ name, points: [...curves[what]] }));
  const last = (curve: Curve): number => curve.at(-1)?.[1] ?? 0;

  return {
    async step() {
      const states = [];
      for (const { turns } of both) states.push(await turns.next());
      return states.includes("running") ? ("running" as const) : ("done" as const);
    },
    async views(): Promise<View[]> {
      const step = both[1].curves.loss.at(-1)?.[0] ?? 0;
      const o = powerAt(Math.min(epochs, Math.floor(step / (images / 100))));
      const [value, slope] = await draw(tensor(line), tensor(o));
      const [f, s] = [(await value.data()) as Float32Array, (await slope.data()) as Float32Array];
      const along = (y: Float32Array): Curve => [...line].map((x, i) => [x, y[i]!]);
      return [
        {
          ...{ kind: "curves", whole: true },
          title: "What stands in for the sign now",
          ...{ x: { label: "real weight or activation" }, y: { label: "" } },
          curves: [
            { name: "f, towards the sign", points: along(f) },
            { name: "slope for the gradient", points: along(s) },
          ],
        },
        {
          kind: "curves",
          title: "Accuracy on 1000 test images",
          ...{ x: steps, y: { label: "accuracy", max: 1 } },
          curves: curvesOf("accuracy"),
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{
            x: steps,
            y: { label: "loss", logarithmic: true },
          },
          curves: curvesOf("loss"),
        },
        {
          kind: "curves",
          title: "Estimating error",
          ...{
            x: steps,
            y: { label: "distance to the sign" },
          },
          curves: curvesOf("error"),
        },
        {
          kind: "curves",
          title: "Instability of the gradients",
          ...{
            x: steps,
            y: { label: "variance of |g|", logarithmic: true },
          },
          curves: curvesOf("instability"),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "power o", value: o },
            {
              name: "error, ReSTE over clipped",
              value: last(both[1].curves.error) / last(both[0].curves.error) || 1,
            },
            ...both.map(({ name, curves }) => ({ name: `accuracy, ${name}`, value: last(curves.accuracy) })),
            ...both.map(({ name, curves }) => ({ name: `loss, ${name}`, value: last(curves.loss) })),
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      for (const { turns, judge } of both) {
        await turns.next();
        await judge.release();
      }
      await draw.release();
    },
  };
}

/** Binary layers on Fashion-MNIST. */
export const demo: Demo = {
  id: "reste",
  caption:
    "Three hidden layers know only signs, of weights and of activations: 1 bit each. The sign has no slope, so a stand-in trains it. The nearer the stand-in is to the sign, the smaller its error, and the wilder the gradients.",
  watch: {
    label: "Distance of the stand-in from the sign",
    note: "over that of the clipped estimator",
    better: "lower",
    of: "error, ReSTE over clipped",
  },
  picture: {
    alt: "The error of the clipped estimator stays; that of ReSTE falls as its power rises.",
    views: ["Estimating error"],
  },
  controls,
  presets: [
    {
      name: "Between the ends",
      note: "The power rises from 1 to 3: the error falls below the clipped estimator's, the gradients stay usable, the accuracy keeps up.",
      shows: "effect",
      state: { power: 3, scheduled: true },
    },
    {
      name: "As the paper's first stand-in",
      note: "Power 1 is the identity up to a cut at 1.5: the error is the clipped estimator's, and so is everything else, nearly.",
      shows: "effect",
      state: { power: 1, scheduled: false },
    },
    {
      name: "Too near to the sign",
      note: "Power 10 from the start: the smallest error, gradients hundreds of times as uneven, and the accuracy is the worst.",
      shows: "failure",
      state: { power: 10, scheduled: false },
    },
  ],
  create,
};
