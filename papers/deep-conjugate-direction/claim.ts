// What is measured for arXiv 2205.10763 and the bars it has to pass; README.md says why these.
import { atMost, type Check, type Claim, type ClaimContext, type Figures, type Tier } from "fluxion/claims";
import {
  conjugateDirections,
  conjugateGradient,
  incompleteCholesky,
  lanczos,
  learnedDirections,
  multigrid,
  poissonOperator,
  type DirectionProposal,
  type LearnedDirections,
  type PoissonOperator,
} from "fluxion/solve";
import { rightHandSide, school, sides, solidOf, type Schooling } from "./problems.js";

type Measured = Record<string, number>;

const plane: Readonly<Record<Tier, Schooling>> = {
  quick: { dims: 2, side: 32, channels: 8, ritzVectors: 200, samples: 1500, steps: 1000 },
  full: { dims: 2, side: 32, channels: 8, ritzVectors: 300, samples: 2048, steps: 1500 },
};
const space: Schooling = { dims: 3, side: 16, channels: 8, ritzVectors: 250, samples: 1400, steps: 700 };
const [loose, tight] = [1e-4, 1e-8];
/** No run needs more; one that does counts as this many. */
const most = 1000;

/** Iterations to a residual; `most` if it does not get there. */
async function learned(
  a: PoissonOperator,
  b: Float64Array,
  direction: DirectionProposal,
  memory: number,
  { signal }: ClaimContext,
): Promise<{ loose: number; tight: number }> {
  const { residuals } = await conjugateDirections(a, b, {
    ...{ direction, memory, tolerance: tight, maxIterations: most, ...(signal ? { signal } : {}) },
  });
  signal?.throwIfAborted();
  return counts(residuals);
}

function counts(residuals: readonly number[]): { loose: number; tight: number } {
  const first = (tolerance: number): number => {
    const at = residuals.findIndex((v) => v <= tolerance);
    return at < 0 ? most : at;
  };
  return { loose: first(loose), tight: first(tight) };
}

const gradient = (a: PoissonOperator, b: Float64Array, options = {}) =>
  counts(conjugateGradient(a, b, { tolerance: tight, maxIterations: most, ...options }).residuals);

/** All right-hand sides on one grid: iterations of CG and of learned directions. */
async function onGrid(
  name: string,
  a: PoissonOperator,
  directions: LearnedDirections,
  memories: readonly number[],
  context: ClaimContext,
): Promise<Measured> {
  const figures: Measured = {};
  for (const side of sides) {
    const b = rightHandSide(side, a, context.seed);
    const put = (method: string, { loose: first, tight: second }: { loose: number; tight: number }): void => {
      figures[`${name} ${side} ${method}`] = first;
      figures[`${name} ${side} ${method} 1e-8`] = second;
    };
    put("CG", gradient(a, b));
    for (const memory of memories)
      put(`m=${memory}`, await learned(a, b, directions.direction, memory, context));
  }
  return figures;
}

/** The classical competitors on white noise: iterations or cycles to 1e-4. */
function competitors(name: string, a: PoissonOperator, seed: number): Measured {
  const b = rightHandSide("noise", a, seed);
  const low = lanczos(a, b, { steps: 120 }).ritz().vectors.slice(0, 16);
  const grids = multigrid(a);
  return {
    [`${name} noise IC-CG`]: gradient(a, b, { preconditioner: incompleteCholesky(a.matrix()) }).loose,
    [`${name} noise deflated CG`]: gradient(a, b, { deflate: low }).loose,
    [`${name} noise multigrid`]: grids.solve(b, { tolerance: loose }).iterations,
    [`${name} noise multigrid-CG`]: gradient(a, b, { preconditioner: grids }).loose,
  };
}

async function measure(context: ClaimContext): Promise<Measured> {
  const { seed, tier, signal, progress } = context;
  const figures: Measured = {};
  const study = async (
    schooling: Schooling,
    grids: readonly { name: string; a: PoissonOperator; memories: readonly number[] }[],
  ): Promise<void> => {
    const { network, trained } = school(schooling, seed, signal ? { signal } : {});
    const { params, history } = await trained;
    const last = history.slice(-10);
    figures[`loss ${schooling.dims}-D`] = last.reduce((sum, r) => sum + r.loss, 0) / last.length;
    for (const { name, a, memories } of grids) {
      progress(Object.keys(figures).length / 150, name);
      const directions = learnedDirections(network, params, a, { threads: schooling.dims - 1 });
      Object.assign(figures, await onGrid(name, a, directions, memories, context));
      await directions.release();
    }
  };
  const square = (n: number): PoissonOperator => poissonOperator({ shape: [n, n] });
  const common = [
    { name: "32", a: square(32), memories: [2, 0, 5] },
    { name: "64", a: square(64), memories: tier === "quick" ? [2] : [2, 0, 5] },
  ];
  progress(0, "training in the plane");
  if (tier === "quick") {
    await study(plane.quick, common);
    return figures;
  }
  const around = (kind: "disc" | "bars", walls: "dirichlet" | "neumann") => ({
    name: `64 ${kind} ${walls}`,
    a: poissonOperator({ shape: [64, 64], solid: solidOf(kind, 64), walls }),
    memories: [2],
  });
  await study(plane.full, [
    ...common,
    { name: "128", a: square(128), memories: [2] },
    ...[
      around("disc", "dirichlet"),
      around("disc", "neumann"),
      around("bars", "dirichlet"),
      around("bars", "neumann"),
    ],
  ]);
  Object.assign(figures, competitors("32", square(32), seed), competitors("64", square(64), seed));
  progress(0.6, "training in space");
  const cube = (n: number): PoissonOperator => poissonOperator({ shape: [n, n, n] });
  await study(space, [
    { name: "16³", a: cube(16), memories: [2] },
    { name: "32³", a: cube(32), memories: [2] },
  ]);
  return figures;
}

/** The claim of learned conjugate directions at small scale. */
export const claim: Claim = {
  id: "deep-conjugate-direction",
  statement:
    "Directions proposed by a small network, made conjugate to the last two, solve Poisson systems in a fraction of the iterations of conjugate gradients (CG): on the grid of its training, on larger ones, and around solids it has never seen.",
  // The settings were chosen on seeds 0, 1 and 2, so the record is of others.
  seeds: { quick: [0], full: [11, 12, 13] },
  run: measure,

  checks(figures, tier) {
    /** Ratios of iterations, all right-hand sides of a seed. */
    const ratios = (f: Figures, grid: string, method: string, base: string, suffix = ""): number[] =>
      sides.map((side) => f[`${grid} ${side} ${method}${suffix}`]! / f[`${grid} ${side} ${base}${suffix}`]!);
    const worst = (grid: string, suffix = ""): number[] =>
      figures.map((f) => Math.max(...ratios(f, grid, "m=2", "CG", suffix)));
    const mean = (grid: string, method: string, base: string): number[] =>
      figures.map((f) => ratios(f, grid, method, base).reduce((a, b) => a + b) / sides.length);
    const slowest = (...grids: string[]): number[] =>
      figures.map((f) => Math.max(...grids.flatMap((g) => sides.map((side) => f[`${g} ${side} m=2 1e-8`]!))));
    const common: Check[] = [
      atMost("32 × 32: iterations over CG's, worst right-hand side", worst("32"), 0.5),
      atMost("32 × 32: iterations over CG's, mean", mean("32", "m=2", "CG"), 0.4),
      atMost("64 × 64, untrained: iterations over CG's, worst right-hand side", worst("64"), 0.6),
      atMost("most iterations to 1e-8", slowest("32", "64"), most - 1),
    ];
    if (tier === "quick") return common;
    const walled = ["disc dirichlet", "disc neumann", "bars dirichlet", "bars neumann"].map((w) => `64 ${w}`);
    return [
      ...common,
      atMost("32 × 32: iterations with memory 2 over those without, mean", mean("32", "m=2", "m=0"), 0.8),
      atMost("64 × 64: iterations with memory 2 over those without, mean", mean("64", "m=2", "m=0"), 0.8),
      atMost(
        "solids unseen in training: iterations over CG's, worst",
        walled.flatMap((w) => worst(w)),
        0.6,
      ),
      atMost("16³: iterations over CG's, worst right-hand side", worst("16³"), 0.5),
      atMost("32³, untrained: iterations over CG's, worst right-hand side", worst("32³"), 0.6),
      atMost(
        "most iterations to 1e-8, solids and space included",
        slowest("128", ...walled, "16³", "32³"),
        most - 1,
      ),
    ];
  },

  reported(figures, tier) {
    if (tier === "quick") return [];
    const share = (grid: string): number[] =>
      figures.map((f) =>
        Math.max(...sides.map((side) => f[`${grid} ${side} m=2`]! / f[`${grid} ${side} CG`]!)),
      );
    return [
      atMost("128 × 128, four times the training's side: iterations over CG's, worst", share("128"), 0.6),
      atMost(
        "32 × 32, white noise: iterations over those of IC-CG",
        figures.map((f) => f["32 noise m=2"]! / f["32 noise IC-CG"]!),
        1,
      ),
      atMost(
        "32 × 32, white noise: iterations over multigrid's cycles",
        figures.map((f) => f["32 noise m=2"]! / f["32 noise multigrid"]!),
        1,
      ),
    ];
  },
};
