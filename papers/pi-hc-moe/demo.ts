// A substance seeps into soil: a network learns the equation by a penalty, by a hard constraint, and by local experts.
import { random } from "fluxion";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  diffusionSorption,
  evaluateField,
  type FieldEvaluation,
  fieldModel,
  trainField,
} from "fluxion/physics";

const controls = {
  initial: {
    kind: "range",
    label: "Concentration at the start",
    min: 0.02,
    max: 0.2,
    step: 0.01,
    initial: 0.1,
  },
  experts: {
    kind: "choice",
    label: "Experts",
    options: [
      { value: "1,2", label: "Two in space" },
      { value: "1,4", label: "Four in space" },
      { value: "2,2", label: "Two in time, two in space" },
    ],
    initial: "1,4",
  },
  basis: { kind: "range", label: "Basis functions", min: 2, max: 16, step: 1, initial: 12 },
  training: { kind: "range", label: "Steps of training", min: 20, max: 400, step: 20, initial: 120 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [times, points, stepsPerTurn] = [16, 32, 5];

function start(wanted: DemoState) {
  const { initial, experts, basis, training, seed } = demoState(controls, wanted);
  const problem = diffusionSorption({ times, points });
  const condition = Float64Array.of(initial);
  const blocks = experts.split(",").map(Number);
  const methods = [
    { name: "soft penalty", model: fieldModel(problem, { method: "soft" }) },
    { name: "hard constraint", model: fieldModel(problem, { basis }) },
    { name: "experts", model: fieldModel(problem, { basis, experts: blocks }) },
  ].map((method) => ({
    ...method,
    params: method.model.init(random.key(seed)),
    losses: [] as [number, number][],
  }));
  const stop = new AbortController();
  const turns = methods.map((method) =>
    inTurns(async (pause) => {
      const { params } = await trainField(method.model, {
        ...{ steps: training, seed, recordEvery: stepsPerTurn, signal: stop.signal },
        async onRecord({ step, loss }) {
          method.losses.push([step, loss]);
          await pause();
        },
      });
      method.params = params;
    }),
  );

  return {
    async step() {
      const ends = [];
      for (const turn of turns) ends.push(await turn.next());
      return ends.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    async views(): Promise<View[]> {
      const seen: FieldEvaluation[] = [];
      for (const { model, params } of methods)
        seen.push((await evaluateField(model, params, [condition]))[0]!);
      const map = (title: string, values: Float64Array): View => ({
        ...{ kind: "heatmap", title, values: Float32Array.from(values), shape: [times, points] },
        x: { label: "depth", min: 0, max: 1 },
        y: { label: "time", min: 500, max: 0 },
        ...{ range: [0, 1], label: "concentration" },
      });
      return [
        map("The solution", seen[0]!.reference),
        ...methods.map(({ name }, i) => map(`By ${name}`, seen[i]!.field)),
        {
          ...{ kind: "curves", title: "Loss: what is left of the equation" },
          x: { label: "step", min: 0, max: training },
          y: { label: "loss", logarithmic: true },
          curves: methods.map(({ name, losses }) => ({ name, points: [...losses] })),
        },
        {
          kind: "figures",
          title: "Now",
          figures: methods.map(({ name }, i) => ({
            ...{ name: `relative error, ${name}`, value: seen[i]!.error },
            ...(seen[i]!.iterations.length > 0
              ? { note: `${seen[i]!.iterations.join(", ")} iterations` }
              : {}),
          })),
        },
      ];
    },
    async release() {
      stop.abort();
      // Trainings that wait for their turn wake up, see the signal and end.
      for (const turn of turns) await turn.next();
    },
  };
}

/** Hard constraints by experts. */
export const demo: Demo = {
  id: "pi-hc-moe",
  caption:
    "A substance seeps into a column of soil from the left and is held back by it. No solution is shown to the networks: one is punished for breaking the equation, the others' outputs are combined by least squares so that it holds as well as it can, in the whole column or block by block.",
  watch: {
    label: "Relative error by experts",
    note: "against the solution, which no network sees",
    better: "lower",
    of: "relative error, experts",
    // The trained networks are shown when they are done.
    between: [1, 25],
  },
  picture: {
    alt: "Four maps of a substance seeping into soil: the solution, and what three networks make of it.",
    views: ["The solution", "By soft", "By hard", "By experts"],
  },
  controls,
  presets: [
    {
      name: "Four experts",
      note: "The maps show the fields before and after training. Least squares gets near the solution even with an untrained network, experts nearer; the penalty has to learn everything.",
      shows: "effect",
      state: {},
    },
    {
      name: "A lighter soil solution",
      note: "The front moves more slowly into clean soil. The same network serves every concentration.",
      shows: "effect",
      state: { initial: 0.03 },
    },
    {
      name: "Two basis functions",
      note: "What a basis cannot say, no constraint can make it say: the front stays a blur, by experts, too.",
      shows: "failure",
      state: { basis: 2 },
    },
  ],
  create: (state) => Promise.resolve(start(state)),
};
