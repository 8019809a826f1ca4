// Poisson's equation by learned directions and by classical methods, against the number of unknowns.
import { normalFrom, seededUniform } from "fluxion/data";
import {
  conjugateDirections,
  conjugateGradient,
  incompleteCholesky,
  learnedDirections,
  multigrid,
  poissonOperator,
  pretrainedDirections,
  type PoissonOperator,
} from "fluxion/solve";
import type { ScalingSection, Series } from "./scaling.js";

const tolerance = 1e-6;

/** Solves for white noise; what a method prepares (factors, grids, compilation) is not timed. */
function solving(
  dims: 2 | 3,
  prepare: (a: PoissonOperator) => Promise<(b: Float64Array) => Promise<{ iterations: number }>>,
): Series["prepare"] {
  return async (size) => {
    const side = Math.round(size ** (1 / dims));
    const a = poissonOperator({ shape: new Array<number>(dims).fill(side) });
    const b = Float64Array.from({ length: a.size }, normalFrom(seededUniform(1)));
    const solve = await prepare(a);
    return async () => ({ work: (await solve(b)).iterations });
  };
}

const series = (dims: 2 | 3): Series[] => [
  {
    name: "CG",
    paper: { exponent: 1 + 1 / dims, says: "iterations grow as the side" },
    prepare: solving(dims, (a) =>
      Promise.resolve((b) => Promise.resolve(conjugateGradient(a, b, { tolerance }))),
    ),
  },
  {
    name: "IC-CG",
    prepare: solving(dims, (a) => {
      const preconditioner = incompleteCholesky(a.matrix())!;
      return Promise.resolve((b) => Promise.resolve(conjugateGradient(a, b, { tolerance, preconditioner })));
    }),
  },
  {
    name: "multigrid",
    paper: { exponent: 1, says: "cycles do not grow" },
    prepare: solving(dims, (a) => {
      const grids = multigrid(a);
      return Promise.resolve((b) => Promise.resolve(grids.solve(b, { tolerance })));
    }),
  },
  {
    name: "multigrid-CG",
    prepare: solving(dims, (a) => {
      const preconditioner = multigrid(a);
      return Promise.resolve((b) => Promise.resolve(conjugateGradient(a, b, { tolerance, preconditioner })));
    }),
  },
  {
    name: "DCDM",
    paper: { exponent: 1, says: "iterations hardly depend on the grid" },
    prepare: solving(dims, async (a) => {
      const { network, params } = await pretrainedDirections(dims);
      const { direction } = learnedDirections(network, params, a);
      return (b) => conjugateDirections(a, b, { direction, tolerance });
    }),
  },
];

/** Iterations and time to a residual of 1e-6 in the plane. */
export const poissonPlane: ScalingSection = {
  name: "poisson",
  title: "Poisson's equation in the plane to 1e-6",
  size: "unknowns",
  unit: "iterations",
  sizes: [32 ** 2, 64 ** 2, 128 ** 2, 256 ** 2],
  series: series(2),
};

/** The same in space. */
export const poissonSpace: ScalingSection = {
  name: "poisson-3d",
  title: "Poisson's equation in space to 1e-6",
  size: "unknowns",
  unit: "iterations",
  sizes: [16 ** 3, 24 ** 3, 32 ** 3, 48 ** 3],
  series: series(3),
};
