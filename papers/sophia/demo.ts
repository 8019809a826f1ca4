// A landscape with one sharp and one flat direction, and who crosses it in how many steps.
import { demoState, type Demo, type DemoState, type View } from "fluxion/demo";
import { adam, hutchinson, sgd, signSgd, sophia, type Transform } from "fluxion/optim";
import { lossesOf, newtonWalk, stepsToArrive, surface, walk } from "./landscape.js";

const controls = {
  rate: { kind: "range", label: "Sophia's learning rate", min: 0.1, max: 2, step: 0.05, initial: 1 },
  gamma: { kind: "range", label: "γ", min: 0.1, max: 10, step: 0.1, initial: 1, logarithmic: true },
  interval: { kind: "range", label: "Steps between estimates", min: 1, max: 10, step: 1, initial: 1 },
  momentum: { kind: "range", label: "Sophia's b1", min: 0, max: 0.95, step: 0.05, initial: 0 },
  descent: {
    kind: "range",
    label: "Gradient descent's rate",
    min: 0.002,
    max: 0.05,
    step: 0.002,
    initial: 0.02,
  },
  adam: { kind: "range", label: "Adam's rate", min: 0.05, max: 1, step: 0.05, initial: 0.3 },
} as const satisfies Demo["controls"];

const [steps, side] = [120, 81];
const [a, b] = [
  { label: "a (sharp)", min: -0.6, max: 1.5 },
  { label: "b (flat)", min: -0.5, max: 5.5 },
];

async function create(wanted: DemoState) {
  const { rate, gamma, interval, momentum, descent, adam: adamRate } = demoState(controls, wanted);
  const estimator = hutchinson({ distribution: "rademacher" });
  const walkers: Record<string, Transform> = {
    Sophia: sophia({ learningRate: rate, weightDecay: 0, b1: momentum, b2: 0, gamma, interval, estimator }),
    Adam: adam({ learningRate: adamRate, b1: 0.9, b2: 0.95 }),
    "gradient descent": sgd({ learningRate: descent }),
    signs: signSgd({ learningRate: 0.05 }),
  };
  const paths = await Promise.all([
    ...Object.entries(walkers).map(async ([name, optimizer]) => ({
      name,
      path: await walk(optimizer, steps),
    })),
    newtonWalk(steps).then((path) => ({ name: "Newton", path })),
  ]);
  const losses = await Promise.all(paths.map(({ path }) => lossesOf(path)));
  const values = await surface(side, [a.min, a.max], [b.min, b.max]);
  let shown = 0;

  return {
    step() {
      shown = Math.min(steps, shown + 1);
      return Promise.resolve(shown < steps ? ("running" as const) : ("done" as const));
    },
    views(): Promise<View[]> {
      return Promise.resolve([
        {
          kind: "heatmap",
          title: "The ways across the loss",
          ...{ values, shape: [side, side], x: a, y: b, label: "log₁₀ loss" },
          paths: paths.map(({ name, path }) => ({
            name,
            points: Float32Array.from(path.subarray(0, 2 * (shown + 1))),
          })),
        },
        {
          kind: "curves",
          title: "Loss",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "loss", logarithmic: true } },
          curves: paths.map(({ name }, i) => ({
            name,
            points: [...losses[i]!.subarray(0, shown + 1)].map((v, k) => [k, Math.max(v, 1e-8)] as const),
          })),
        },
        {
          kind: "figures",
          title: `After ${shown} steps`,
          figures: paths.map(({ name, path }, i) => {
            const arrived = stepsToArrive(path.subarray(0, 2 * (shown + 1)));
            return {
              ...{ name, value: losses[i]![shown]! },
              note: Number.isFinite(arrived) ? `arrived at step ${arrived}` : "on the way",
            };
          }),
        },
      ]);
    },
    release: () => Promise.resolve(),
  };
}

/** Sophia on a landscape with different curvatures. */
export const demo: Demo = {
  id: "sophia",
  caption:
    "One direction is sharp and not convex, the other flat and long. The optimum is at a = 1, b = 4; all start at a = 0.3, b = 0.",
  watch: {
    label: "Loss that Sophia has reached",
    better: "lower",
    of: "Sophia",
  },
  picture: {
    alt: "Ways of five optimizers over a loss surface; Sophia's has four steps.",
    views: ["The ways across"],
    at: [60],
  },
  controls,
  presets: [
    {
      name: "Four steps",
      note: "Sophia makes whole steps along the flat direction and Newton's along the sharp one; it arrives in 4 steps, Adam in 53. Newton's method itself runs to the maximum at a = 0.",
      shows: "effect",
      state: { rate: 1, gamma: 1, interval: 1, momentum: 0 },
    },
    {
      name: "Stale curvature",
      note: "With an estimate every ten steps the first one, from where the loss is concave, is used too long: the steps along a are signs of length 1, jump across the valley and stay out of it.",
      shows: "failure",
      state: { rate: 1, gamma: 1, interval: 10, momentum: 0 },
    },
    {
      name: "γ too small",
      note: "With γ = 0.1 nearly everything is clipped: Sophia takes steps of length 1 by sign alone and does not settle.",
      shows: "failure",
      state: { rate: 1, gamma: 0.1, interval: 1, momentum: 0 },
    },
  ],
  create,
};
