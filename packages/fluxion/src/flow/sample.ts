import { checkOptions, OptionError } from "../core/errors.js";
import { scan } from "../core/scan.js";
import { constant, type Tensor } from "../core/tensor.js";
import { concat, expandDims } from "../ops/movement.js";
import { euler, type Solver } from "./solver.js";

/** dx/dt of a flow: x [B, ...], t scalar. Bind a model by `(x, t) => model(params, x, broadcast(t), cond)`; see `velocityOf`. */
export type Velocity = (x: Tensor, t: Tensor) => Tensor;

/** The same, by something that only evaluates: an ONNX session, a server. */
export type AsyncVelocity = (x: Tensor, t: Tensor) => Tensor | Promise<Tensor>;

/** Options of the fixed-step samplers. */
export interface SampleOptions {
  /** Default `euler`. */
  solver?: Solver;
  /** Number of equal steps. Default 50. */
  steps?: number;
  /** Times instead of equal steps: from the first to the last, ascending or descending. */
  grid?: readonly number[];
  /** Start and end of equal steps; `from: 1, to: 0` inverts the flow. Default 0 and 1. */
  from?: number;
  to?: number;
}

/** The times a sampler visits. @throws OptionError */
export function timeGrid(options: SampleOptions): number[] {
  const { steps = 50, from = 0, to = 1 } = options;
  if (options.grid) {
    const [a, b] = [options.grid[0]!, options.grid[options.grid.length - 1]!];
    const monotone = options.grid.every((t, i, g) => i === 0 || (b > a ? t > g[i - 1]! : t < g[i - 1]!));
    if (options.grid.length < 2 || !monotone) throw new OptionError({ where: "flow.sample", want: "a grid of at least two times in order", got: options.grid.join(", ") });
    return [...options.grid];
  }
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError({ where: "flow.sample", want: "a whole number of steps ≥ 1", got: String(steps) });
  return Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps);
}

const keys = ["solver", "steps", "grid", "from", "to"];

function drive(velocity: Velocity, step: ReturnType<Solver["step"]>): Tensor {
  let next = step.next();
  while (!next.done) next = step.next(velocity(next.value.x, next.value.t));
  return next.value;
}

function run(velocity: Velocity, x: Tensor, options: SampleOptions): [Tensor, Tensor | undefined] {
  checkOptions("flow.sample", options, keys);
  const solver = options.solver ?? euler;
  const grid = timeGrid(options);
  const t = constant(grid.slice(0, -1), "float32");
  const dt = constant(grid.slice(1).map((b, i) => b - grid[i]!), "float32");
  if (grid.length === 2) return [drive(velocity, solver.step(x, t.slice(0), dt.slice(0))), undefined];
  return scan(
    (state: Tensor, time: { t: Tensor; dt: Tensor }) => {
      const next = drive(velocity, solver.step(state, time.t, time.dt));
      return [next, next];
    },
    x,
    { t, dt },
  );
}

/**
 * Integrates dx/dt = v(x, t) inside the graph: one loop, differentiable, fit for `compile` and `exportOnnx`.
 * @param x start [B, ...]
 * @returns the end, as x
 * @throws OptionError for a bad grid or number of steps
 */
export const sampleOde = (velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor => run(velocity, x, options)[0];

/** All points of the way, the start included: [T + 1, B, ...]. See `sampleOde`. */
export function sampleTrajectory(velocity: Velocity, x: Tensor, options: SampleOptions = {}): Tensor {
  const [end, states] = run(velocity, x, options);
  return concat([expandDims(x, 0), states ?? expandDims(end, 0)], 0);
}

/** `sampleOde` with a model that only evaluates; runs step by step on the host. */
export async function sampleOdeAsync(velocity: AsyncVelocity, x: Tensor, options: SampleOptions = {}): Promise<Tensor> {
  checkOptions("flow.sample", options, keys);
  const solver = options.solver ?? euler;
  const grid = timeGrid(options);
  let state = x;
  for (let i = 0; i + 1 < grid.length; i++) {
    const step = solver.step(state, constant(grid[i]!, "float32"), constant(grid[i + 1]! - grid[i]!, "float32"));
    let next = step.next();
    while (!next.done) next = step.next(await velocity(next.value.x, next.value.t));
    state = next.value;
    await state.data();
  }
  return state;
}
