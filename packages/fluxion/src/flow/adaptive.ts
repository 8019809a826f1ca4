import { compile } from "../compile/compile.js";
import { evaluate } from "../compile/evaluate.js";
import { isFloat } from "../core/dtypes.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { tensor, type Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, square } from "../ops/arithmetic.js";
import { mean } from "../ops/reduce.js";
import { abs, sqrt } from "../ops/unary.js";
import type { AsyncVelocity, Velocity } from "./sample.js";
import { combine } from "./solver.js";

/** Options of `sampleAdaptive`. */
export interface AdaptiveOptions {
  /** Relative tolerance, > 0. Default 1e-5. */
  rtol?: number;
  /** Absolute tolerance, > 0, in units of x. Default 1e-5. */
  atol?: number;
  /** Default 0 and 1; `from: 1, to: 0` inverts the flow. */
  from?: number;
  to?: number;
  /** Attempted steps before giving up, ≥ 1. Default 1000. */
  maxSteps?: number;
}

/** Result of `sampleAdaptive`; numerical failure is data. */
export interface AdaptiveResult {
  readonly x: Tensor;
  /** "ok" at the end; "max-steps" or "non-finite" where it stopped before. */
  readonly status: "ok" | "max-steps" | "non-finite";
  /** Where the integration stopped. */
  readonly t: number;
  /** Velocity evaluations. */
  readonly evaluations: number;
  readonly accepted: number;
  readonly rejected: number;
}

const nodes = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const fourth = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];
/** Weights of the fifth-order solution less those of the fourth. */
const difference = fourth.map((w, i) => (stages[5]![i] ?? 0) - w);

/** Where a step starts: the state and the velocity there. */
type State = { x: Tensor; slope: Tensor };
type Attempt = { next: State; error: Tensor };
type Tolerance = { rtol: number; atol: number };

/**
 * Integrates dx/dt = v(x, t) by Dormand-Prince 5(4) with adaptive steps. The whole batch shares one error norm, the
 * root mean square of error/(atol + rtol·max(|x|, |x′|)); the velocity at a step's end serves the next.
 * @param velocity traceable; one attempted step is one compiled program
 * @param x start [B, ...], float
 * @throws OptionError for tolerances that are not positive, or an empty interval
 * @source J. Dormand & P. Prince, 1980, Table 2; deviates: none
 */
export async function sampleAdaptive(
  velocity: Velocity,
  x: Tensor,
  options: AdaptiveOptions = {},
): Promise<AdaptiveResult> {
  const tolerance = checkAdaptive(options);
  const first = compile(velocity);
  const attempt = compile((state: State, t: Tensor, dt: Tensor): Attempt => {
    const step = dormandPrince(state, t, dt, tolerance);
    let next = step.next();
    while (!next.done) next = step.next(velocity(next.value.x, next.value.t));
    return next.value;
  });
  try {
    return await integrate(x, options, first, attempt);
  } finally {
    await Promise.all([first.release(), attempt.release()]);
  }
}

/** `sampleAdaptive` with a model that only evaluates, such as an ONNX session or a server. */
export async function sampleAdaptiveAsync(
  velocity: AsyncVelocity,
  x: Tensor,
  options: AdaptiveOptions = {},
): Promise<AdaptiveResult> {
  const tolerance = checkAdaptive(options);
  return integrate(
    x,
    options,
    async (state, t) => velocity(state, t),
    async (state, t, dt) => {
      const step = dormandPrince(state, t, dt, tolerance);
      let next = step.next();
      while (!next.done) next = step.next(await velocity(next.value.x, next.value.t));
      return evaluate(next.value);
    },
  );
}

function checkAdaptive(options: AdaptiveOptions): Tolerance {
  const where = "flow.sampleAdaptive";
  checkOptions(where, options, ["rtol", "atol", "from", "to", "maxSteps"]);
  const { rtol = 1e-5, atol = 1e-5, from = 0, to = 1, maxSteps = 1000 } = options;
  if (!(rtol > 0 && atol > 0))
    throw new OptionError({ where, want: "rtol, atol > 0", got: `${rtol}, ${atol}` });
  if (!Number.isFinite(from) || !Number.isFinite(to) || from === to) {
    throw new OptionError({ where, want: "finite times from ≠ to", got: `${from}, ${to}` });
  }
  if (!Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new OptionError({ where, want: "a whole number maxSteps ≥ 1", got: String(maxSteps) });
  }
  return { rtol, atol };
}

async function integrate(
  x: Tensor,
  { from = 0, to = 1, maxSteps = 1000 }: AdaptiveOptions,
  velocity: (x: Tensor, t: Tensor) => Promise<Tensor>,
  attempt: (state: State, t: Tensor, dt: Tensor) => Promise<Attempt>,
): Promise<AdaptiveResult> {
  const span = to - from;
  const scalar = (value: number): Tensor => tensor(value, { dtype: isFloat(x.dtype) ? x.dtype : "float32" });
  let [t, dt, accepted, rejected] = [from, span / 20, 0, 0];
  let state: State = { x, slope: await velocity(x, scalar(from)) };
  const result = (status: AdaptiveResult["status"]): AdaptiveResult => {
    return { x: state.x, status, t, evaluations: 1 + 6 * (accepted + rejected), accepted, rejected };
  };
  while (accepted + rejected < maxSteps) {
    const last = Math.abs(dt) >= Math.abs(to - t);
    if (last) dt = to - t;
    const { next, error } = await attempt(state, scalar(t), scalar(dt));
    const size = await error.item();
    if (size <= 1) {
      t = last ? to : t + dt;
      state = next;
      accepted++;
      if (last) return result("ok");
    } else {
      rejected++;
      if (!Number.isFinite(size) && Math.abs(dt) < 1e-9 * Math.abs(span)) return result("non-finite");
    }
    // A small error lengthens the step at most fivefold; an infinite or undefined one shortens it tenfold.
    const factor = Number.isFinite(size)
      ? Math.min(5, Math.max(0.2, 0.9 * Math.max(size, 1e-10) ** -0.2))
      : 0.1;
    dt = Math.sign(span) * Math.min(Math.abs(dt) * factor, Math.abs(span));
  }
  return result("max-steps");
}

/** One attempted step as a generator of velocity evaluations, for both drivers. */
function* dormandPrince(
  { x, slope }: State,
  t: Tensor,
  dt: Tensor,
  { rtol, atol }: Tolerance,
): Generator<{ x: Tensor; t: Tensor }, Attempt, Tensor> {
  const slopes = [slope];
  let at = x;
  for (const [i, c] of nodes.entries()) {
    at = add(x, mul(combine(slopes, stages[i]!), dt));
    slopes.push(yield { x: at, t: add(t, mul(dt, c)) });
  }
  const scale = add(mul(maximum(abs(x), abs(at)), rtol), atol);
  const error = sqrt(mean(square(div(mul(combine(slopes, difference), dt), scale))));
  return { next: { x: at, slope: slopes[6]! }, error };
}
