// A flow in the plane, trained and straightened while one looks on.
import { compile, random, tensor, type Tensor } from "fluxion";
import { samplePoints, seededUniform, type ArrayData, type PointSetName } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  drawPairs,
  flowMlp,
  inspectFlow,
  linearPath,
  sampleOde,
  transfer,
  uniformTime,
  velocityOf,
  reflow,
  vpPath,
  type FlowMlpParams,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";

const setOptions = [
  { value: "noise", label: "Gaussian noise" },
  { value: "eight-gaussians", label: "Eight clusters" },
  { value: "moons", label: "Two moons" },
  { value: "checkerboard", label: "Checkerboard" },
  { value: "pinwheel", label: "Pinwheel" },
] as const;

const controls = {
  source: { kind: "choice", label: "From", options: setOptions, initial: "noise" },
  target: { kind: "choice", label: "To", options: setOptions.slice(1), initial: "moons" },
  path: {
    kind: "choice",
    label: "Path",
    options: [
      { value: "linear", label: "Straight line" },
      { value: "vp", label: "Variance preserving" },
    ],
    initial: "linear",
  },
  rounds: { kind: "range", label: "Reflows", min: 0, max: 2, step: 1, initial: 1 },
  training: { kind: "range", label: "Steps of each training", min: 200, max: 4000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const network = flowMlp({ shape: [2], width: 64 });
const model = network.apply;
const rowsPerSet = 4000;
const [shown, samplerSteps, stepsPerTurn] = [300, 40, 20];

type Rows = ArrayData<Float32Array>;
const asTensor = ({ data, shape }: Rows): Tensor => tensor(data, { shape });

async function rowsOf(set: string, n: number, seed: number): Promise<Rows> {
  if (set !== "noise") return samplePoints(set as PointSetName, n, seededUniform(seed));
  const z = random.normal(random.key(seed), [n, 2]);
  return { data: (await z.data()) as Float32Array, shape: [n, 2] };
}

async function create(wanted: DemoState) {
  const { source, target, path: kind, rounds, training: steps, seed } = demoState(controls, wanted);
  // The VP velocity is singular at t = 1.
  const to = kind === "vp" ? 0.999 : 1;
  const objective = { path: kind === "vp" ? vpPath() : linearPath(), time: uniformTime({ max: to }) };
  const [sources, targets] = [
    await rowsOf(source, rowsPerSet, seed),
    await rowsOf(target, rowsPerSet, seed + 1000),
  ];
  const z0 = asTensor(await rowsOf(source, shown, seed + 2000));
  const real = await rowsOf(target, 1000, seed + 3000);
  const stop = new AbortController();
  const losses: [number, number][][] = [];
  let params: FlowMlpParams = network.init(random.key(seed));
  /** What was seen of the flow before its first reflow. */
  let before = { paths: new Float32Array(0), once: new Float32Array(0), straight: NaN } as {
    readonly paths: Float32Array;
    readonly once: Float32Array;
    readonly straight: number;
  };

  const look = compile((p: FlowMlpParams, z: Tensor) =>
    inspectFlow(velocityOf(model, p), z, { steps: samplerSteps, to }),
  );

  const turns = inTurns(async (pause) => {
    let raw = params;
    for (let round = 0; round <= rounds; round++) {
      const curve: [number, number][] = [];
      losses.push(curve);
      const common = {
        ...{ model, params: raw, steps, seed: seed + round, ema: { decay: 0.99, warmup: true } },
        ...{ optimizer: adam({ learningRate: 2e-3 }), stepsPerCall: stepsPerTurn, recordEvery: stepsPerTurn },
        onRecord: ({ step, loss }: { step: number; loss: number }) => void curve.push([step, loss]),
        // The loop waits here for the page's next turn.
        checkpoint: {
          every: stepsPerTurn,
          save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
            params = snapshot.ema!.average;
            await pause();
          },
        },
        signal: stop.signal,
      };
      const teacher = params;
      const result =
        round === 0
          ? await transfer({
              ...common,
              source: sources,
              target: targets,
              objective,
            })
          : await reflow({ ...common, data: await pairsOf(teacher), objective });
      raw = result.params;
    }
  });

  const pairsOf = (p: FlowMlpParams) =>
    drawPairs(async (z) => sampleOde(velocityOf(model, p), z, { steps: samplerSteps, to }), {
      ...{ n: rowsPerSet, batchSize: rowsPerSet, shape: [2], source: () => asTensor(sources) },
    });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const seen = await look(params, z0);
      const [paths, once] = [
        (await seen.trajectory.data()) as Float32Array,
        (await seen.ends[0]!.data()) as Float32Array,
      ];
      const ends = paths.subarray(samplerSteps * shown * 2);
      const reflowing = losses.length > 1;
      const straight = await seen.straightness.item();
      if (!reflowing) before = { paths, once, straight };
      const distance = (points: Float32Array): number =>
        slicedWasserstein({ data: points, shape: [shown, 2] }, real);
      const plane = { extent: 3, target: real.data };
      const after = reflowing ? { paths, count: shown } : { paths: new Float32Array(0), count: 0 };
      return [
        {
          ...{ kind: "paths", title: "Paths of the first flow" },
          paths: before.paths,
          count: shown,
          ...plane,
        },
        {
          ...{ kind: "paths", ...after, ...plane },
          title:
            rounds === 0
              ? "No reflow in this setting"
              : reflowing
                ? `After ${losses.length - 1} ${losses.length > 2 ? "reflows" : "reflow"}`
                : "After reflow: comes next",
        },
        {
          kind: "points",
          title: "Where one Euler step lands",
          groups: [
            { name: "data", points: real.data },
            { name: "first flow", points: before.once },
            ...(reflowing ? [{ name: "after reflow", points: once }] : []),
          ],
          extent: 3,
        },
        {
          kind: "curves",
          title: "Training loss",
          ...{ x: { label: "step", min: 0, max: steps }, y: { label: "loss", logarithmic: true } },
          curves: losses.map((points, i) => ({
            name: i === 0 ? "first flow" : `reflow ${i}`,
            points: [...points],
          })),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            {
              ...{ name: "straightness", value: straight },
              note: reflowing ? `0 is straight; ${before.straight.toPrecision(2)} before` : "0 is straight",
            },
            { name: "curvature", value: await seen.curvature.item(), note: "deviation over chord" },
            { name: "transport cost", value: await seen.cost.item() },
            {
              ...{ name: "distance, 1 step", value: distance(once) },
              note: reflowing
                ? `sliced Wasserstein; ${distance(before.once).toPrecision(2)} before`
                : "sliced Wasserstein",
            },
            { name: `distance, ${samplerSteps} steps`, value: distance(ends) },
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
  };
}

/** Rectified flow in the plane. */
export const demo: Demo = {
  id: "rectified-flow",
  caption:
    "A network learns to carry points from one distribution to another. Each reflow trains it again on its own pairs of start and end: the paths straighten, and one step lands where forty did.",
  watch: {
    label: "Distance of one-step samples from the data",
    note: "sliced Wasserstein",
    better: "lower",
    of: "distance, 1 step",
    // Before and after the reflow.
    between: [50, 100],
  },
  picture: {
    alt: "Paths from noise to two moons, curved before the reflow and straight after it.",
    views: ["Paths of", "After"],
    at: [100],
  },
  controls,
  presets: [
    {
      name: "Straightened once",
      note: "After the first training one step falls between the moons; after the reflow it lands on them.",
      shows: "effect",
      state: { source: "noise", target: "moons", rounds: 1 },
    },
    {
      name: "From clusters to moons",
      note: "Any two distributions will do; the transport cost falls although nobody asked for it.",
      shows: "effect",
      state: { source: "eight-gaussians", target: "moons", rounds: 1 },
    },
    {
      name: "A curved path stays curved",
      note: "On the variance-preserving path reflow keeps the pairs but not the promise: the paths do not straighten, and one step stays wrong.",
      shows: "failure",
      state: { source: "noise", target: "moons", path: "vp", rounds: 1 },
    },
  ],
  create,
};
