import { checkOptions, OptionError } from "../core/errors.js";
import { isFloat } from "../core/dtypes.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { concat, expandDims } from "../ops/movement.js";
import { euler, heun, type Solver } from "./solver.js";

/** dx/dt of a flow: x [B, ...], t scalar → as x. `velocityOf` makes one of a model. */
export type Velocity = (x: Tensor, t: Tensor) => Tensor;

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
}

const keys = ["solver", "last", "steps", "grid", "from", "to"];
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
  return (timeGrid(options).length - 2) * solver.evaluations + last.evaluations;
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

function drive(velocity: Velocity, step: ReturnType<Solver["step"]>): Tensor {
  let next = step.next();
  while (!next.done) next = step.next(velocity(next.value.x, next.value.t));
  return next.value;
}

function run(
  velocity: Velocity,
  x: Tensor,
  options: SampleOptions,
  keep: boolean,
): { end: Tensor; states?: Tensor } {
  checkOptions(where, options, keys);
  const { solver = euler, last = solver } = options;
  const grid = timeGrid(options);
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  const lengths = grid.slice(1).map((b, i) => b - grid[i]!);
  const one = (state: Tensor, i: number): Tensor =>
    drive(velocity, last.step(state, constant(grid[i]!, dtype), constant(lengths[i]!, dtype), x));
  /** Steps in the loop; a last step of another kind, or the only one, stands outside of it. */
  const inside = last === solver && lengths.length > 1 ? lengths.length : lengths.length - 1;
  if (inside === 0) {
    const end = one(x, 0);
    return keep ? { end, states: expandDims(end, 0) } : { end };
  }
  const [state, states] = scan(
    (now: Tensor, time: { t: Tensor; dt: Tensor }): [Tensor, Tensor | undefined] => {
      const next = drive(velocity, solver.step(now, time.t, time.dt, x));
      return [next, keep ? next : undefined];
    },
    x,
    { t: constant(grid.slice(0, inside), dtype), dt: constant(lengths.slice(0, inside), dtype) },
  );
  if (inside === lengths.length) return states ? { end: state, states } : { end: state };
  const end = one(state, inside);
  return states ? { end, states: concat([states, expandDims(end, 0)], 0) } : { end };
}

/**
 * Integrates dx/dt = v(x, t) inside the graph: one loop, differentiable, fit for `compile` and `exportOnnx`.
 * @param x start [B, ...], float
 * @returns the end, as x
 * @throws OptionError for a bad grid or number of steps
 */
export const sampleOde = (velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor =>
  run(velocity, x, options, false).end;

/** All points of the way, the start included: [T + 1, B, ...]. See `sampleOde`. */
export const sampleTrajectory = (velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor =>
  concat([expandDims(x, 0), run(velocity, x, options, true).states!], 0);

/**
 * `sampleOde` with a model that only evaluates: runs step by step on the host.
 * @throws OptionError as `sampleOde`
 */
export async function sampleOdeAsync(
  velocity: AsyncVelocity,
  x: Tensor,
  options: SampleOptions = {},
): Promise<Tensor> {
  checkOptions(where, options, keys);
  const { solver = euler, last = solver } = options;
  const grid = timeGrid(options);
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  let state = x;
  for (let i = 0; i + 1 < grid.length; i++) {
    const [t, dt] = [constant(grid[i]!, dtype), constant(grid[i + 1]! - grid[i]!, dtype)];
    const step = (i + 2 < grid.length ? solver : last).step(state, t, dt, x);
    let next = step.next();
    while (!next.done) next = step.next(await velocity(next.value.x, next.value.t));
    state = next.value;
    await state.data();
  }
  return state;
}
