import { evaluate } from "../compile/evaluate.js";
import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { scan } from "../core/scan.js";
import { showShape } from "../core/shape.js";
import { constant, type Tensor } from "../core/tensor.js";
import { treeMap, treePaths } from "../core/tree.js";
import type { Tap } from "../nn/tap.js";
import { arange } from "../ops/create.js";
import { concat, expandDims, narrow, slice } from "../ops/movement.js";
import {
  begin,
  checkSteering,
  takeStep,
  takeStepAsync,
  type Carried,
  type SampleHook,
  type StepSetting,
} from "./hooks.js";
import { euler, heun, type Solver } from "./solver.js";

/** dx/dt of a flow: x [B, ...], t scalar → as x. `velocityOf` makes one of a model, which sees the `tap` if it can. */
export type Velocity = (x: Tensor, t: Tensor, tap?: Tap) => Tensor;

/** The same, by something that only evaluates: an ONNX session, a server. */
export type AsyncVelocity = (x: Tensor, t: Tensor) => Tensor | Promise<Tensor>;

/** Options of the fixed-step samplers. */
export interface SampleOptions {
  /** Default `euler`. */
  solver?: Solver;
  /** Of the last step: `heun` with `last: euler` never asks for the velocity at the end. Default: as `solver`. */
  last?: Solver;
  /** Number of equal steps, ≥ 1. Default 50. */
  steps?: number;
  /** Times instead of equal steps: from the first to the last, ascending or descending. */
  grid?: readonly number[];
  /** Start and end of equal steps; `from: 1, to: 0` inverts the flow. Default 0 and 1. */
  from?: number;
  to?: number;
  /** What changes the sampler on its way; the first is the innermost. Default: none. */
  hooks?: readonly SampleHook[];
}

const keys = ["solver", "last", "steps", "grid", "from", "to", "hooks"];
const where = "flow.sample";

/**
 * The times a sampler visits, first and last included.
 * @throws OptionError for a grid out of order, a number of steps that is not whole, or an empty interval
 */
export function timeGrid(options: SampleOptions = {}): number[] {
  const { steps = 50, from = 0, to = 1, grid } = options;
  if (grid) {
    const up = grid[grid.length - 1]! > grid[0]!;
    const inOrder = (t: number, i: number): boolean => i === 0 || (up ? t > grid[i - 1]! : t < grid[i - 1]!);
    if (grid.length < 2 || !grid.every(Number.isFinite) || !grid.every(inOrder)) {
      throw new OptionError({ where, want: "a grid of at least two times in order", got: grid.join(", ") });
    }
    return [...grid];
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new OptionError({ where, want: "a whole number of steps ≥ 1", got: String(steps) });
  }
  if (!Number.isFinite(from) || !Number.isFinite(to) || from === to) {
    throw new OptionError({ where, want: "finite times from ≠ to", got: `${from}, ${to}` });
  }
  // The last time is `to` itself, free of rounding.
  return Array.from({ length: steps + 1 }, (_, i) => (i === steps ? to : from + ((to - from) * i) / steps));
}

/** Velocity evaluations that a sampler with these options makes. */
export function functionEvaluations(options: SampleOptions = {}): number {
  const { solver = euler, last = solver } = options;
  const first = solver.begin || last.begin ? 1 : 0;
  return first + (timeGrid(options).length - 2) * solver.evaluations + last.evaluations;
}

/**
 * Heun's rule in exactly `count` evaluations: (count + 1)/2 steps of which the last is Euler's, as in EDM.
 * @param count an odd number ≥ 1
 * @throws OptionError
 * @source T. Karras et al., 2022, arXiv 2206.00364, Algorithm 1; deviates: none
 */
export function heunIn(count: number): SampleOptions {
  if (!Number.isInteger(count) || count < 1 || count % 2 === 0)
    throw new OptionError({ where: "flow.heunIn", want: "an odd number of evaluations", got: String(count) });
  return { solver: heun, last: euler, steps: (count + 1) / 2 };
}

/** The way of a sampler: where it ends, what it passed, what its hooks gave. */
interface Way {
  end: Tensor;
  /** [T, B, ...] */
  states: Tensor | undefined;
  /** Trees with a leading axis T, by hook. */
  outputs: unknown[];
}

function run(velocity: Velocity, x: Tensor, options: SampleOptions, keep: boolean): Way {
  checkOptions(where, options, keys);
  const { solver = euler, last = solver, hooks = [] } = options;
  checkSteering(hooks, solver, last);
  const grid = timeGrid(options);
  const count = grid.length - 1;
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  const inputs = hookInputs(hooks, count);
  const times = {
    t: constant(grid.slice(0, count), dtype),
    dt: constant(lengthsOf(grid), dtype),
    index: arange(count),
    inputs,
  };
  let now = begin(x, hooks);
  /** Steps a … b−1, in a loop unless there is only one. */
  const segment = (by: Solver, a: number, b: number): unknown => {
    const setting = (at: typeof times): StepSetting => ({
      ...{ solver: by, hooks, inputs: at.inputs, start: x },
      at: { t: at.t, dt: at.dt, index: at.index, steps: count },
    });
    const one = (state: Carried, at: typeof times): [Carried, unknown] => {
      const [next, outputs] = takeStep(velocity, state, setting(at), "step");
      return [next, { outputs, ...(keep ? { x: next.x } : {}) }];
    };
    const sliced = (i: number): typeof times => treeMap((leaf: Tensor) => slice(leaf, i), times);
    [now] = takeStep(velocity, now, setting(sliced(a)), "begin");
    const [end, ys] =
      b - a > 1
        ? scan(one, now, treeMap((leaf: Tensor) => narrow(leaf, 0, a, b), times) as typeof times)
        : one(now, sliced(a));
    now = end;
    return b - a > 1 ? ys : treeMap((leaf: Tensor) => expandDims(leaf, 0), ys);
  };
  /** Steps in the loop; a last step of another kind stands outside of it. */
  const inside = last === solver ? count : count - 1;
  const parts = [
    ...(inside > 0 ? [segment(solver, 0, inside)] : []),
    ...(inside < count ? [segment(last, inside, count)] : []),
  ];
  const [first, second] = parts;
  const joined = second ? treeMap((a: Tensor, b: Tensor) => concat([a, b], 0), first, second) : first;
  const { outputs, x: states } = joined as { outputs: unknown[]; x?: Tensor };
  return { end: now.x, states, outputs };
}

const lengthsOf = (grid: readonly number[]): number[] => grid.slice(1).map((b, i) => b - grid[i]!);

/** @throws ShapeError for inputs that are not one a step */
function hookInputs(hooks: readonly SampleHook[], count: number): unknown[] {
  return hooks.map(({ name, inputs = [] }) => {
    for (const { path, leaf } of treePaths(inputs)) {
      if (leaf.shape[0] === count) continue;
      const want = `a leading axis of ${count} steps`;
      throw new ShapeError({ where: `${where}: ${name}.inputs.${path}`, want, got: showShape(leaf.shape) });
    }
    return inputs;
  });
}

/**
 * Integrates dx/dt = v(x, t) inside the graph: one loop, differentiable, fit for `compile` and `exportOnnx`.
 * @param x start [B, ...], float
 * @returns the end, as x
 * @throws OptionError for a bad grid or number of steps
 */
export const sampleOde = (velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor =>
  run(velocity, x, options, false).end;

/** What each hook gave out. */
type Outputs<H extends readonly SampleHook[]> = {
  readonly [K in keyof H]: H[K] extends SampleHook<unknown, unknown, infer O> ? readonly O[] : never;
};

/**
 * `sampleOde` with what the hooks gave out on the way.
 * @returns the end, and for each hook its outputs within a step, in order, each leaf with a leading axis of one entry a step
 * @throws OptionError, ShapeError
 */
export function sampleHooked<const H extends readonly SampleHook[]>(
  velocity: Velocity,
  x: Tensor,
  options: SampleOptions & { hooks: H },
): { readonly end: Tensor; readonly outputs: Outputs<H> } {
  const { end, outputs } = run(velocity, x, options, false);
  return { end, outputs: outputs as never };
}

/** All points of the way, the start included: [T + 1, B, ...]. See `sampleOde`. */
export const sampleTrajectory = (velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor =>
  concat([expandDims(x, 0), run(velocity, x, options, true).states!], 0);

/**
 * `sampleOde` with a model that only evaluates: runs step by step on the host. Hooks may steer, with the velocity that is
 * known, and change where a step ends; to stand in for a velocity they would have to trace it.
 * @throws OptionError as `sampleOde`, and for hooks that trace the velocity
 */
export async function sampleOdeAsync(
  velocity: AsyncVelocity,
  x: Tensor,
  options: SampleOptions = {},
): Promise<Tensor> {
  checkOptions(where, options, keys);
  const { solver = euler, last = solver, hooks = [] } = options;
  checkSteering(hooks, solver, last);
  const grid = timeGrid(options);
  const count = grid.length - 1;
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  const inputs = hookInputs(hooks, count);
  let now = begin(x, hooks);
  for (const [i, length] of lengthsOf(grid).entries()) {
    const by = i + 1 < count ? solver : last;
    const [t, dt, index] = [constant(grid[i]!, dtype), constant(length, dtype), constant(i, "int32")];
    const setting: StepSetting = {
      ...{ solver: by, hooks, start: x, at: { t, dt, index, steps: count } },
      inputs: inputs.map((tree) => treeMap((leaf: Tensor) => slice(leaf, i), tree)),
    };
    if (i === 0 || by !== solver) now = await takeStepAsync(velocity, now, setting, "begin");
    now = await takeStepAsync(velocity, now, setting, "step");
    await evaluate(now);
  }
  return now.x;
}
