// A flow that learns what a classifier likes: its own sampler is differentiated, beside it the policy gradient at equal cost.
import { random } from "fluxion";
import { fromSigned } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import { alignProp, ddpo, type FlowMlpParams, type Truncation } from "fluxion/flow";
import { initLora, mergeLora, mixLora, type Lora } from "fluxion/nn";
import { adamw, chain, clipByGlobalNorm } from "fluxion/optim";
import { kindNames } from "../captions14.js";
import { loadFashion14, look, network, seenAs, shape, trainClassifier14 } from "../fashion14.js";
import { trainInTurns } from "../fashion14-demo.js";
import { batchSize, judge, noClass, rewardOf, spread, steps } from "./bench.js";

const truncations: Readonly<Record<string, { label: string; truncation: Truncation }>> = {
  random: { label: "A random number of steps", truncation: { mode: "random" } },
  full: { label: "All steps", truncation: { mode: "full" } },
  last: { label: "The last step", truncation: { mode: "fixed", last: 1 } },
  perStep: { label: "A draw for each step", truncation: { mode: "perStep" } },
};

const controls = {
  kind: {
    kind: "choice",
    label: "Wanted: a …",
    options: kindNames.map((name) => ({ value: name, label: name })),
    initial: "bag",
  },
  truncation: {
    kind: "choice",
    label: "The gradient goes through",
    options: Object.entries(truncations).map(([value, { label }]) => ({ value, label })),
    initial: "random",
  },
  rate: {
    kind: "range",
    label: "Learning rate",
    min: 3e-4,
    max: 3e-2,
    step: 1e-4,
    initial: 1e-3,
    logarithmic: true,
  },
  updates: { kind: "range", label: "Updates", min: 5, max: 100, step: 5, initial: 20 },
  strength: { kind: "range", label: "Strength of what was learnt", min: 0, max: 1.5, step: 0.05, initial: 1 },
  training: { kind: "range", label: "Steps of the flow", min: 200, max: 3000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [shown, judged] = [10, 200];
const curveTitle = "Probability of the wanted kind against pictures rated";
const methods = { AlignProp: alignProp, DDPO: ddpo } as const;
type Name = keyof typeof methods;
const names = Object.keys(methods) as Name[];

async function create(wanted: DemoState) {
  const { kind, truncation, rate, updates, strength, training, seed } = demoState(controls, wanted);
  const data = await loadFashion14();
  const which = Math.max(0, (kindNames as readonly string[]).indexOf(kind));
  const stop = new AbortController();
  const losses: [number, number][] = [];
  const curves: Record<Name, [number, number][]> = { AlignProp: [], DDPO: [] };
  let base: FlowMlpParams = network.init(random.key(seed));
  const start = initLora(random.key(seed + 200), base);
  const tuned: Record<Name, Lora> = { AlignProp: start, DDPO: start };
  const trainJudge = () => trainClassifier14({ data, steps: 300, seed: seed + 100, signal: stop.signal });
  let classifier = await trainClassifier14({ data, steps: 0, seed });
  let judging: ReturnType<typeof judge> | undefined;
  const opinion = () => judge(classifier, { base, kind: which, n: judged, seed: seed + 7 });

  const flow = inTurns((pause) =>
    trainInTurns({
      ...{ data, params: base, steps: training, seed, signal: stop.signal },
      onLoss: (step, loss) => void losses.push([step, loss]),
      onTurn: async (average) => {
        base = average;
        await pause();
      },
    }),
  );
  const tuning = (name: Name) =>
    inTurns(async (pause) => {
      await methods[name]({
        ...{ model: network.apply, params: tuned[name], shape, steps, batchSize, seed, updates },
        ...{ weights: (lora: Lora) => mergeLora(base, lora), conditions: noClass(batchSize) },
        ...{ reward: rewardOf(classifier, which), signal: stop.signal },
        ...(name === "AlignProp" ? { truncation: truncations[truncation]!.truncation } : {}),
        optimizer: chain(clipByGlobalNorm(1), adamw({ learningRate: rate, weightDecay: 0.1 })),
        checkpoint: {
          every: 1,
          save: async ({ params, step }) => {
            tuned[name] = params;
            const { probability } = await judging!.of(params);
            curves[name].push([step * batchSize, probability]);
            await pause();
          },
        },
      });
    });
  let runs: ReturnType<typeof tuning>[] | undefined;

  return {
    async step() {
      if (!runs) {
        if ((await flow.next()) === "running") return "running" as const;
        classifier = await trainJudge();
        judging = opinion();
        const { probability } = await judging.of(start);
        for (const name of names) curves[name].push([0, probability]);
        runs = names.map(tuning);
        return "running" as const;
      }
      const ended = await Promise.all(runs.map((run) => run.next()));
      return ended.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    async views(): Promise<View[]> {
      const judgeNow = judging ?? opinion();
      const rows = [
        { name: "before", ...(await judgeNow.of(start)) },
        ...(await Promise.all(
          names.map(async (name) => ({
            name,
            ...(await judgeNow.of(mixLora([tuned[name]], [strength]))),
          })),
        )),
      ];
      if (judgeNow !== judging) await judgeNow.release();
      const pixels = rows.flatMap(({ pictures: { data: x } }) => [
        ...fromSigned({ data: x.subarray(0, shown * 196), shape: [shown, ...shape] }).data,
      ]);
      const kinds = { data: new Int32Array(judged).fill(which), shape: [judged] };
      const figures = rows.map(async ({ name, probability, pictures }) => [
        // Before the classifier is trained its opinion means nothing.
        ...(judging
          ? [
              {
                name: `probability, ${name}`,
                value: probability,
                note: "as the rewarding classifier sees it",
              },
            ]
          : []),
        {
          name: `${kind}, ${name}`,
          value: await seenAs(pictures, kinds),
          note: "as another classifier sees it",
        },
        { name: `out of range, ${name}`, value: look(pictures).outOfRange },
        { name: `variance among them, ${name}`, value: spread(pictures) },
      ]);
      return [
        {
          kind: "images",
          title: "From the same noise, before and after",
          rows: ["before", ...names],
          pixels: Uint8Array.from(pixels),
          shape: [shown * rows.length, 14, 14, 1],
          columns: shown,
        },
        {
          kind: "curves",
          title: curveTitle,
          x: { label: "pictures", min: 0, max: updates * batchSize },
          y: { label: "probability", min: 0, max: 1 },
          curves: names.map((name) => ({ name, points: [...curves[name]] })),
        },
        {
          kind: "curves",
          title: "Training loss of the flow",
          ...{ x: { label: "step" }, y: { label: "loss", logarithmic: true } },
          curves: [{ name: "flow", points: [...losses] }],
        },
        { kind: "figures", title: `${judged} pictures`, figures: (await Promise.all(figures)).flat() },
      ];
    },
    async release() {
      stop.abort();
      // Loops that wait for their turn wake up, see the signal and end.
      await flow.next();
      await Promise.all((runs ?? []).map((run) => run.next()));
      await judging?.release();
    },
  };
}

/** A sampler tuned to a reward. */
export const demo: Demo = {
  id: "alignprop",
  caption:
    "A flow learns ten kinds of clothes; then it is tuned until a classifier sees the wanted kind in every picture. AlignProp differentiates the classifier and all of the sampler, the policy gradient below only asks for ratings.",
  watch: {
    label: "Probability of the wanted kind, AlignProp",
    note: "as the rewarding classifier sees it",
    better: "higher",
    of: { title: curveTitle, curve: "AlignProp" },
    // Before the first update and after fifteen of twenty.
    between: [21, 36],
  },
  picture: {
    alt: "Clothes of all kinds; below, from the same noise, bags; and the policy gradient, after as many pictures, on its way there.",
    views: ["From the same noise", "Probability of the wanted kind"],
  },
  controls,
  presets: [
    {
      name: "Nothing but bags",
      note: "Once the flow is trained, the second row turns to bags within a few hundred rated pictures; the policy gradient needs two to three times as many.",
      shows: "effect",
      state: {},
    },
    {
      name: "Sneakers, half of it",
      note: "The low-rank weights at half strength: a mixture of the flow before and after.",
      shows: "effect",
      state: { kind: "sneaker", strength: 0.5 },
    },
    {
      name: "Too much of a good thing",
      note: "Three times the rate and many updates: the classifier is certain of every picture, and they glare ever more.",
      shows: "failure",
      state: { rate: 0.003, updates: 60 },
    },
  ],
  create,
};
