// vmap of the three bilinear maps of convolution: the mapped axis joins the batch, the channels or the groups.
import type { Tensor } from "../core/tensor.js";
import { reshape, transpose } from "./movement.js";

/** [N, ..., G·c, ...] with N moved into `axis` (counted without N) behind the groups: [..., G·N·c, ...]. */
function merge(t: Tensor, axis: number, groups: number): Tensor {
  const [n, ...shape] = t.shape as [number, ...number[]];
  const lead = shape.slice(0, axis);
  const tail = shape.slice(axis + 1);
  const wide = reshape(t, [n, ...lead, groups, shape[axis]! / groups, ...tail]);
  const g = axis + 1;
  const perm = [...lead.map((_, i) => i + 1), g, 0, g + 1, ...tail.map((_, i) => g + 2 + i)];
  return reshape(transpose(wide, perm), [...lead, n * shape[axis]!, ...tail]);
}

/** The inverse of `merge`. */
function split(t: Tensor, axis: number, groups: number, n: number): Tensor {
  const lead = t.shape.slice(0, axis);
  const tail = t.shape.slice(axis + 1);
  const wide = reshape(t, [...lead, groups, n, t.shape[axis]! / (groups * n), ...tail]);
  const g = axis;
  const perm = [g + 1, ...lead.map((_, i) => i), g, g + 2, ...tail.map((_, i) => g + 3 + i)];
  return reshape(transpose(wide, perm), [n, ...lead, t.shape[axis]! / n, ...tail]);
}

/** Where the mapped axis goes: an axis of an operand or the result, and whether it stands behind the groups there. */
interface Place {
  readonly axis: number;
  readonly grouped?: boolean;
}

/** Places for a mapped left operand, a mapped right one, and both (where groups multiply). */
export interface Places {
  readonly left: { readonly from: Place; readonly to: Place };
  readonly right: { readonly from: Place; readonly to: Place };
  readonly both: { readonly left: number; readonly right: number; readonly to: number };
}

/** vmap rule of a bilinear map with groups. */
export function bilinearBatch(
  places: Places,
  [a, b]: readonly Tensor[],
  [mapsA, mapsB]: readonly boolean[],
  groups: number,
  n: number,
  f: (a: Tensor, b: Tensor, groups: number) => Tensor,
): Tensor {
  if (mapsA && mapsB) {
    const { left, right, to } = places.both;
    return split(f(merge(a!, left, 1), merge(b!, right, 1), groups * n), to, 1, n);
  }
  const { from, to } = mapsA ? places.left : places.right;
  const mapped = merge(mapsA ? a! : b!, from.axis, from.grouped ? groups : 1);
  return split(f(mapsA ? mapped : a!, mapsA ? b! : mapped, groups), to.axis, to.grouped ? groups : 1, n);
}
