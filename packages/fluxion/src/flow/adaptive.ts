import { compile } from "../compile/compile.js";
import { checkOptions, OptionError } from "../core/errors.js";
import { constant, tensor, type Tensor } from "../core/tensor.js";
import { add, div, maximum, mul, square } from "../ops/arithmetic.js";
import { mean } from "../ops/reduce.js";
import { abs, sqrt } from "../ops/unary.js";
import type { AsyncVelocity, Velocity } from "./sample.js";
import { combine } from "./solver.js";

/** Options of `sampleAdaptive`. */
export interface AdaptiveOptions {
  /** Relative tolerance. Default 1e-5. */
  rtol?: number;
  /** Absolute tolerance. Default 1e-5. */
  atol?: number;
  /** Default 0 and 1; `from: 1, to: 0` inverts the flow. */
  from?: number;
  to?: number;
  /** Attempted steps before giving up. Default 1000. */
  maxSteps?: number;
}

/** Result of `sampleAdaptive`; numerical failure is data. */
export interface AdaptiveResult {
  readonly x: Tensor;
  readonly status: "ok" | "max-steps" | "non-finite";
  /** Where the integration stopped. */
  readonly t: number;
  /** Velocity evaluations. */
  readonly evaluations: number;
  readonly accepted: number;
  readonly rejected: number;
}

const nodes = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const fourth = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];
const difference = stages[5]!.concat(0).map((w, i) => w - fourth[i]!);

/**
 * Integrates dx/dt = v(x, t) by Dormand-Prince 5(4) with adaptive steps; the whole batch shares one error norm, the
 * root mean square of error/(atol + rtol·max(|x|, |x'|)).
 * @param velocity a traceable velocity (compiled here), or an opaque one with `opaque: true`
 * @throws OptionError for tolerances that are not positive
 * @source J. Dormand & P. Prince, 1980; deviates: none
 */
export async function sampleAdaptive(
  velocity: AsyncVelocity,
  x: Tensor,
  options: AdaptiveOptions & { opaque?: boolean } = {},
): Promise<AdaptiveResult> {
  checkOptions("flow.sampleAdaptive", options, ["rtol", "atol", "from", "to", "maxSteps", "opaque"]);
  const { rtol = 1e-5, atol = 1e-5, from = 0, to = 1, maxSteps = 1000, opaque = false } = options;
  if (!(rtol > 0 && atol > 0)) throw new OptionError({ where: "flow.sampleAdaptive", want: "rtol, atol > 0", got: `${rtol}, ${atol}` });
  const attempt = opaque ? undefined : compile((state: Tensor, t: Tensor, dt: Tensor) => tracedStep(velocity as Velocity, state, t, dt, rtol, atol));
  const direction = Math.sign(to - from) || 1;
  let [t, dt, state] = [from, (to - from) / 20, x];
  let [accepted, rejected] = [0, 0];
  let status: AdaptiveResult["status"] = "max-steps";
  while (accepted + rejected < maxSteps) {
    if (Math.abs(dt) > Math.abs(to - t)) dt = to - t;
    const { next, error } = attempt
      ? await attempt(state, tensor(t), tensor(dt))
      : await opaqueStep(velocity, state, t, dt, rtol, atol);
    const size = await error.item();
    if (!Number.isFinite(size) && Math.abs(dt) < 1e-9) {
      status = "non-finite";
      break;
    }
    if (size <= 1) {
      t += dt;
      state = next;
      accepted++;
      if (Math.abs(to - t) < 1e-9 * Math.abs(to - from)) {
        status = "ok";
        break;
      }
    } else rejected++;
    const factor = Number.isFinite(size) ? Math.min(5, Math.max(0.2, 0.9 * Math.max(size, 1e-10) ** -0.2)) : 0.1;
    dt = direction * Math.min(Math.abs(dt) * factor, Math.abs(to - from));
  }
  await attempt?.release();
  return { x: state, status, t, evaluations: 7 * (accepted + rejected), accepted, rejected };
}

type Attempt = { next: Tensor; error: Tensor };

/** The seven stages as a generator, for both drivers. */
function* dormandPrince(x: Tensor, t: Tensor, dt: Tensor, rtol: number, atol: number): Generator<{ x: Tensor; t: Tensor }, Attempt, Tensor> {
  const slopes: Tensor[] = [];
  let at = x;
  for (const [i, c] of nodes.entries()) {
    if (i > 0) at = add(x, mul(combine(slopes, stages[i - 1]!), dt));
    slopes.push(yield { x: at, t: add(t, mul(dt, c)) });
  }
  const scale = add(mul(maximum(abs(x), abs(at)), rtol), atol);
  const error = sqrt(mean(square(div(mul(combine(slopes, difference), dt), scale))));
  return { next: at, error };
}

function tracedStep(velocity: Velocity, x: Tensor, t: Tensor, dt: Tensor, rtol: number, atol: number): Attempt {
  const step = dormandPrince(x, t, dt, rtol, atol);
  let next = step.next();
  while (!next.done) next = step.next(velocity(next.value.x, next.value.t));
  return next.value;
}

async function opaqueStep(velocity: AsyncVelocity, x: Tensor, t: number, dt: number, rtol: number, atol: number): Promise<Attempt> {
  const step = dormandPrince(x, constant(t, "float32"), constant(dt, "float32"), rtol, atol);
  let next = step.next();
  while (!next.done) next = step.next(await velocity(next.value.x, next.value.t));
  return next.value;
}
