// Photographs of clothes go to noise and come back, and come back as something else.
import { compile, random, type Tensor } from "fluxion";
import { fromSigned } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  classifierFreeGuidance,
  droppedCondition,
  euler,
  fireFlow,
  independentCoupling,
  rfEdit,
  rfInvert,
  rfSolver,
  sampleOde,
  trainFlow,
  velocityOf,
  type Solver,
} from "fluxion/flow";
import { adam } from "fluxion/optim";
import type { DitParams } from "fluxion/nn";
import { kindNames } from "../captions14.js";
import { nullClass } from "../fashion14.js";
import { asTensors } from "../fashion-held-out.js";
import { loadFashion8, network, shape, steps as editSteps } from "./edit.js";

const kinds = kindNames.map((name, i) => ({ value: String(i), label: name }));
const controls = {
  from: { kind: "choice", label: "From a …", options: kinds, initial: "7" },
  to: { kind: "choice", label: "to a …", options: kinds, initial: "9" },
  share: {
    kind: "range",
    label: "Steps that share attention values",
    min: 0,
    max: editSteps,
    step: 1,
    initial: 12,
  },
  guidance: { kind: "range", label: "Guidance of the edit", min: 1, max: 6, step: 0.5, initial: 2 },
  alpha: {
    kind: "range",
    label: "Place of the second velocity, alpha",
    min: 0.1,
    max: 1,
    step: 0.05,
    initial: 0.5,
  },
  training: { kind: "range", label: "Training steps", min: 100, max: 2000, step: 100, initial: 400 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [shown, stepsPerTurn] = [8, 20];
/** Steps of RF-Solver in the sweep; the others get as many evaluations. */
const sweep = [1, 2, 3, 4, 6, 8, 12, 16] as const;
const title = "Error there and back, against evaluations of the network one way";

async function create(wanted: DemoState) {
  const { from, to, share, guidance, alpha, training, seed } = demoState(controls, wanted);
  const { train: data, held } = await loadFashion8();
  const rows = Int32Array.from(
    [...held.cond.data.keys()].filter((i) => held.cond.data[i] === Number(from)).slice(seed, seed + shown),
  );
  const { x: images, y: source } = asTensors(held, rows);
  const target = source.mul(0).add(Number(to));
  const stop = new AbortController();
  const losses: [number, number][] = [];
  let params: DitParams = network.init(random.key(seed));

  const velocity = (p: DitParams, cond: Tensor) => velocityOf(network.apply, p, { cond });
  const contenders: [name: string, solver: Solver, steps: (n: number) => number][] = [
    ["Euler", euler, (n) => 2 * n],
    ["RF-Solver", rfSolver({ alpha }), (n) => n],
    ["FireFlow", fireFlow, (n) => Math.max(1, 2 * n - 1)],
  ];
  const roundTrips = (n: number) =>
    compile((p: DitParams, x: Tensor, cond: Tensor) =>
      contenders.map(([, solver, count]) => {
        const times = { solver, steps: count(n) };
        const noise = sampleOde(velocity(p, cond), x, { ...times, from: 1, to: 0 });
        return sampleOde(velocity(p, cond), noise, times);
      }),
    );
  const edit = compile((p: DitParams, x: Tensor, a: Tensor, b: Tensor) => {
    const guided = classifierFreeGuidance(network.apply, { scale: guidance, nullCond: nullClass });
    const wish = velocityOf(guided, p, { cond: b });
    const found = rfInvert(velocity(p, a), x, { steps: editSteps, share });
    return [{ ...found, shared: [] }, found].map((start) => rfEdit(wish, start, { steps: editSteps }));
  });
  const few = roundTrips(4);
  const curves = contenders.map(([name]) => ({ name, points: [] as [number, number][] }));

  const meanSquare = async (a: Tensor, b: Tensor): Promise<number> => a.sub(b).square().mean().item();
  const turns = inTurns(async (pause) => {
    await trainFlow({
      ...{
        model: network.apply,
        params,
        data,
        seed,
        steps: training,
        batchSize: 64,
        stepsPerCall: stepsPerTurn,
      },
      ...{ optimizer: adam({ learningRate: 3e-3 }), ema: { decay: 0.98, warmup: true }, signal: stop.signal },
      objective: {
        coupling: droppedCondition(independentCoupling(), { rate: 0.1, nullCond: nullClass }),
      },
      recordEvery: stepsPerTurn,
      onRecord: ({ step, loss }) => void losses.push([step, loss]),
      // The loop waits here for the page's next turn.
      checkpoint: {
        every: stepsPerTurn,
        save: async (snapshot) => {
          params = snapshot.ema!.average;
          await pause();
        },
      },
    });
    for (const n of sweep) {
      if (stop.signal.aborted) return;
      const trip = roundTrips(n);
      const ends = await trip(params, images, source);
      for (const [i, end] of ends.entries()) curves[i]!.points.push([2 * n, await meanSquare(end, images)]);
      await trip.release();
      await pause();
    }
  });

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const trips = await few(params, images, source);
      const [free, bound] = await edit(params, images, source, target);
      const pictures: Tensor[] = [images, trips[0]!, trips[1]!, free!, bound!];
      const data8 = new Float32Array(pictures.length * shown * 64);
      for (const [i, picture] of pictures.entries())
        data8.set((await picture.data()) as Float32Array, i * shown * 64);
      const all = pictures.length * shown;
      return [
        {
          kind: "images",
          title: `Rows: photographs; there and back by Euler, by RF-Solver, in 8 evaluations; as ${kindNames[Number(to)]}, values not shared; shared`,
          pixels: Uint8Array.from(fromSigned({ data: data8, shape: [all, ...shape] }).data),
          shape: [all, 8, 8, 1],
          columns: shown,
        },
        {
          kind: "curves",
          title,
          x: { label: "evaluations", logarithmic: true },
          y: { label: "mean square", logarithmic: true },
          curves: curves.map(({ name, points }) => ({ name, points: [...points] })),
        },
        {
          kind: "curves",
          title: "Training loss",
          x: { label: "step" },
          y: { label: "loss", logarithmic: true },
          curves: [{ name: "flow", points: [...losses] }],
        },
        {
          kind: "figures",
          title: "How far from the photographs",
          figures: [
            { name: "back by Euler", value: await meanSquare(trips[0]!, images), note: "8 evaluations" },
            { name: "back by RF-Solver", value: await meanSquare(trips[1]!, images), note: "8 evaluations" },
            { name: "edit, values not shared", value: await meanSquare(free!, images) },
            { name: "edit, values shared", value: await meanSquare(bound!, images), note: `${share} steps` },
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A loop that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
      await Promise.all([few.release(), edit.release()]);
    },
  };
}

/** There and back again. */
export const demo: Demo = {
  id: "rf-solver",
  caption:
    "A small transformer learns to draw clothes. Then photographs run through it backwards to noise and forwards again: with Euler's steps they come back changed, with RF-Solver's the same; under another class they come back as something else.",
  watch: {
    label: "Error there and back by RF-Solver",
    note: "mean square of pixels in −1 to 1, as the steps get more",
    better: "lower",
    of: { title, curve: "RF-Solver" },
    // The flow is trained; then the number of evaluations grows.
    between: [22, 28],
  },
  controls,
  presets: [
    {
      name: "A sneaker becomes a boot",
      note: "Wait for the end of the training: with more evaluations RF-Solver's error falls far faster than Euler's. The last row keeps more of the photograph than the row above it.",
      shows: "effect",
      state: {},
    },
    {
      name: "A shirt becomes a dress",
      note: "Shapes far apart: sharing keeps the width and the shade.",
      shows: "effect",
      state: { from: "6", to: "3" },
    },
    {
      name: "Everything shared",
      note: "With the values of every step the edit hardly dares to change: the last row stays close to the photographs, and to their class.",
      shows: "failure",
      state: { share: 15 },
    },
    {
      name: "Too much guidance",
      note: "The inversion knows nothing of the guidance, so a strong one drives the edit out of the range of pixels, shared or not.",
      shows: "failure",
      state: { guidance: 6 },
    },
  ],
  create,
};
