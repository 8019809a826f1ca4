// One update of ADMM's u for a two-layer ReLU network, by the number of examples; patterns are half as many.
import { seededUniform } from "fluxion/data";
import { blockStep } from "../../packages/fluxion/src/solve/convex-relu/block-step.js";
import {
  choleskySolver,
  exactStep,
  type UpdateStep,
} from "../../packages/fluxion/src/solve/convex-relu/exact-step.js";
import { reluLosses } from "../../packages/fluxion/src/solve/convex-relu/losses.js";
import {
  convexOperators,
  type ConvexOperators,
} from "../../packages/fluxion/src/solve/convex-relu/operators.js";
import { samplePatterns } from "../../packages/fluxion/src/solve/convex-relu/patterns.js";
import type { ScalingSection } from "./scaling.js";

const [features, rho] = [8, 0.1];
const seeded = (n: number, seed: number): Float64Array => {
  const uniform = seededUniform(seed);
  return Float64Array.from({ length: n }, () => 2 * uniform() - 1);
};

function problem(n: number): { operators: ConvexOperators; targets: Float64Array[]; start: Float64Array } {
  const x = seeded(n * features, 1);
  const patterns = samplePatterns({ data: x, shape: [n, features] }, { count: n / 2 });
  const operators = convexOperators({ x, y: seeded(n, 2), n, d: features }, patterns);
  const size = operators.rows * features;
  return {
    operators,
    targets: [seeded(size, 3), seeded(operators.rows * n, 4)],
    start: new Float64Array(size),
  };
}

/** The factor is made beforehand: the first call does it. */
const update = (make: (operators: ConvexOperators) => UpdateStep) => async (n: number) => {
  const { operators, targets, start } = problem(n);
  const step = make(operators);
  step.minimize(targets, rho, start);
  return async () => {
    step.minimize(targets, rho, start);
    return { work: step.cost().step };
  };
};

/** Cost of an iteration of `convexRelu`, and of its preparation, against the number of examples. */
export const convexReluSteps: ScalingSection = {
  name: "convex-relu",
  title: `Two-layer ReLU networks by ADMM: ${features} features, half as many patterns as examples`,
  size: "examples",
  unit: "operations",
  sizes: [64, 128, 256, 512],
  series: [
    {
      name: "exact step, by an N × N factor",
      paper: { exponent: 2, says: "quadratic time an iteration" },
      prepare: update(exactStep),
    },
    {
      name: "step by blocks (RBCD), one pass",
      paper: { exponent: 2, says: "quadratic time an iteration" },
      prepare: update((operators) => blockStep(operators, reluLosses.squared, { seed: 0, sweeps: 1 })),
    },
    {
      name: "exact step, back-substitution of 2DP × 2DP",
      paper: { exponent: 2, says: "as the paper writes it" },
      upTo: 256,
      async prepare(n) {
        const size = problem(n).operators.rows * features;
        // What is in the factor does not matter to its cost.
        const identity = new Float64Array(size * size).fill(1e-9);
        for (let j = 0; j < size; j++) identity[j * size + j] = 1;
        const solve = choleskySolver(identity, size);
        const right = seeded(size, 5);
        return async () => {
          solve(right);
          return { work: size * size };
        };
      },
    },
    {
      name: "preparation, once",
      async prepare(n) {
        const { operators, targets, start } = problem(n);
        return async () => {
          const step = exactStep(operators);
          step.minimize(targets, rho, start);
          return { work: step.cost().setup };
        };
      },
    },
  ],
};
