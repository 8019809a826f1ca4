// l-infinity attacks on the inputs of any model, as functions to trace.
import { grad } from "../../core/autodiff.js";
import { checkOptions } from "../../core/errors.js";
import { scan } from "../../core/scan.js";
import { constant, type Tensor } from "../../core/tensor.js";
import { checkRange, checkWhole } from "../../optim/options.js";
import { add, maximum, minimum, mul, sub } from "../../ops/arithmetic.js";
import { clip } from "../../ops/compare.js";
import { sum } from "../../ops/reduce.js";
import { sign } from "../../ops/unary.js";

/** Options of `fgsmAttack`. */
export interface FgsmOptions {
  /** Largest change of an element, number ≥ 0. */
  eps: number;
  /** 1 where an element may change, 0 where not, broadcast against the inputs. Default: all may. */
  mask?: Tensor;
  /** The range that inputs have to stay in, lowest and highest. Default: none. */
  bounds?: readonly [number, number];
}

/** Options of `pgdAttack`. */
export interface PgdOptions extends FgsmOptions {
  /** Whole number ≥ 1; default 40. */
  steps?: number;
  /** Change in a step, number > 0; default 2.5·eps/steps. */
  stepSize?: number;
}

const limited = (x: Tensor, bounds: FgsmOptions["bounds"]): Tensor =>
  bounds ? clip(x, bounds[0], bounds[1]) : x;
/** ±1 where the loss changes with an element, 0 where it may not be changed. */
function ascent(loss: (x: Tensor) => Tensor, x: Tensor, mask: Tensor | undefined): Tensor {
  const direction = sign(grad((z: Tensor) => sum(loss(z)))(x));
  return mask ? mul(direction, mask) : direction;
}

/**
 * The fast gradient sign method: x + eps·sign(∇ loss(x)).
 * @param loss of every example, [N], examples being independent of each other; traced
 * @param x float [N, ...]
 * @throws OptionError
 * @source Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", 2014, arXiv 1412.6572, §4;
 *   deviates: none
 */
export function fgsmAttack(loss: (x: Tensor) => Tensor, x: Tensor, options: FgsmOptions): Tensor {
  const where = "solve.fgsmAttack";
  checkOptions(where, options, ["eps", "mask", "bounds"]);
  const { eps, mask, bounds } = options;
  checkRange(where, "eps", eps, "[0, ∞)");
  return limited(add(x, mul(ascent(loss, x, mask), eps)), bounds);
}

/**
 * Projected gradient ascent in the l∞ ball around x: x ← clip(x + stepSize·sign(∇ loss(x))), starting at x.
 * @param loss of every example, [N], examples being independent of each other; traced
 * @param x float [N, ...]
 * @throws OptionError
 * @source Madry, Makelov, Schmidt, Tsipras, Vladu, "Towards deep learning models resistant to adversarial attacks",
 *   2017, arXiv 1706.06083, §2.1; deviates: starts at x and not at a random point of the ball
 */
export function pgdAttack(loss: (x: Tensor) => Tensor, x: Tensor, options: PgdOptions): Tensor {
  const where = "solve.pgdAttack";
  checkOptions(where, options, ["eps", "mask", "bounds", "steps", "stepSize"]);
  const { eps, mask, bounds, steps = 40 } = options;
  checkRange(where, "eps", eps, "[0, ∞)");
  checkWhole(where, "steps", steps, 1);
  const stepSize = options.stepSize ?? (2.5 * eps) / steps;
  if (eps > 0) checkRange(where, "stepSize", stepSize, "(0, ∞)");
  const [low, high] = [sub(x, eps), add(x, eps)];
  const step = (z: Tensor): [Tensor, Tensor] => {
    const moved = add(z, mul(ascent(loss, z, mask), stepSize));
    return [limited(minimum(maximum(moved, low), high), bounds), constant(0, "float32")];
  };
  return scan(step, x, undefined, { length: steps })[0];
}
