import { checkOptions } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { normalizeAxis } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { onesLike } from "./create.js";
import { concat, narrow } from "./movement.js";
import { accumulate, countable } from "./reduce.js";

/** Inclusive products along an axis in log₂ n doubling steps; exact, so signs and zeros are right. @internal */
export function runningProduct(x: Tensor, axis: number, reverse: boolean): Tensor {
  const n = x.shape[axis]!;
  let out = x;
  for (let step = 1; step < n; step *= 2) {
    const head = onesLike(narrow(out, axis, 0, step));
    const shifted = reverse
      ? concat([narrow(out, axis, step, n), head], axis)
      : concat([head, narrow(out, axis, 0, n - step)], axis);
    out = mul(out, shifted);
  }
  return out;
}

/** Products of the entries up to each one along an axis (from the other end with `reverse`). */
export function cumprod(x: Tensor, axis: number, options: { reverse?: boolean } = {}): Tensor {
  checkOptions("ops.cumprod", options, ["reverse"]);
  return runningProduct(countable(x), normalizeAxis("ops.cumprod", axis, x.rank), options.reverse ?? false);
}

const cumsumOp: Op<{ axis: number; reverse: boolean }> = {
  name: "CumSum",
  infer: ([x]) => [x!],
  grad: ({ attrs: { axis, reverse } }, [ct]) => [apply1(cumsumOp, [ct!], { axis, reverse: !reverse })],
  batch: ([x], _, { axis, reverse }) => [apply1(cumsumOp, [x!], { axis: axis + 1, reverse })],
  emit: (scope, { attrs: { axis, reverse } }, [x]) =>
    scope.node("CumSum", [x!, scope.ints(axis)], { reverse: reverse ? 1 : 0 }),
};

/** Sums of the entries up to each one along an axis (from the other end with `reverse`). */
export function cumsum(x: Tensor, axis: number, options: { reverse?: boolean } = {}): Tensor {
  checkOptions("ops.cumsum", options, ["reverse"]);
  const attrs = { axis: normalizeAxis("ops.cumsum", axis, x.rank), reverse: options.reverse ?? false };
  return accumulate(x, (t) => apply1(cumsumOp, [t], attrs));
}
