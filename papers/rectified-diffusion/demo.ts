// A diffusion model of points in the plane, rectified without changing its form.
import { compile, random, tensor } from "fluxion";
import { samplePoints, seededUniform, type PointSetName } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  curvature,
  ddim,
  discretePath,
  drawPairs,
  flowMlp,
  linearPath,
  noiseVariance,
  pairsCoupling,
  reflow,
  sampleOde,
  sampleTrajectory,
  shuffledCoupling,
  subVpPath,
  timeGrid,
  trainFlow,
  velocityOf,
  type FlowMlpParams,
  type Path,
  type Prediction,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";

const forms: Readonly<Record<string, { path: Path; prediction: Prediction }>> = {
  vp: { path: discretePath(), prediction: "v" },
  "sub-vp": { path: subVpPath(), prediction: "v" },
  noise: { path: discretePath(), prediction: "noise" },
  straight: { path: linearPath(), prediction: "velocity" },
};

const controls = {
  data: {
    kind: "choice",
    label: "Data",
    options: [
      { value: "moons", label: "Two moons" },
      { value: "eight-gaussians", label: "Eight clusters" },
      { value: "pinwheel", label: "Pinwheel" },
      { value: "checkerboard", label: "Checkerboard" },
    ],
    initial: "moons",
  },
  form: {
    kind: "choice",
    label: "Model",
    options: [
      { value: "vp", label: "Diffusion (variance preserving), v-prediction" },
      { value: "sub-vp", label: "Sub-variance preserving, v-prediction" },
      { value: "noise", label: "Diffusion, noise prediction" },
      { value: "straight", label: "Straight line, velocity" },
    ],
    initial: "vp",
  },
  pairs: {
    kind: "choice",
    label: "Retrained on",
    options: [
      { value: "own", label: "its own pairs" },
      { value: "shuffled", label: "the same, dealt out anew" },
    ],
    initial: "own",
  },
  training: { kind: "range", label: "Steps of each training", min: 200, max: 4000, step: 100, initial: 1200 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const network = flowMlp({ shape: [2], width: 64 });
const model = network.apply;
const [rows, shown, samplerSteps, stepsPerTurn] = [4000, 300, 40, 20];

function create(wanted: DemoState) {
  const { data, form, pairs: kind, training: steps, seed } = demoState(controls, wanted);
  const { path, prediction } = forms[form]!;
  const reading = { path, prediction };
  const sampler = { solver: ddim(path), steps: samplerSteps };
  const x1 = samplePoints(data as PointSetName, rows, seededUniform(seed));
  const real = samplePoints(data as PointSetName, 1000, seededUniform(seed + 3000));
  const z = random.normal(random.key(seed + 2000), [shown, 2]);
  const stop = new AbortController();
  const losses: { name: string; points: [number, number][] }[] = [];
  let params: FlowMlpParams = network.init(random.key(seed));
  /** What was seen of the model before it was trained again. */
  let before: Readonly<Record<"paths" | "once", Float32Array>> = {
    paths: new Float32Array(0),
    once: new Float32Array(0),
  };

  const start = (noise: typeof z) => noise.mul(path.at(tensor(0)).sigma);
  const look = compile((p: FlowMlpParams, noise: typeof z) => {
    const velocity = velocityOf(model, p, reading);
    const trajectory = sampleTrajectory(velocity, start(noise), sampler);
    return {
      trajectory,
      once: sampleOde(velocity, start(noise), { ...sampler, steps: 1 }),
      variance: noiseVariance(path, trajectory, timeGrid(sampler)),
      curvature: curvature(trajectory),
    };
  });

  const turns = inTurns(async (pause) => {
    const run = (name: string, from: FlowMlpParams) => {
      const points: [number, number][] = [];
      losses.push({ name, points });
      return {
        ...{ model, params: from, steps, seed, ema: { decay: 0.99, warmup: true }, signal: stop.signal },
        ...{ optimizer: adam({ learningRate: 2e-3 }), stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
        onRecord: ({ step, loss }: { step: number; loss: number }) => void points.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            params = snapshot.ema!.average;
            await pause();
          },
        },
      };
    };
    const teacher = await trainFlow({ ...run("teacher", params), data: { x1 }, objective: reading });
    const own = await drawPairs(
      async (noise) => sampleOde(velocityOf(model, teacher.ema!, reading), start(noise), sampler),
      { n: rows, batchSize: rows, shape: [2], seed: seed + 1 },
    );
    const coupling = kind === "own" ? pairsCoupling() : shuffledCoupling();
    // A noise prediction is compared as the point that it stands for.
    const space = prediction === "noise" ? ({ space: "data" } as const) : {};
    await reflow({
      ...run("rectified", teacher.params),
      ...{ data: own, objective: { ...reading, coupling, ...space } },
    });
  });

  return Promise.resolve({
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const seen = await look(params, z);
      const [paths, once] = (await Promise.all([seen.trajectory.data(), seen.once.data()])) as [
        Float32Array,
        Float32Array,
      ];
      const distance = (points: Float32Array): number =>
        slicedWasserstein({ data: points, shape: [shown, 2] }, real);
      const again = losses.length > 1;
      if (!again) before = { paths, once };
      const plane = { extent: 3, target: real.data };
      const after = again ? { paths, count: shown } : { paths: new Float32Array(0), count: 0 };
      return [
        { ...{ kind: "paths", title: "Paths of the teacher" }, paths: before.paths, count: shown, ...plane },
        {
          ...{ kind: "paths", ...after, ...plane },
          title: again ? "Trained again: no straighter" : "Trained again: comes next",
        },
        {
          kind: "points",
          title: "Where one first-order step lands",
          groups: [
            { name: "data", points: real.data },
            { name: "teacher", points: before.once },
            ...(again ? [{ name: "trained again", points: once }] : []),
          ],
          extent: 3,
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "loss", logarithmic: true } },
          curves: losses.map(({ name, points }) => ({ name, points: [...points] })),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "noise variance", value: await seen.variance.item(), note: "0 is first-order" },
            { name: "curvature", value: await seen.curvature.item(), note: "deviation over chord" },
            {
              ...{ name: "distance, 1 step", value: distance(once) },
              note: again
                ? `sliced Wasserstein; ${distance(before.once).toPrecision(2)} before`
                : "sliced Wasserstein",
            },
            {
              name: `distance, ${samplerSteps} steps`,
              value: distance(paths.subarray(samplerSteps * shown * 2)),
            },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
      await look.release();
    },
  });
}

/** Rectified diffusion in the plane. */
export const demo: Demo = {
  id: "rectified-diffusion",
  caption:
    "A diffusion model is trained, then trained again on its own pairs of noise and sample. Its paths get no straighter, but the noise it predicts stops changing along each of them, and one step lands where forty did.",
  watch: {
    label: "Distance of one-step samples from the data",
    note: "sliced Wasserstein",
    better: "lower",
    of: "distance, 1 step",
    // Before and after the model is rectified.
    between: [60, 120],
  },
  picture: {
    alt: "Curved paths of a rectified diffusion model, and its samples in one step, which lie on two moons.",
    views: ["Trained again", "Where one first-order step"],
  },
  controls,
  presets: [
    {
      name: "Curved, and yet one step",
      note: "The variance of the predicted noise falls, the curvature does not; one step lands on the moons.",
      shows: "effect",
      state: { data: "moons", form: "vp", pairs: "own" },
    },
    {
      name: "Sub-VP does as well",
      note: "Another curved path, the same effect: a straight one is not needed.",
      shows: "effect",
      state: { data: "moons", form: "sub-vp", pairs: "own" },
    },
    {
      name: "Without the pairs",
      note: "As many steps on the same noise and samples, dealt out anew: nothing improves. The pairs are what does it.",
      shows: "failure",
      state: { data: "moons", form: "vp", pairs: "shuffled" },
    },
  ],
  create,
};
