// Strong guidance without glare: a class-conditional flow is trained, then its guidance is projected bit by bit.
import { random } from "fluxion";
import { fromSigned, type ArrayData } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { apg, cfg, generatePairs, type FlowMlpParams, type GuidanceRule } from "fluxion/flow";
import { kindNames } from "../captions14.js";
import {
  evenClasses,
  fashion14Quality,
  loadFashion14,
  look,
  network,
  nullClass,
  seenAs,
  shape,
} from "../fashion14.js";
import { trainInTurns } from "../fashion14-demo.js";

const controls = {
  scale: { kind: "range", label: "Guidance scale", min: 1, max: 16, step: 0.5, initial: 8 },
  eta: { kind: "range", label: "Parallel part that stays", min: 0, max: 1, step: 0.05, initial: 0 },
  length: {
    kind: "range",
    label: "Length of the difference, at most",
    min: 0.25,
    max: 10,
    step: 0.25,
    initial: 2,
  },
  momentum: { kind: "range", label: "Momentum", min: -0.95, max: 0.95, step: 0.05, initial: -0.5 },
  space: {
    kind: "choice",
    label: "What is projected",
    options: [
      { value: "data", label: "The predicted picture" },
      { value: "velocity", label: "The velocity" },
    ],
    initial: "data",
  },
  kind: {
    kind: "choice",
    label: "Pictures of",
    options: [
      { value: "all", label: "Everything" },
      ...kindNames.map((name) => ({ value: name, label: name })),
    ],
    initial: "all",
  },
  training: { kind: "range", label: "Steps of training", min: 200, max: 3000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [shown, judged, samplerSteps, stages] = [10, 200, 25, 10];

async function create(wanted: DemoState) {
  const { scale, eta, length, momentum, space, kind, training, seed } = demoState(controls, wanted);
  const data = await loadFashion14();
  const quality = await fashion14Quality(data.images);
  const stop = new AbortController();
  const losses: [number, number][] = [];
  const glare: [number, number][] = [];
  let params: FlowMlpParams = network.init(random.key(seed));
  /** Tenths of the way from plain guidance to the projected one. */
  let stage = 0;

  const which = (kindNames as readonly string[]).indexOf(kind);
  const cond =
    which < 0 ? evenClasses(judged) : { data: new Int32Array(judged).fill(which), shape: [judged] };
  const projected = (): GuidanceRule => {
    if (stage === 0) return cfg({ scale });
    const part = stage / stages;
    return apg({
      ...{ scale, eta: 1 - part * (1 - eta), momentum: part * momentum, normThreshold: length / part },
      space: space === "velocity" ? "velocity" : "data",
    });
  };
  const draw = async (rule: GuidanceRule): Promise<ArrayData<Float32Array>> => {
    const { x1 } = await generatePairs({
      ...{ model: network.apply, params, cond, shape, n: judged, seed: seed + 7 },
      ...{ steps: samplerSteps, guidance: { rule, nullCond: nullClass } },
    });
    return x1;
  };

  const turns = inTurns(async (pause) => {
    await trainInTurns({
      ...{ data, params, steps: training, seed, signal: stop.signal },
      onLoss: (step, loss) => void losses.push([step, loss]),
      onTurn: async (average) => {
        params = average;
        await pause();
      },
    });
    while (stage < stages && !stop.signal.aborted) {
      stage++;
      await pause();
    }
  });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const rows = {
        "no guidance": await draw(cfg({ scale: 1 })),
        plain: await draw(cfg({ scale })),
        projected: await draw(projected()),
      };
      const looks = Object.entries(rows).map(([name, x]) => ({ name, x, ...look(x) }));
      if (glare.at(-1)?.[0] !== stage) glare.push([stage, looks[2]!.outOfRange]);
      else glare.splice(-1, 1, [stage, looks[2]!.outOfRange]);
      const pixels = looks.flatMap(({ x }) => [
        ...fromSigned({ data: x.data.subarray(0, shown * 196), shape: [shown, ...shape] }).data,
      ]);
      const figures = looks.map(async ({ name, x, outOfRange, contrast }) => [
        {
          name: `out of range, ${name}`,
          value: outOfRange,
          note: "mean of what lies beyond black and white",
        },
        {
          name: `contrast, ${name}`,
          value: contrast,
          note: `real pictures: ${look(data.images).contrast.toFixed(2)}`,
        },
        { name: `show their class, ${name}`, value: await seenAs(x, cond), note: "as a classifier sees it" },
        ...(which < 0 ? [{ name: `distance to real ones, ${name}`, value: quality(x) }] : []),
      ]);
      return [
        {
          kind: "images",
          title: "The same noise under three kinds of guidance",
          rows: ["no guidance", `plain, ${scale}`, `projected, ${scale}`],
          pixels: Uint8Array.from(pixels),
          shape: [shown * looks.length, 14, 14, 1],
          columns: shown,
        },
        {
          kind: "curves",
          title: "From plain to projected guidance",
          x: { label: "tenths of the way", min: 0, max: stages },
          y: { label: "out of range", min: 0 },
          curves: [
            { name: "projected", points: [...glare], series: 2 },
            ...looks.slice(0, 2).map(({ name, outOfRange }, series) => ({
              ...{ name, series, style: "dashed" as const },
              points: [[0, outOfRange] as const, [stages, outOfRange] as const],
            })),
          ],
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step" }, y: { label: "loss", logarithmic: true } },
          curves: [{ name: "flow", points: [...losses] }],
        },
        { kind: "figures", title: `${judged} pictures`, figures: (await Promise.all(figures)).flat() },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
    },
  };
}

/** Strong guidance, plain and projected. */
export const demo: Demo = {
  id: "apg",
  caption:
    "A flow learns ten kinds of clothes. Strong guidance towards the kind burns the pictures out; taken across the predicted picture instead of along it, it keeps the kind and loses the glare.",
  watch: {
    label: "Glare of projected guidance",
    note: "mean of what lies beyond black and white",
    better: "lower",
    of: "out of range, projected",
    // Plain guidance when the training ends, fully projected guidance after ten more.
    between: [20, 30],
  },
  picture: {
    alt: "Ten kinds of clothes from the same noise: without guidance, burnt out under plain guidance, with shades under projected guidance.",
    views: ["The same noise"],
  },
  controls,
  presets: [
    {
      name: "Projected at scale 8",
      note: "First the flow trains; then the third row leaves the second, tenth by tenth: the shapes stay and the glare goes.",
      shows: "effect",
      state: {},
    },
    {
      name: "Twice as strong",
      note: "At scale 16 plain guidance leaves black and white blots; projected guidance still gives clothes.",
      shows: "effect",
      state: { scale: 16 },
    },
    {
      name: "Projected on the velocity",
      note: "Velocity is mostly noise, so the direction that burns pictures out is not found: much of the glare stays.",
      shows: "failure",
      state: { space: "velocity" },
    },
    {
      name: "Only shortened",
      note: "The parallel part stays; length and momentum alone leave about half of the glare.",
      shows: "failure",
      state: { eta: 1 },
    },
  ],
  create,
};
