// Full-batch descent on 500 images, and the two groups whose losses move most.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { gatherRows } from "fluxion/data";
import { sgd } from "fluxion/optim";
import type { OpposingReport } from "fluxion/analyse";
import { examples, follow, optimizersFor } from "./network.js";

const controls = {
  by: {
    kind: "choice",
    label: "Trained by",
    options: [
      { value: "descent", label: "Gradient descent" },
      { value: "Adam", label: "Adam" },
      { value: "SplitSGD", label: "SplitSGD" },
    ],
    initial: "descent",
  },
  eta: {
    kind: "range",
    label: "Learning rate of descent",
    min: 0.01,
    max: 0.4,
    step: 0.01,
    initial: 0.2,
    logarithmic: true,
  },
  seed: { kind: "range", label: "Seed", min: 0, max: 9, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [every, total] = [5, 400];
const checkpoints = Array.from({ length: total / every }, (_, i) => (i + 1) * every);

async function create(wanted: DemoState) {
  const { by, eta, seed } = demoState(controls, wanted);
  const { data, pixels } = await examples(seed);
  const optimizer =
    by === "descent"
      ? sgd({ learningRate: eta })
      : (await optimizersFor(data, seed))[by as "Adam" | "SplitSGD"];
  const stop = new AbortController();
  const seen: { step: number; report: OpposingReport }[] = [];
  const turns = inTurns(async (pause) => {
    await follow(data, {
      ...{ seed, optimizer, checkpoints, signal: stop.signal },
      onReport: async (report, step) => {
        seen.push({ step, report });
        await pause();
      },
    });
  });
  const curve = (name: string, of: (r: OpposingReport) => number) => ({
    name,
    points: seen.map(({ step, report }) => [step, of(report)] as const),
  });
  const everything = Int32Array.from({ length: 10 }, (_, i) => i);

  return {
    step: () => turns.next(),
    views(): Promise<View[]> {
      const last = seen.at(-1)?.report;
      const group = (title: string, indices: Int32Array): View => {
        const { data: shown, shape } = gatherRows(pixels, indices);
        return {
          kind: "images",
          title,
          pixels: shown,
          shape: shape as [number, number, number, number],
          columns: 5,
        };
      };
      const threshold = 2 / eta;
      return Promise.resolve([
        {
          kind: "curves",
          title: by === "descent" ? "Sharpness, and 2/η above which descent is unstable" : "Sharpness",
          ...{ x: { label: "step", min: 0, max: total }, y: { label: "largest eigenvalue", min: 0 } },
          curves: [
            curve("sharpness", (r) => r.sharpness),
            ...(by === "descent" ? [{ ...curve("2/η", () => threshold), style: "dashed" as const }] : []),
          ],
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0, max: total }, y: { label: "loss", logarithmic: true } },
          curves: [curve("loss", (r) => r.loss)],
        },
        {
          kind: "curves",
          title: "Cosine of two groups' gradients",
          ...{ x: { label: "step", min: 0, max: total }, y: { label: "cosine", min: -1, max: 1 } },
          curves: [
            curve("most up and most down", (r) => r.cosine),
            curve("two random groups", (r) => r.randomCosine),
          ],
        },
        group("Loss rose most in this step", last?.up ?? everything),
        group("Loss fell most", last?.down ?? everything),
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "step", value: seen.at(-1)?.step ?? 0 },
            { name: "cosine", value: last?.cosine ?? 0, note: "−1: opposing signals" },
            ...(seen.length > 0
              ? [{ name: "cosine less a random one", value: excess(seen), note: "mean so far" }]
              : []),
            { name: "gradient of a group over the mean's", value: last?.ratios.up ?? 0 },
            { name: "sharpness", value: last?.sharpness ?? 0 },
          ],
        },
      ]);
    },
    async release() {
      stop.abort();
      await turns.next();
    },
  };
}

/** How much more the two groups' gradients oppose each other than those of two random groups do. */
const excess = (seen: readonly { readonly report: OpposingReport }[]): number =>
  seen.reduce((sum, { report }) => sum + report.cosine - report.randomCosine, 0) / seen.length;

/** Opposing signals in a small network. */
export const demo: Demo = {
  id: "opposing-signals",
  caption:
    "Every example's loss is watched. Those that rise most in a step and those that fall most are shown: what do they have in common, and why do their gradients point opposite ways?",
  watch: {
    label: "Cosine of the two groups' gradients, less that of random groups",
    note: "mean so far; below 0: opposing",
    better: "lower",
    of: "cosine less a random one",
  },
  picture: {
    alt: "Pullovers, whose losses rose most in a step, and coats, whose losses fell most.",
    views: ["Loss rose", "Loss fell"],
    at: [72],
  },
  controls,
  presets: [
    {
      name: "At the edge of stability",
      note: "The sharpness settles around 2/η; the groups' gradients are many times the mean's and opposite, and take turns.",
      shows: "effect",
      state: { by: "descent", eta: 0.2 },
    },
    {
      name: "Sharpening",
      note: "At a tenth of the rate the sharpness keeps rising below 2/η and the loss never rises.",
      shows: "effect",
      state: { by: "descent", eta: 0.02 },
    },
    {
      name: "Late in training",
      note: "Under Adam the losses are near 0 after a few hundred steps, and the sharpness falls because cross-entropy is flat there, not because an instability cured itself.",
      shows: "failure",
      state: { by: "Adam" },
    },
  ],
  create,
};
