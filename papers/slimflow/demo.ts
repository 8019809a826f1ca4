// A small one-step student of a larger flow of points in the plane.
import { compile, random, type Tensor } from "fluxion";
import { gatherRows, samplePoints, seededUniform, type PointSetName } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  annealedCoupling,
  distil,
  distilGuided,
  drawPairs,
  flowMlp,
  inspectFlow,
  reflow,
  sampleOde,
  trainFlow,
  velocityOf,
  type FlowMlpParams,
  type FlowPairs,
} from "fluxion/flow";
import { adam, linearSchedule } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";

const controls = {
  data: {
    kind: "choice",
    label: "Data",
    options: [
      { value: "pinwheel", label: "Pinwheel" },
      { value: "moons", label: "Two moons" },
      { value: "eight-gaussians", label: "Eight clusters" },
      { value: "checkerboard", label: "Checkerboard" },
    ],
    initial: "pinwheel",
  },
  width: { kind: "range", label: "Width of the student", min: 8, max: 64, step: 8, initial: 24 },
  annealing: {
    kind: "choice",
    label: "Reflow of the student",
    options: [
      { value: "annealed", label: "annealed from fresh noise" },
      { value: "direct", label: "on the pairs at once" },
    ],
    initial: "annealed",
  },
  method: {
    kind: "choice",
    label: "Distillation",
    options: [
      { value: "guided", label: "guided by the student's flow" },
      { value: "naive", label: "regression on the pairs alone" },
    ],
    initial: "guided",
  },
  offline: { kind: "range", label: "Pairs for it", min: 16, max: 1024, step: 16, initial: 16 },
  training: { kind: "range", label: "Steps of each training", min: 200, max: 4000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const large = flowMlp({ shape: [2], width: 128 });
const [rows, shown, drawn, samplerSteps, stepsPerTurn] = [4000, 1000, 200, 40, 20];
type Net = typeof large;

function create(wanted: DemoState) {
  const state = demoState(controls, wanted);
  const { data, width, annealing, method, offline, training: steps, seed } = state;
  const small = flowMlp({ shape: [2], width, depth: 1 });
  const x1 = samplePoints(data as PointSetName, rows, seededUniform(seed));
  const real = samplePoints(data as PointSetName, shown, seededUniform(seed + 3000));
  const z = random.normal(random.key(seed + 2000), [shown, 2]);
  const stop = new AbortController();
  const losses: { name: string; points: [number, number][] }[] = [];
  /** What was seen of the teacher's paths. */
  let taught: Float32Array = new Float32Array(0);
  /** Where the student's flow takes the shown noise. */
  let reference: Float32Array | undefined;
  let [net, params]: [Net, FlowMlpParams] = [large, large.init(random.key(seed))];

  const looks = [large, small].map((one) =>
    compile((p: FlowMlpParams, noise: Tensor) => {
      const { ends, trajectory } = inspectFlow(velocityOf(one.apply, p), noise, { steps: samplerSteps });
      return { once: ends[0]!, paths: trajectory };
    }),
  );

  const turns = inTurns(async (pause) => {
    const run = (name: string, model: Net, from: FlowMlpParams, rate = 2e-3) => {
      const points: [number, number][] = [];
      losses.push({ name, points });
      return {
        ...{ model: model.apply, params: from, steps, seed, ema: { decay: 0.99, warmup: true } },
        ...{ optimizer: adam({ learningRate: rate }), stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
        onRecord: ({ step, loss }: { step: number; loss: number }) => void points.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            [net, params] = [model, snapshot.ema!.average];
            await pause();
          },
        },
        signal: stop.signal,
      };
    };
    const pairsOf = (model: Net, p: FlowMlpParams): Promise<FlowPairs> =>
      drawPairs(async (noise) => sampleOde(velocityOf(model.apply, p), noise, { steps: samplerSteps }), {
        ...{ n: rows, batchSize: rows, shape: [2], seed: seed + 1 },
      });
    const teacher = await trainFlow({ ...run("teacher", large, params), data: { x1 } });
    const beta = linearSchedule({ init: 1, end: 0, steps: Math.round(0.375 * steps) });
    const flow = await reflow({
      ...run("student's flow", small, small.init(random.key(seed + 1))),
      data: await pairsOf(large, teacher.ema!),
      objective: annealing === "annealed" ? { coupling: annealedCoupling(beta) } : {},
    });
    const goal = sampleOde(velocityOf(small.apply, flow.ema!), z, { steps: samplerSteps });
    reference = (await goal.data()) as Float32Array;
    const own = await pairsOf(small, flow.ema!);
    const few = Int32Array.from({ length: offline }, (_, i) => i);
    const last = {
      ...run("one-step student", small, flow.params, 1e-3),
      data: { x0: gatherRows(own.x0, few), x1: gatherRows(own.x1, few) },
    };
    await (method === "guided" ? distilGuided({ ...last, teacher: flow.ema! }) : distil(last));
  });

  const size = (p: FlowMlpParams): number =>
    [p.input, p.time, p.output, ...p.layers].reduce(
      (sum, layer) => sum + layer.weight.size + (layer.bias?.size ?? 0),
      0,
    );

  return Promise.resolve({
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const seen = await looks[net === large ? 0 : 1]!(params, z);
      const [once, all] = (await Promise.all([
        seen.once.data(),
        seen.paths.slice(null, [0, drawn]).data(),
      ])) as [Float32Array, Float32Array];
      const ends = (await seen.paths.slice(-1).data()) as Float32Array;
      const distance = (points: Float32Array): number =>
        slicedWasserstein({ data: points, shape: [shown, 2] }, real);
      const goal = net === large ? ends : (reference ?? ends);
      const error = Math.sqrt(once.reduce((sum, v, i) => sum + (v - goal[i]!) ** 2, 0) / shown);
      const stage = losses.at(-1)?.name ?? "teacher";
      const plane = { extent: 3, target: real.data };
      if (net === large) taught = all;
      const own = net === large ? { paths: new Float32Array(0), count: 0 } : { paths: all, count: drawn };
      return [
        {
          kind: "points",
          title: `One step of the ${stage}`,
          groups: [
            { name: "data", points: real.data },
            { name: "samples", points: once },
          ],
          extent: 3,
        },
        { ...{ kind: "paths", title: "Paths of the teacher" }, paths: taught, count: drawn, ...plane },
        {
          ...{ kind: "paths", ...own, ...plane },
          title: net === large ? "Paths of the student: come next" : `Paths of the ${stage}`,
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "loss", logarithmic: true } },
          curves: losses.map(({ name, points }) => ({ name, points: [...points] })),
        },
        {
          kind: "figures",
          title: `Now, ${stage}`,
          figures: [
            { name: "parameters", value: size(params) },
            { name: "distance, 1 step", value: distance(once), note: "sliced Wasserstein" },
            { name: "error of 1 step", value: error, note: `against ${samplerSteps} steps of its flow` },
            { name: `distance, ${samplerSteps} steps`, value: distance(ends) },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
      await Promise.all(looks.map((look) => look.release()));
    },
  });
}

/** A small one-step student in the plane. */
export const demo: Demo = {
  id: "slimflow",
  caption:
    "A large flow is trained; a student with a fraction of its parameters is reflowed from random weights on the large one's pairs, then distilled to one step with only a few pairs of its own, and with its own flow's two steps as a guide on fresh noise.",
  watch: {
    label: "Error of one step",
    note: "root mean square, against 40 steps of the same flow",
    better: "lower",
    of: "error of 1 step",
    // Before and after the distillation of the student's flow.
    between: [100, 150],
  },
  picture: {
    alt: "One step of the large flow: a blob in the middle; one step of the small student: a pinwheel.",
    views: ["One step of"],
    at: [50, 150],
  },
  controls,
  presets: [
    {
      name: "Guided, with 16 pairs",
      note: "The last stage has 16 pairs; where they say nothing, two steps of the student's flow do. One step lands on the arms.",
      shows: "effect",
      state: { data: "pinwheel", method: "guided", offline: 16 },
    },
    {
      name: "The pairs alone",
      note: "The same 16 pairs without guidance: the student learns them by heart, and its error on other noise is larger than before.",
      shows: "failure",
      state: { data: "pinwheel", method: "naive", offline: 16 },
    },
    {
      name: "Eight units wide",
      note: "A student can only be as good as its own flow, and with 378 parameters that is worse: one step is close to it and yet not to the data.",
      shows: "failure",
      state: { data: "pinwheel", method: "guided", offline: 16, width: 8 },
    },
  ],
  create,
};
