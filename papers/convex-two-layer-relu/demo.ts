// A noisy wave fitted by the convex program, with the bound that proves it, and by Adam from five starts.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  convexRelu,
  enumeratePatterns,
  optimalityGap,
  reluBackprop,
  reluCost,
  reluOutputs,
  samplePatterns,
  type ReluNetwork,
} from "fluxion/solve";
import { wave } from "./data.js";

const controls = {
  points: { kind: "range", label: "Points", min: 6, max: 40, step: 1, initial: 12 },
  beta: {
    kind: "range",
    label: "Regularisation",
    min: 0.001,
    max: 1,
    step: 0.001,
    initial: 0.01,
    logarithmic: true,
  },
  patterns: {
    kind: "choice",
    label: "Activation patterns",
    options: [
      { value: "all", label: "All" },
      { value: "8", label: "Of 8 random directions" },
      { value: "3", label: "Of 3 random directions" },
    ],
    initial: "all",
  },
  units: { kind: "range", label: "Units for Adam", min: 2, max: 50, step: 1, initial: 4 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [iterations, iterationsPerTurn, restarts, steps] = [3000, 100, 5, 3000];
const grid = Array.from({ length: 101 }, (_, i) => i / 50 - 1);
const gridInputs = { data: Float64Array.from(grid.flatMap((v) => [v, 1])), shape: [grid.length, 2] };
const nothing: ReluNetwork = { hidden: new Float64Array(0), output: new Float64Array(0) };

async function create(wanted: DemoState) {
  const { points, beta, patterns: kind, units, seed } = demoState(controls, wanted);
  const objective = { ...wave(points, seed), beta };
  const patterns =
    kind === "all"
      ? enumeratePatterns(objective.x)
      : samplePatterns(objective.x, { count: Number(kind), seed });
  const stop = new AbortController();
  let best = nothing;
  let adam: { network: ReluNetwork; cost: number }[] = [];
  let bound = 0;
  const costs: [number, number][] = [];
  const losses: [number, number][] = [];

  const turns = inTurns(async (pause) => {
    const fit = await convexRelu(objective, {
      ...{ patterns, rho: Math.max(0.01, beta), maxIterations: iterations, signal: stop.signal },
      async onIteration({ iteration, cost, network }) {
        if (iteration % iterationsPerTurn !== 0 || !network) return;
        best = network;
        costs.push([iteration, cost!]);
        await pause();
      },
    });
    best = fit.x;
    bound = fit.certificate().bound;
    await pause();
    adam = await reluBackprop(objective, {
      ...{ units, restarts, steps, seed, signal: stop.signal },
      async onProgress(step, loss) {
        losses.push([step, loss / restarts]);
        await pause();
      },
    });
  });

  const curve = (name: string, network: ReluNetwork) => {
    const outputs = reluOutputs(network, gridInputs);
    return { name, points: grid.map((v, k) => [v, outputs[k]!] as const) };
  };

  return {
    step: () => turns.next(),
    async views(): Promise<View[]> {
      const inOrder = [...objective.y.keys()].sort(
        (a, b) => objective.x.data[2 * a]! - objective.x.data[2 * b]!,
      );
      const ranked = [...adam].sort((a, b) => a.cost - b.cost);
      const data = {
        ...{ name: "data", style: "dots" as const },
        points: inOrder.map((k) => [objective.x.data[2 * k]!, objective.y[k]!] as const),
      };
      const adamCurves = ranked.length > 0 ? [curve("Adam, worst start", ranked.at(-1)!.network)] : [];
      const cost = reluCost(best, objective);
      return [
        {
          ...{
            kind: "curves",
            whole: true,
            title: "The fits",
            x: { label: "x", min: -1, max: 1 },
            y: { label: "y" },
          },
          curves: [data, curve("convex program", best), ...adamCurves],
        },
        {
          ...{
            kind: "curves",
            title: "Cost",
            x: { label: "iteration or step", min: 0, max: Math.max(iterations, steps) },
            y: { label: "cost", logarithmic: true },
          },
          curves: [
            { name: "convex program", points: [...costs], series: 1 },
            { name: "Adam, mean of the starts", points: [...losses], series: 2 },
          ],
        },
        {
          ...{ kind: "bars", title: "Cost of every start", y: { label: "cost" } },
          bars: [
            { name: "convex program", value: cost, series: 1 },
            ...ranked.map((run, i) => ({ name: `Adam, start ${i + 1}`, value: run.cost, series: 2 })),
          ],
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            {
              name: "patterns",
              value: patterns.count,
              note: patterns.complete ? "all there are" : "sampled",
            },
            { name: "cost, convex program", value: cost },
            {
              ...{ name: "lower bound", value: bound },
              note: patterns.complete ? "of every network's cost" : "with these patterns only",
            },
            { name: "cost above the bound", value: Math.max(0, cost - bound) },
            ...ranked.slice(0, 1).map((run) => ({ name: "cost, Adam's best start", value: run.cost })),
            ...ranked.slice(-1).map((run) => ({ name: "cost, Adam's worst start", value: run.cost })),
            ...ranked.slice(0, patterns.complete ? 1 : 0).map((run) => ({
              name: "gap of Adam's best start, at most",
              value: optimalityGap(run.network, objective, patterns).gap,
            })),
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // A solver that waits for its turn wakes up, sees the signal and ends; Adam ends by throwing.
      await turns.next().catch(() => undefined);
    },
  };
}

/** Two-layer ReLU networks by convex programs, on the line. */
export const demo: Demo = {
  id: "convex-two-layer-relu",
  caption:
    "A two-layer ReLU network is trained twice on the same points: by a convex program over activation patterns, which ends with a proof of how good any network can be, and by Adam from five random starts.",
  watch: {
    label: "Gap between the convex program's cost and the bound it proves",
    note: "at 0 nothing does better",
    better: "lower",
    of: "cost above the bound",
    between: [1, 40],
  },
  picture: {
    alt: "Points of a noisy wave and the network that the convex program fits to them.",
    views: ["The fits"],
  },
  controls,
  presets: [
    {
      name: "Every pattern: proved optimal",
      note: "Cost and lower bound meet: no network of any width does better. With four units Adam depends on its start.",
      shows: "effect",
      state: {},
    },
    {
      name: "Strong regularisation",
      note: "A smoother fit: the convex program ends at its bound, all five starts of Adam end above it.",
      shows: "effect",
      state: { beta: 0.3, points: 24, units: 6 },
    },
    {
      name: "Three random patterns",
      note: "The program is optimal for its few patterns only. Adam moves its own patterns and ends lower: the bound says nothing about it.",
      shows: "failure",
      state: { patterns: "3", units: 20, seed: 1 },
    },
  ],
  create,
};
