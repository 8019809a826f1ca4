// Two walkers on a surface where only the direction counts: one is pushed outward by its momentum, one is not.
import { demoState, type Demo, type DemoState, type View } from "fluxion/demo";
import { adamp, adamw, momentum, sgd, sgdp, type Transform } from "fluxion/optim";
import { surface, walk } from "./toy.js";

const controls = {
  family: {
    kind: "choice",
    label: "Optimizers",
    options: [
      { value: "sgd", label: "SGD, momentum, SGDP" },
      { value: "adam", label: "AdamW, AdamP" },
    ],
    initial: "sgd",
  },
  rate: { kind: "range", label: "Learning rate", min: 0.01, max: 1, step: 0.01, initial: 0.2 },
  momentum: { kind: "range", label: "Momentum", min: 0, max: 0.95, step: 0.05, initial: 0.9 },
  decay: { kind: "range", label: "Weight decay", min: 0, max: 0.2, step: 0.01, initial: 0 },
} as const satisfies Demo["controls"];

const [steps, perTurn, side] = [80, 1, 61];

async function create(wanted: DemoState) {
  const { family, rate: learningRate, momentum: mu, decay: weightDecay } = demoState(controls, wanted);
  const rows = { channelAxis: 0 };
  const walkers: Record<string, Transform> =
    family === "sgd"
      ? {
          SGD: sgd({ learningRate }),
          "with momentum": momentum({ learningRate, momentum: mu, weightDecay }),
          SGDP: sgdp({ learningRate, momentum: mu, weightDecay, ...rows }),
        }
      : {
          AdamW: adamw({ learningRate, b1: mu, weightDecay }),
          AdamP: adamp({ learningRate, b1: mu, weightDecay, ...rows }),
        };
  const paths = await Promise.all(
    Object.entries(walkers).map(async ([name, optimizer]) => ({
      name,
      points: await walk(optimizer, steps),
    })),
  );
  const reach = Math.max(...paths.flatMap(({ points }) => [...points].map(Math.abs)), 1.2) * 1.05;
  const [x, y] = [
    { label: "w₀", min: -0.3 * reach, max: reach },
    { label: "w₁", min: -0.3 * reach, max: reach },
  ];
  const values = await surface(side, [x.min, x.max], [y.min, y.max]);
  const sizes = paths.map(({ name, points }) => ({
    name,
    sizes: Array.from({ length: steps + 1 }, (_, i) => Math.hypot(points[2 * i]!, points[2 * i + 1]!)),
    angles: Array.from(
      { length: steps + 1 },
      (_, i) => (Math.atan2(points[2 * i + 1]!, points[2 * i]!) * 180) / Math.PI,
    ),
  }));
  const [plain, projected] = sizes.slice(-2);
  let shown = 0;

  return {
    step() {
      shown = Math.min(steps, shown + perTurn);
      return Promise.resolve(shown < steps ? ("running" as const) : ("done" as const));
    },
    views(): Promise<View[]> {
      const curve = (what: "sizes" | "angles") =>
        sizes.map((s) => ({
          name: s.name,
          points: s[what].slice(0, shown + 1).map((value, i) => [i, value] as const),
        }));
      return Promise.resolve([
        {
          kind: "heatmap",
          title: "The ways across f(w) = −w₀/‖w‖",
          ...{ values, shape: [side, side], x, y, label: "f(w)" },
          paths: paths.map(({ name, points }) => ({ name, points: points.subarray(0, 2 * (shown + 1)) })),
        },
        {
          kind: "curves",
          title: "Length of the weights",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "‖w‖", min: 0 } },
          curves: curve("sizes"),
        },
        {
          kind: "curves",
          title: "Angle to the optimum",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "degrees" } },
          curves: curve("angles"),
        },
        {
          kind: "figures",
          title: `After ${shown} steps`,
          figures: [
            ...sizes.map((s) => ({
              name: s.name,
              value: s.sizes[shown]!,
              note: `length, started at ${s.sizes[0]!.toFixed(2)}; ${s.angles[shown]!.toFixed(1)}° away`,
            })),
            {
              name: "length, projected over plain",
              value: projected!.sizes[shown]! / plain!.sizes[shown]!,
              note: `${projected!.name} over ${plain!.name}`,
            },
          ],
        },
      ]);
    },
    release: () => Promise.resolve(),
  };
}

/** AdamP and SGDP on weights of which only the direction counts. */
export const demo: Demo = {
  id: "adamp",
  caption:
    "A weight before a normalisation matters by its direction alone. Momentum carries it outward, where the same step turns it less; the projection keeps the turning and drops the growth.",
  watch: {
    label: "Length of the weight with projection, relative to without",
    note: "1: momentum carries both outward alike",
    better: "lower",
    of: "length, projected over plain",
  },
  picture: {
    alt: "Ways of three optimizers over a surface on which only the direction counts: momentum swings far outward, SGDP stays near.",
    views: ["The ways across"],
    at: [40],
  },
  controls,
  presets: [
    {
      name: "Momentum grows the weights",
      note: "Momentum swings the weight outward to several times its length; SGDP turns it with a much shorter one.",
      shows: "effect",
      state: { family: "sgd", rate: 0.2, momentum: 0.9, decay: 0 },
    },
    {
      name: "AdamW and AdamP",
      note: "The same with Adam's steps: the length of AdamP's weight grows far less.",
      shows: "effect",
      state: { family: "adam", rate: 0.1, momentum: 0.9, decay: 0 },
    },
    {
      name: "Without momentum there is nothing to cure",
      note: "With momentum 0 all three take the same steps: the gradient has no part along the weights.",
      shows: "failure",
      state: { family: "sgd", rate: 0.2, momentum: 0, decay: 0 },
    },
  ],
  create,
};
