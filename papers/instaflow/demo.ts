// A prompt becomes a picture in one step: a text-conditioned flow is trained, straightened and distilled while one looks on.
import { random } from "fluxion";
import { fromSigned, type ArrayData } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  classifierFreeGuidance,
  distil,
  droppedCondition,
  flowMlp,
  generatePairs,
  independentCoupling,
  reflow,
  trainFlow,
  type FlowMlpParams,
  type FlowPairs,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import {
  captionOfChoice,
  drawCaptions,
  kindNames,
  loadCaptioned,
  obedience,
  promptTokens,
  shape,
  tokens,
} from "../captions14.js";

const any = { value: "any", label: "Any" };
const controls = {
  kind: {
    kind: "choice",
    label: "Prompt: a …",
    options: kindNames.map((name) => ({ value: name, label: name })),
    initial: "sneaker",
  },
  shade: {
    kind: "choice",
    label: "Shade",
    options: [any, { value: "dark", label: "Dark" }, { value: "light", label: "Light" }],
    initial: "any",
  },
  extent: {
    kind: "choice",
    label: "Size",
    options: [any, { value: "small", label: "Small" }, { value: "large", label: "Large" }],
    initial: "any",
  },
  guidance: { kind: "range", label: "Guidance of the teacher", min: 0, max: 6, step: 0.25, initial: 2 },
  straighten: { kind: "toggle", label: "Reflow before distillation", initial: true },
  training: { kind: "range", label: "Steps of the teacher", min: 200, max: 3000, step: 100, initial: 800 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const nullCond = 0;
const network = flowMlp({
  shape,
  width: 192,
  text: { vocabulary: tokens.words.length, length: tokens.length },
});
/** The network is narrower than a picture, so it gives the picture itself; noise would not fit through it. */
const prediction = "data";
const [shown, judged, pairs, pairSteps, stepsPerTurn] = [8, 200, 2000, 10, 20];

async function create(wanted: DemoState) {
  const { kind, shade, extent, guidance, straighten, training, seed } = demoState(controls, wanted);
  const { images, captions, medians } = await loadCaptioned();
  const prompt = captionOfChoice(kind, shade, extent);
  const stop = new AbortController();
  const losses: { name: string; points: [number, number][] }[] = [];
  const start = network.init(random.key(seed));
  /** Averages of the stages so far. */
  const flows: { teacher: FlowMlpParams; second?: FlowMlpParams; student?: FlowMlpParams } = {
    teacher: start,
  };

  const draw = (
    params: FlowMlpParams,
    cond: ArrayData<Int32Array>,
    steps: number,
    scale: number,
    from: number,
  ) =>
    generatePairs({
      model: classifierFreeGuidance(network.apply, { scale, nullCond }),
      ...{ prediction, params, cond, shape, n: cond.shape[0]!, steps, seed: from },
    });
  const pairsOf = (params: FlowMlpParams, scale: number, from: number): Promise<FlowPairs> =>
    draw(params, promptTokens(drawCaptions(pairs, from), from), pairSteps, scale, from);

  const turns = inTurns(async (pause) => {
    const stage = (
      name: "teacher" | "second" | "student",
      label: string,
      params: FlowMlpParams,
      rate: number,
    ) => {
      const curve: [number, number][] = [];
      losses.push({ name: label, points: curve });
      return {
        ...{
          model: network.apply,
          params,
          seed,
          batchSize: 128,
          stepsPerCall: stepsPerTurn,
          signal: stop.signal,
        },
        ...{
          optimizer: adam({ learningRate: rate }),
          ema: { decay: 0.98, warmup: true },
          recordEvery: stepsPerTurn,
        },
        onRecord: ({ step, loss }: { step: number; loss: number }) => void curve.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            flows[name] = snapshot.ema!.average;
            await pause();
          },
        },
      };
    };
    const first = await trainFlow({
      ...{ ...stage("teacher", "teacher", start, 2e-3), steps: training },
      data: { x1: images, cond: promptTokens(captions, seed) },
      objective: { prediction, coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond }) },
    });
    if (stop.signal.aborted) return;
    let [raw, data] = [first.params, await pairsOf(flows.teacher, guidance, seed + 1)];
    if (straighten) {
      const second = await reflow({
        ...stage("second", "reflow", raw, 1e-3),
        steps: 300,
        data,
        objective: { prediction },
      });
      if (stop.signal.aborted) return;
      [raw, data] = [second.params, await pairsOf(flows.second!, 1, seed + 2)];
    }
    await distil({
      ...stage("student", "distillation", raw, 5e-4),
      steps: 200,
      data,
      objective: { prediction },
    });
  });

  const same = Array.from({ length: judged }, () => prompt.caption);
  const cond = tokens.encode(same.map(() => prompt.words));

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const from = seed + 7;
      const rows: [string, FlowPairs][] = [
        ["teacher, 10 steps", await draw(flows.teacher, cond, pairSteps, guidance, from)],
        ["teacher, 1 step", await draw(flows.teacher, cond, 1, guidance, from)],
      ];
      if (flows.second) rows.push(["after reflow, 1 step", await draw(flows.second, cond, 1, 1, from)]);
      if (flows.student) rows.push(["distilled, 1 step", await draw(flows.student, cond, 1, 1, from)]);
      const [ten, one] = [rows[0]![1].x1.data, rows.at(-1)![1].x1.data];
      const difference = Math.sqrt(one.reduce((sum, v, i) => sum + (v - ten[i]!) ** 2, 0) / one.length);
      const pixels = rows.map(
        ([, { x1 }]) => fromSigned({ data: x1.data.subarray(0, shown * 196), shape: [shown, ...shape] }).data,
      );
      const judge = async ([name, { x1 }]: [string, FlowPairs]) => {
        const seen = await obedience(x1, same, medians);
        return [
          { name: `${kind}, ${name}`, value: seen.kind, note: "as a classifier sees it" },
          ...(prompt.says.shade ? [{ name: `${shade}, ${name}`, value: seen.shade }] : []),
          ...(prompt.says.extent ? [{ name: `${extent}, ${name}`, value: seen.extent }] : []),
        ];
      };
      return [
        {
          kind: "images",
          title: `“${prompt.words}”`,
          rows: rows.map(([name]) => name),
          pixels: Uint8Array.from(pixels.flatMap((row) => [...row])),
          shape: [shown * rows.length, 14, 14, 1],
          columns: shown,
        },
        {
          ...{
            kind: "curves",
            title: "Training loss",
            x: { label: "step", min: 0, max: training },
            y: { label: "loss", logarithmic: true },
          },
          curves: losses.map(({ name, points }) => ({ name, points: [...points] })),
        },
        {
          kind: "figures",
          title: "Pictures that do as told",
          figures: [
            ...(await Promise.all(rows.map(judge))).flat(),
            { name: "one step against ten", value: difference, note: `${rows.at(-1)![0]}, root mean square` },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
    },
  };
}

/** A prompt, a picture, one step. */
export const demo: Demo = {
  id: "instaflow",
  caption:
    "A network learns to turn noise and a prompt into a picture, in many steps. Reflow on its own guided pairs straightens the way, and distillation makes it one step.",
  watch: {
    label: "Difference of one step from the teacher's ten",
    note: "root mean square of pixels in −1 to 1, from the same noise",
    better: "lower",
    of: "one step against ten",
    // Before and after the reflow.
    between: [40, 55],
  },
  picture: {
    alt: "Rows of sneakers from a prompt: the teacher's in ten steps and in one, and the student's in one.",
    views: ["“"],
  },
  controls,
  presets: [
    {
      name: "A sneaker in one step",
      note: "One step of the guided teacher is nearly the same glaring sneaker for every noise; after reflow and distillation it is the picture that took ten.",
      shows: "effect",
      state: {},
    },
    {
      name: "A small dark bag",
      note: "Every word counts: watch the shares of pictures that are dark and small rise with the bags.",
      shows: "effect",
      state: { kind: "bag", shade: "dark", extent: "small" },
    },
    {
      name: "Too much guidance",
      note: "The teacher's pairs carry its guidance: at 6 everything after it is burnt out, too.",
      shows: "failure",
      state: { guidance: 6 },
    },
    {
      name: "Distilled directly",
      note: "Without reflow the student has to learn a curved way in one step: compare the pictures with the teacher's.",
      shows: "failure",
      state: { straighten: false },
    },
  ],
  create,
};
