// A network learns search directions, then races conjugate gradients around solids it has never seen.
import { demoState, inTurns, type Demo, type DemoState, type View } from "fluxion/demo";
import {
  conjugateDirections,
  conjugateGradient,
  incompleteCholesky,
  learnedDirections,
  multigrid,
  poissonOperator,
} from "fluxion/solve";
import { fieldView } from "./fields.js";
import { rightHandSide, school, solidOf, type Schooling, type Side } from "./problems.js";

const controls = {
  solid: {
    kind: "choice",
    label: "Solids",
    options: [
      { value: "none", label: "None" },
      { value: "disc", label: "A disc, a ball in space" },
      { value: "bars", label: "Three bars, walls in space" },
    ],
    initial: "disc",
  },
  walls: {
    kind: "choice",
    label: "Walls",
    options: [
      { value: "dirichlet", label: "Held at 0" },
      { value: "neumann", label: "Nothing passes" },
    ],
    initial: "dirichlet",
  },
  side: {
    kind: "choice",
    label: "Right-hand side",
    options: [
      { value: "gaussians", label: "A source and a sink" },
      { value: "points", label: "Eight points" },
      { value: "noise", label: "White noise" },
      { value: "constant", label: "Constant" },
    ],
    initial: "gaussians",
  },
  grid: {
    kind: "choice",
    label: "Grid",
    options: [
      ...["32", "64", "128"].map((n) => ({ value: n, label: `${n} × ${n}` })),
      ...["16", "24"].map((n) => ({ value: `${n}x${n}x${n}`, label: `${n} × ${n} × ${n}` })),
    ],
    initial: "64",
  },
  training: { kind: "range", label: "Steps of training", min: 20, max: 2000, step: 20, initial: 1400 },
  memory: { kind: "range", label: "Directions remembered", min: 0, max: 8, step: 1, initial: 2 },
  seed: { kind: "range", label: "Seed", min: 0, max: 99, step: 1, initial: 0 },
} as const satisfies Demo["controls"];

/** Trained on small empty grids. */
const schoolings: Readonly<Record<2 | 3, Omit<Schooling, "steps">>> = {
  2: { dims: 2, side: 32, channels: 8, ritzVectors: 120, samples: 1500 },
  3: { dims: 3, side: 8, channels: 8, ritzVectors: 80, samples: 600 },
};
const tolerance = 1e-8;
/** The learned run is cut off where conjugate gradients would be done several times. */
const most = 400;

async function create(wanted: DemoState) {
  const { solid, walls, side, grid, training, memory, seed } = demoState(controls, wanted);
  const dims = grid.includes("x") ? 3 : 2;
  const n = parseInt(grid);
  const solids = solidOf(solid as "none", n, dims);
  const a = poissonOperator({
    ...{ shape: new Array<number>(dims).fill(n), solid: solids, walls: walls as "dirichlet" },
  });
  const b = rightHandSide(side as Side, a, seed);
  const stop = new AbortController();
  const losses: [number, number][] = [];
  const learnedResiduals: number[] = [1];
  let x: Float64Array | undefined;
  /** The residual, its length brought to 1, and the number of directions that have left it. */
  let left = { residual: b, after: 0 };
  const grids = multigrid(a);
  const preconditioner = incompleteCholesky(a.matrix())!;
  const rivals = [
    { name: "CG", residuals: conjugateGradient(a, b, { tolerance }).residuals },
    {
      name: "incomplete Cholesky CG",
      residuals: conjugateGradient(a, b, { tolerance, preconditioner }).residuals,
    },
    { name: "multigrid cycles", residuals: grids.solve(b, { tolerance }).residuals },
  ];

  const longest = Math.max(...rivals.map(({ residuals }) => residuals.length - 1));

  const turns = inTurns(async (pause) => {
    const { network, trained } = school({ ...schoolings[dims], steps: training }, seed, {
      signal: stop.signal,
      async onRecord({ step, loss }) {
        losses.push([step, loss]);
        await pause();
      },
    });
    const { params } = await trained;
    const learned = learnedDirections(network, params, a, { threads: 1 });
    const outcome = await conjugateDirections(a, b, {
      async direction(r) {
        left = { residual: r.slice(), after: learnedResiduals.length - 1 };
        await pause();
        return learned.direction(r);
      },
      ...{ memory, tolerance, maxIterations: most, signal: stop.signal },
      onIteration: ({ residual }) => void learnedResiduals.push(residual),
    }).finally(() => learned.release());
    x = outcome.x;
  });

  const reached = (residuals: readonly number[], level: number): number => {
    const at = residuals.findIndex((v) => v <= level);
    return at < 0 ? residuals.length - 1 : at;
  };

  return {
    step: () => turns.next(),
    views(): Promise<View[]> {
      const all = [...rivals, { name: "learned directions", residuals: learnedResiduals }];
      return Promise.resolve([
        x
          ? fieldView("The solution", x, solids, n)
          : fieldView("The right-hand side; its solution comes at the end", b, solids, n),
        fieldView(
          left.after > 0
            ? `What ${left.after} learned directions have left, enlarged`
            : "The residual: all of it, before the first direction",
          ...([left.residual, solids, n] as const),
        ),
        {
          ...{ kind: "curves", title: "Residual", x: { label: "iteration", min: 0, max: longest } },
          y: { label: "relative residual", logarithmic: true },
          curves: all.map(({ name, residuals }) => ({
            name,
            points: residuals.map((v, i) => [i, v] as const),
          })),
        },
        {
          ...{
            kind: "curves",
            title: "Training: what a direction leaves of a residual",
            x: { label: "step", min: 0, max: training },
          },
          y: { label: "loss", logarithmic: true },
          curves: [{ name: "loss", points: [...losses] }],
        },
        {
          kind: "figures",
          title: "Iterations to 1/10,000",
          figures: all.map(({ name, residuals }) => ({
            name,
            value: reached(residuals, 1e-4),
            ...(residuals.at(-1)! > 1e-4 ? { note: "has not got there" } : {}),
          })),
        },
      ]);
    },
    async release() {
      stop.abort();
      // A training that waits for its turn wakes up, sees the signal and ends.
      await turns.next();
    },
  };
}

/** Poisson's equation by learned directions. */
export const demo: Demo = {
  id: "deep-conjugate-direction",
  caption:
    "A small network learns on an empty grid, 32 × 32 or 8 × 8 × 8, which way to go from a residual. Then it solves Poisson's equation on a larger grid around solids it has never seen, beside conjugate gradients and multigrid.",
  watch: {
    label: "What a learned direction leaves of a residual",
    note: "loss of the training",
    better: "lower",
    of: { title: "Training: what a direction leaves of a residual", curve: "loss" },
  },
  picture: {
    alt: "The solution of Poisson's equation around a disc, as colours.",
    views: ["The solution"],
  },
  controls,
  presets: [
    {
      name: "Around a disc",
      note: "A third of CG's iterations or fewer, on four times as many cells as in training, around a disc that training never had. Multigrid still needs fewer.",
      shows: "effect",
      state: {},
    },
    {
      name: "Through three bars",
      note: "Walls that let nothing pass change the equations, too; the directions still serve.",
      shows: "effect",
      state: { solid: "bars", walls: "neumann", side: "points" },
    },
    {
      name: "In space, around a ball",
      note: "Trained on 8 × 8 × 8 cells, it takes half of CG's iterations or fewer on 16 × 16 × 16. Turn the pictures: cells with little in them are left out.",
      shows: "effect",
      state: { grid: "16x16x16", training: 400 },
    },
    {
      name: "Hardly trained",
      note: "After sixty steps the proposals are poor, and making them conjugate to the last two cannot mend that: the residual hardly falls at all, and CG is done long before.",
      shows: "failure",
      state: { training: 60 },
    },
  ],
  create,
};
