import { promote } from "../core/dtypes.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { normalizeAxis, showShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { cast } from "./compare.js";
import { broadcastTo, expandDims, reshape } from "./layout.js";
import { narrow } from "./slicing.js";

const concatOp: Op<{ axis: number }> = {
  name: "Concat",
  infer: (inputs, { axis }) => [
    {
      shape: inputs[0]!.shape.map((d, i) => (i === axis ? inputs.reduce((n, t) => n + t.shape[i]!, 0) : d)),
      dtype: inputs[0]!.dtype,
    },
  ],
  grad({ inputs, attrs: { axis } }, [ct], needs) {
    let start = 0;
    return inputs.map((t, i) => {
      const from = start;
      start += t.shape[axis]!;
      return needs[i] ? narrow(ct!, axis, from, start) : undefined;
    });
  },
  batch(inputs, batched, { axis }, size) {
    const all = inputs.map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape])));
    return [concat(all, axis + 1)];
  },
  emit: (scope, { attrs: { axis } }, names) => scope.node("Concat", names, { axis }),
};

/** Tensors joined along an axis. @throws ShapeError if the other axes differ */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0)
    throw new ShapeError({ where: "ops.concat", want: "at least one tensor", got: "none" });
  const dtype = tensors.map((t) => t.dtype).reduce(promote);
  const k = normalizeAxis("ops.concat", axis, tensors[0]!.rank);
  for (const t of tensors) {
    if (t.rank !== tensors[0]!.rank || t.shape.some((d, i) => i !== k && d !== tensors[0]!.shape[i])) {
      throw new ShapeError({
        where: "ops.concat",
        want: `shapes equal but for axis ${k}`,
        got: tensors.map((u) => showShape(u.shape)).join(", "),
      });
    }
  }
  return tensors.length === 1
    ? tensors[0]!
    : apply1(
        concatOp,
        tensors.map((t) => cast(t, dtype)),
        { axis: k },
      );
}

/** Tensors of one shape joined along a new axis. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor => {
  const k = normalizeAxis("ops.stack", axis, (tensors[0]?.rank ?? 0) + 1);
  return concat(
    tensors.map((t) => expandDims(t, k)),
    k,
  );
};

function checkCount(name: string, ...counts: readonly number[]): void {
  const wrong = counts.find((n) => !Number.isInteger(n) || n < 0);
  if (wrong !== undefined)
    throw new OptionError({ where: `ops.${name}`, want: "whole numbers ≥ 0", got: String(wrong) });
}

/**
 * Tiles: `x` repeated `counts[i]` times along axis i; the shorter of counts and shape gets ones in front.
 * @throws OptionError unless the counts are whole and ≥ 0
 */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  checkCount("tile", ...counts);
  const rank = Math.max(x.rank, counts.length);
  const shape = [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const times = [...new Array<number>(rank - counts.length).fill(1), ...counts];
  const wide = reshape(
    x,
    shape.flatMap((d) => [1, d]),
  );
  const all = broadcastTo(
    wide,
    shape.flatMap((d, i) => [times[i]!, d]),
  );
  return reshape(
    all,
    shape.map((d, i) => d * times[i]!),
  );
}

/** Every entry `count` times in place along `axis`: [a, b] → [a, a, b, b]. */
export function repeat(x: Tensor, count: number, axis: number): Tensor {
  checkCount("repeat", count);
  const k = normalizeAxis("ops.repeat", axis, x.rank);
  const wide = expandDims(x, k + 1);
  const all = broadcastTo(
    wide,
    wide.shape.map((d, i) => (i === k + 1 ? count : d)),
  );
  return reshape(
    all,
    x.shape.map((d, i) => (i === k ? d * count : d)),
  );
}

/** Entries shifted by `shift` along an axis, those that leave coming back at the other end. */
export function roll(x: Tensor, shift: number, axis: number): Tensor {
  const k = normalizeAxis("ops.roll", axis, x.rank);
  const n = x.shape[k]!;
  if (!Number.isInteger(shift))
    throw new OptionError({ where: "ops.roll", want: "a whole shift", got: String(shift) });
  const s = n === 0 ? 0 : ((shift % n) + n) % n;
  return s === 0 ? x : concat([narrow(x, k, n - s, n), narrow(x, k, 0, n - s)], k);
}
