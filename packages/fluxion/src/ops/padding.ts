import { checkOptions, OptionError, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import type { Tensor } from "../core/tensor.js";
import { where } from "./compare.js";
import { full } from "./create.js";
import { concat, repeat } from "./joining.js";
import { flip, narrow, slice, type SlicePart } from "./slicing.js";

const padOp: Op<{ before: readonly number[]; after: readonly number[] }> = {
  name: "Pad",
  infer: ([x], { before, after }) => [
    { shape: x!.shape.map((d, i) => d + before[i]! + after[i]!), dtype: x!.dtype },
  ],
  grad: ({ inputs: [x], attrs: { before } }, [ct]) => [
    slice(ct!, ...before.map((b, i): SlicePart => [b, b + x!.shape[i]!])),
  ],
  batch: ([x], _, { before, after }) => [padZeros(x!, [0, ...before], [0, ...after])],
  emit: (scope, { attrs: { before, after } }, [x]) =>
    scope.node("Pad", [x!, scope.ints([...before, ...after])]),
};

/** Zeros around `x`. @internal use `pad` */
export const padZeros = (x: Tensor, before: readonly number[], after: readonly number[]): Tensor =>
  [...before, ...after].every((n) => n === 0) ? x : apply1(padOp, [x], { before, after });

/** How `pad` fills: a constant (0), mirror without and with the edge repeated … as NumPy's modes of the same name. */
export type PadMode = (typeof padModes)[number];
const padModes = ["constant", "reflect", "edge", "wrap"] as const;

/**
 * `x` with a margin.
 * @param widths `[before, after]` per axis, whole numbers ≥ 0 (reflect: < size; wrap: ≤ size)
 * @param options mode, default constant; `value` of a constant margin, default 0
 * @throws ShapeError, OptionError
 */
export function pad(
  x: Tensor,
  widths: readonly (readonly [number, number])[],
  options: { mode?: PadMode; value?: number } = {},
): Tensor {
  checkOptions("ops.pad", options, ["mode", "value"]);
  const { mode = "constant", value = 0 } = options;
  if (!padModes.includes(mode))
    throw new OptionError({ where: "ops.pad", want: `mode ${padModes.join(", ")}`, got: String(mode) });
  const legal = widths.length === x.rank && widths.flat().every((w) => Number.isInteger(w) && w >= 0);
  if (!legal)
    throw new ShapeError({
      where: "ops.pad",
      want: `${x.rank} pairs of whole numbers ≥ 0`,
      got: JSON.stringify(widths),
    });
  if (mode === "constant") {
    const [before, after] = [widths.map((w) => w[0]), widths.map((w) => w[1])];
    if (value === 0) return padZeros(x, before, after);
    // Chosen, not added and taken off again: a margin of −∞ or −1e9 must leave x as it is.
    return where(padZeros(full(x.shape, true), before, after), padZeros(x, before, after), value);
  }
  let out = x;
  widths.forEach(([before, after], axis) => {
    const n = x.shape[axis]!;
    const limit = mode === "edge" ? (n > 0 ? Infinity : 0) : mode === "wrap" ? n : Math.max(0, n - 1);
    if (Math.max(before, after) > limit) {
      throw new ShapeError({
        where: `ops.pad: axis ${axis}`,
        want: `margins ≤ ${limit} for ${mode}`,
        got: `${before}, ${after}`,
      });
    }
    const edge = (at: number, count: number): Tensor => repeat(narrow(out, axis, at, at + 1), count, axis);
    const parts: Tensor[] = [];
    const reflect = mode === "reflect";
    const core = out;
    if (before > 0)
      parts.push(
        mode === "edge"
          ? edge(0, before)
          : reflect
            ? flip(narrow(core, axis, 1, before + 1), axis)
            : narrow(core, axis, n - before, n),
      );
    parts.push(core);
    if (after > 0)
      parts.push(
        mode === "edge"
          ? edge(n - 1, after)
          : reflect
            ? flip(narrow(core, axis, n - 1 - after, n - 1), axis)
            : narrow(core, axis, 0, after),
      );
    out = concat(parts, axis);
  });
  return out;
}
