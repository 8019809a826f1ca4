// Photographs of clothes with hidden pixels, completed round by round with exact and with sketched regressions.
import { fromUnit } from "fluxion/data";
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  completeMatrix,
  exactLeastSquares,
  lowRankToDense,
  observedEntries,
  sketchedLeastSquares,
  type CompletionIteration,
  type LeastSquares,
} from "fluxion/solve";
import { clothesRows, columnMeans, hiddenError, randomMask } from "./data.js";
import { disturbed } from "./disturbed.js";

const controls = {
  what: {
    kind: "choice",
    label: "Photographs of",
    options: [
      { value: "1", label: "Trousers" },
      { value: "0", label: "T-shirts" },
      { value: "7", label: "Sneakers" },
      { value: "8", label: "Bags" },
    ],
    initial: "1",
  },
  known: { kind: "range", label: "Known pixels", min: 0.05, max: 0.9, step: 0.05, initial: 0.5 },
  rank: { kind: "range", label: "Rank", min: 1, max: 40, step: 1, initial: 10 },
  ridge: { kind: "range", label: "Ridge", min: 0.001, max: 1, step: 0.001, initial: 0.01, logarithmic: true },
  noise: {
    kind: "range",
    label: "Error put into every regression",
    min: 0,
    max: 0.3,
    step: 0.01,
    initial: 0,
  },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

const [pictures, shown, rounds] = [400, 8, 25];

interface Method {
  readonly name: string;
  readonly leastSquares: LeastSquares;
  readonly observed: [number, number][];
  readonly hidden: [number, number][];
  pixels: Float64Array;
  operations: number;
}

async function create(wanted: DemoState) {
  const { what, known, rank, ridge, noise, seed } = demoState(controls, wanted);
  const { rows, side } = await clothesRows(pictures, Number(what));
  const mask = randomMask(rows.data.length, known, seed);
  const observed = observedEntries(rows, mask);
  const seen = rows.data.map((v, e) => (mask[e] ? v : 0));
  const means = columnMeans(rows, mask);
  const method = (name: string, leastSquares: LeastSquares): Method => ({
    ...{ name, leastSquares, observed: [], hidden: [], pixels: means, operations: 0 },
  });
  const methods = [
    noise > 0
      ? method("disturbed", disturbed(noise, "random"))
      : method("exact", exactLeastSquares({ ridge })),
    method("sketched", sketchedLeastSquares({ ridge })),
  ];
  const stop = new AbortController();
  const turns = methods.map((m) =>
    inTurns(async (pause) => {
      await completeMatrix(observed, {
        ...{ rank, maxIterations: rounds, leastSquares: m.leastSquares, seed, signal: stop.signal },
        async onIteration({ iteration, residual, x, work }: CompletionIteration) {
          m.pixels = lowRankToDense(x).data.map((v, e) => (mask[e] ? rows.data[e]! : v));
          m.operations = work.left + work.right;
          m.observed.push([iteration, residual]);
          m.hidden.push([iteration, hiddenError(rows.data, m.pixels, mask)]);
          await pause();
        },
      });
    }),
  );

  const picture = (data: Float64Array) =>
    fromUnit({
      data: Float32Array.from(data.subarray(0, shown * side * side)),
      shape: [shown, 1, side, side],
    }).data;
  const floor = hiddenError(rows.data, means, mask);

  return {
    async step() {
      const ends = [];
      for (const turn of turns) ends.push(await turn.next());
      return ends.every((end) => end === "done") ? ("done" as const) : ("running" as const);
    },
    async views(): Promise<View[]> {
      const last = (points: readonly [number, number][]): number => points.at(-1)?.[1] ?? floor;
      const grid = [rows.data, seen, means, ...methods.map((m) => m.pixels)].map(picture);
      return [
        {
          kind: "images",
          title: "Photographs with hidden pixels",
          rows: ["original", "what is known", "means of the pixels", ...methods.map((m) => m.name)],
          pixels: Uint8Array.from(grid.flatMap((row) => [...row])),
          shape: [shown * grid.length, side, side, 1],
          columns: shown,
        },
        {
          ...{
            kind: "curves",
            title: "Error of the hidden pixels",
            x: { label: "round", min: 0, max: rounds },
          },
          y: { label: "root mean square", min: 0 },
          curves: [
            {
              ...{ name: "means of the pixels", style: "dashed" },
              points: [[0, floor] as const, [rounds, floor] as const],
            },
            ...methods.map((m, i) => ({ name: m.name, points: [...m.hidden], series: i + 1 })),
          ],
        },
        {
          ...{
            kind: "curves",
            title: "Residual on the known pixels",
            x: { label: "round", min: 0, max: rounds },
          },
          y: { label: "relative", logarithmic: true },
          curves: methods.map((m, i) => ({ name: m.name, points: [...m.observed], series: i + 1 })),
        },
        {
          kind: "figures",
          title: "Now",
          figures: [
            { name: "known pixels", value: observed.values.length, note: `of ${rows.data.length}` },
            { name: "numbers in the factors", value: rank * (pictures + side * side - rank) },
            { name: "error of the means", value: floor },
            ...methods.map((m) => ({ name: `error, ${m.name}`, value: last(m.hidden) })),
            ...methods.map((m) => ({ name: `multiply-adds, ${m.name}`, value: m.operations })),
          ],
        },
      ];
    },
    async release() {
      stop.abort();
      // Completions that wait for their turn wake up, see the signal and end.
      for (const turn of turns) await turn.next();
    },
  };
}

/** Hidden pixels of photographs come back, as far as the photographs are alike. */
export const demo: Demo = {
  id: "low-rank-completion",
  caption:
    "Four hundred photographs are the rows of a matrix, and half of their pixels are hidden. Alternating minimisation fills them in: once with exact regressions, once with sketched ones, which end at the same pictures.",
  watch: {
    label: "Error of the hidden pixels, by sketched regressions",
    note: "root mean square; pixels are 0 to 1",
    better: "lower",
    of: "error, sketched",
  },
  picture: {
    alt: "Rows of trousers: the originals, what is known of them, and what is completed.",
    views: ["Photographs"],
  },
  controls,
  presets: [
    {
      name: "Every second pixel",
      note: "Sketched and exact regressions leave the same error in every round, little more than half that of the means.",
      shows: "effect",
      state: {},
    },
    {
      name: "Errors in every regression",
      note: "Every solution is moved by a tenth of its length, and the pictures still come: the errors do not pile up.",
      shows: "effect",
      state: { noise: 0.1 },
    },
    {
      name: "Too few pixels for the rank",
      note: "As many numbers in the factors as known pixels, and hardly a ridge: the known pixels fit, the hidden ones are noise.",
      shows: "failure",
      state: { known: 0.1, rank: 20, ridge: 0.001 },
    },
    {
      name: "A rank too low",
      note: "One pattern for all: no more than the means of the pixels.",
      shows: "failure",
      state: { rank: 1 },
    },
  ],
  create,
};
