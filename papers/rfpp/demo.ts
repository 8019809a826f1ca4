// One reflow of points in the plane, trained in the plain way and in the paper's, side by side.
import { compile, random, tensor, type Tensor } from "fluxion";
import { samplePoints, seededUniform, type PointSetName } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  drawPairs,
  flowMlp,
  l2,
  logitNormalTime,
  lossProfile,
  pairsCoupling,
  reflow,
  reinterpolate,
  sampleOde,
  scaledPseudoHuber,
  trainFlow,
  uniformTime,
  uShapedTime,
  velocityOf,
  type FlowMlpParams,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import { slicedWasserstein } from "fluxion/train";

const times = {
  uniform: uniformTime(),
  "u-shaped": uShapedTime(),
  middle: logitNormalTime(),
} as const;
const metrics = { square: l2(), huber: scaledPseudoHuber() } as const;

const controls = {
  data: {
    kind: "choice",
    label: "Data",
    options: [
      { value: "eight-gaussians", label: "Eight clusters" },
      { value: "moons", label: "Two moons" },
      { value: "pinwheel", label: "Pinwheel" },
      { value: "checkerboard", label: "Checkerboard" },
    ],
    initial: "pinwheel",
  },
  time: {
    kind: "choice",
    label: "Times of the reflow",
    options: [
      { value: "u-shaped", label: "Often near both ends" },
      { value: "uniform", label: "Uniform" },
      { value: "middle", label: "Often in the middle" },
    ],
    initial: "u-shaped",
  },
  loss: {
    kind: "choice",
    label: "Loss of the reflow",
    options: [
      { value: "huber", label: "Pseudo-Huber" },
      { value: "square", label: "Squares" },
    ],
    initial: "huber",
  },
  training: { kind: "range", label: "Steps of each training", min: 200, max: 4000, step: 100, initial: 1000 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const network = flowMlp({ shape: [2], width: 64 });
const model = network.apply;
const [rows, shown, samplerSteps, stepsPerTurn, bins] = [4000, 1000, 40, 20, 10];
type Rows = { data: Float32Array; shape: readonly number[] };
const asTensor = ({ data, shape }: Rows): Tensor => tensor(data, { shape });

function create(wanted: DemoState) {
  const { data, time, loss, training: steps, seed } = demoState(controls, wanted);
  const x1 = samplePoints(data as PointSetName, rows, seededUniform(seed));
  const real = samplePoints(data as PointSetName, shown, seededUniform(seed + 3000));
  const z = random.normal(random.key(seed + 2000), [shown, 2]);
  const stop = new AbortController();
  let params: FlowMlpParams = network.init(random.key(seed));
  let stage = "first flow";
  let batch: { x0?: Tensor; x1: Tensor } = { x1: asTensor(x1) };

  const look = compile((p: FlowMlpParams, noise: Tensor) => {
    const velocity = velocityOf(model, p);
    return {
      once: sampleOde(velocity, noise, { steps: 1 }),
      five: sampleOde(velocity, noise, { steps: 5 }),
      renewed: sampleOde(velocity, noise, { steps: 5, solver: reinterpolate() }),
      many: sampleOde(velocity, noise, { steps: samplerSteps }),
    };
  });
  const profile = compile((p: FlowMlpParams, rowsNow: typeof batch) =>
    lossProfile(model, p, rowsNow, random.key(seed), {
      ...{ bins, objective: rowsNow.x0 ? { coupling: pairsCoupling() } : {} },
    }),
  );

  const turns = inTurns(async (pause) => {
    const run = (from: FlowMlpParams) => ({
      ...{ model, params: from, steps, seed, ema: { decay: 0.99, warmup: true }, signal: stop.signal },
      ...{ optimizer: adam({ learningRate: 2e-3 }), stepsPerCall: stepsPerTurn },
      // The loop waits here for the page's next turn.
      checkpoint: {
        every: stepsPerTurn,
        save: async (snapshot: { ema?: { average: FlowMlpParams } }) => {
          params = snapshot.ema!.average;
          await pause();
        },
      },
    });
    const first = await trainFlow({ ...run(params), data: { x1 } });
    const pairs = await drawPairs(
      async (noise) => sampleOde(velocityOf(model, first.ema!), noise, { steps: samplerSteps }),
      { n: rows, batchSize: rows, shape: [2], seed: seed + 1 },
    );
    [stage, batch] = ["second flow", { x0: asTensor(pairs.x0), x1: asTensor(pairs.x1) }];
    await reflow({
      ...{ ...run(first.params), data: pairs },
      objective: { time: times[time as keyof typeof times], metric: metrics[loss as keyof typeof metrics] },
    });
  });

  return Promise.resolve({
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const seen = await look(params, z);
      const read = async (t: Tensor): Promise<Float32Array> => (await t.data()) as Float32Array;
      const [once, five, renewed, many] = await Promise.all(
        [seen.once, seen.five, seen.renewed, seen.many].map(read),
      );
      const distance = (points: Float32Array): number =>
        slicedWasserstein({ data: points, shape: [shown, 2] }, real);
      const losses = Array.from(await (await profile(params, batch)).data(), Number);
      const density = times[time as keyof typeof times].density!;
      const middle = (i: number): number => (i + 0.5) / bins;
      return [
        {
          kind: "points",
          title: `One step of the ${stage}`,
          groups: [
            { name: "data", points: real.data },
            { name: "samples", points: once! },
          ],
          extent: 3,
        },
        {
          ...{ kind: "curves", whole: true },
          title: "Where the loss is, where the times are",
          ...{
            x: { label: "t, from noise to data", min: 0, max: 1 },
            y: { label: "loss over its mean; density", min: 0, max: 2.5 },
          },
          curves: [
            {
              name: `loss of the ${stage}`,
              points: losses.map((l, i): [number, number] => [
                middle(i),
                (l * bins) / losses.reduce((a, b) => a + b),
              ]),
            },
            {
              name: "times of the reflow",
              style: "dashed",
              points: losses.map((_, i): [number, number] => [middle(i), density(middle(i))]),
            },
          ],
        },
        {
          kind: "figures",
          title: `Now, ${stage}`,
          figures: [
            { name: "distance, 1 step", value: distance(once!), note: "sliced Wasserstein" },
            {
              name: "error of 1 step",
              value: Math.sqrt(once!.reduce((sum, v, i) => sum + (v - many![i]!) ** 2, 0) / shown),
              note: `against ${samplerSteps} steps`,
            },
            { name: "distance, 5 steps of Euler", value: distance(five!) },
            { name: "distance, 5 steps, new update", value: distance(renewed!) },
            { name: `distance, ${samplerSteps} steps`, value: distance(many!) },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
      await Promise.all([look.release(), profile.release()]);
    },
  });
}

/** One reflow, trained well. */
export const demo: Demo = {
  id: "rfpp",
  caption:
    "After a reflow what is left of the loss is near both ends of the time. Training there, with a loss that forgives outliers, gets more out of one reflow; training in the middle, which suits a first flow, gets less.",
  watch: {
    label: "Error of one step of the flow",
    note: "root mean square, against 40 steps",
    better: "lower",
    of: "error of 1 step",
    // Before and after the reflow.
    between: [50, 100],
  },
  picture: {
    alt: "Where the loss of a reflow is, and where its training times are: near both ends.",
    views: ["Where the loss"],
    at: [55],
  },
  controls,
  presets: [
    {
      name: "Where the loss is",
      note: "When the second flow begins, its loss piles up at both ends, and so do the times it is trained at.",
      shows: "effect",
      state: { data: "pinwheel", time: "u-shaped", loss: "huber" },
    },
    {
      name: "The plain reflow",
      note: "Uniform times and squares: compare the error of one step.",
      shows: "effect",
      state: { data: "pinwheel", time: "uniform", loss: "square" },
    },
    {
      name: "The wrong end of the argument",
      note: "Times in the middle are right for a first flow. Here they leave the ends alone, where the loss is, and the error of one step is the largest of the three.",
      shows: "failure",
      state: { data: "pinwheel", time: "middle", loss: "square" },
    },
  ],
  create,
};
