import { checkOptions, OptionError } from "../core/errors.js";
import { isFloat } from "../core/dtypes.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { concat, expandDims, slice } from "../ops/movement.js";
import { euler, type Solver } from "./solver.js";

/** dx/dt of a flow: x [B, ...], t scalar → as x. `velocityOf` makes one of a model. */
export type Velocity = (x: Tensor, t: Tensor) => Tensor;

/** The same, by something that only evaluates: an ONNX session, a server. */
export type AsyncVelocity = (x: Tensor, t: Tensor) => Tensor | Promise<Tensor>;

/** Options of the fixed-step samplers. */
export interface SampleOptions {
  /** Default `euler`. */
  solver?: Solver;
  /** Number of equal steps, ≥ 1. Default 50. */
  steps?: number;
  /** Times instead of equal steps: from the first to the last, ascending or descending. */
  grid?: readonly number[];
  /** Start and end of equal steps; `from: 1, to: 0` inverts the flow. Default 0 and 1. */
  from?: number;
  to?: number;
}

const keys = ["solver", "steps", "grid", "from", "to"];
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
export const functionEvaluations = (options: SampleOptions = {}): number =>
  (timeGrid(options).length - 1) * (options.solver ?? euler).evaluations;

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
  const solver = options.solver ?? euler;
  const grid = timeGrid(options);
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  const t = constant(grid.slice(0, -1), dtype);
  const dt = constant(
    grid.slice(1).map((b, i) => b - grid[i]!),
    dtype,
  );
  if (grid.length === 2) {
    const end = drive(velocity, solver.step(x, slice(t, 0), slice(dt, 0)));
    return keep ? { end, states: expandDims(end, 0) } : { end };
  }
  const [end, states] = scan(
    (state: Tensor, time: { t: Tensor; dt: Tensor }): [Tensor, Tensor | undefined] => {
      const next = drive(velocity, solver.step(state, time.t, time.dt));
      return [next, keep ? next : undefined];
    },
    x,
    { t, dt },
  );
  return states ? { end, states } : { end };
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
  const solver = options.solver ?? euler;
  const grid = timeGrid(options);
  const dtype = isFloat(x.dtype) ? x.dtype : "float32";
  let state = x;
  for (let i = 0; i + 1 < grid.length; i++) {
    const step = solver.step(state, constant(grid[i]!, dtype), constant(grid[i + 1]! - grid[i]!, dtype));
    let next = step.next();
    while (!next.done) next = step.next(await velocity(next.value.x, next.value.t));
    state = next.value;
    await state.data();
  }
  return state;
}
