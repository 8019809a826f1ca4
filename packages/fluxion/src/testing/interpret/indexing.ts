import { build, flatIndex, forEachIndex, type Rules, type Value } from "./value.js";

/** Number `i` of a list of indices, counted from the end if negative. */
function positionAt(indices: Value, i: number, size: number): number {
  const at = indices.data[i]!;
  if (at < -size || at >= size) throw new Error(`interpreter: index ${at} out of ${size}`);
  return at < 0 ? at + size : at;
}

export const indexing: Rules = {
  Gather: ([x, indices], { attrs, shapeOf }) => {
    const axis = attrs.axis as number;
    const rank = indices!.shape.length;
    return [
      build(shapeOf(0), (index) => {
        const j = flatIndex(index.slice(axis, axis + rank), indices!.shape);
        const at = positionAt(indices!, j, x!.shape[axis]!);
        return x!.data[flatIndex([...index.slice(0, axis), at, ...index.slice(axis + rank)], x!.shape)]!;
      }),
    ];
  },
  GatherElements: ([x, indices], { attrs, shapeOf }) => {
    const axis = attrs.axis as number;
    return [
      build(shapeOf(0), (index, flat) => {
        const at = positionAt(indices!, flat, x!.shape[axis]!);
        return x!.data[flatIndex(index.with(axis, at), x!.shape)]!;
      }),
    ];
  },
  GatherND: ([x, indices], { attrs, shapeOf }) => {
    const batch = attrs.batchDims as number;
    const lead = indices!.shape.length - 1;
    const depth = indices!.shape[lead]!;
    return [
      build(shapeOf(0), (index) => {
        const start = flatIndex([...index.slice(0, lead), 0], indices!.shape);
        const tuple = Array.from({ length: depth }, (_, i) =>
          positionAt(indices!, start + i, x!.shape[batch + i]!),
        );
        return x!.data[flatIndex([...index.slice(0, batch), ...tuple, ...index.slice(lead)], x!.shape)]!;
      }),
    ];
  },
  ScatterElements: ([x, indices, updates], { attrs }) => {
    const axis = attrs.axis as number;
    const out = Float64Array.from(x!.data);
    forEachIndex(indices!.shape, (index, flat) => {
      const at = flatIndex(index.with(axis, positionAt(indices!, flat, x!.shape[axis]!)), x!.shape);
      out[at] = (attrs.reduction === "add" ? out[at]! : 0) + updates!.data[flat]!;
    });
    return [out];
  },
  TopK: ([x], { attrs, shapeOf }) => {
    const [axis, sign] = [attrs.axis as number, attrs.largest ? -1 : 1];
    const positions = build(shapeOf(0), (index) => {
      const valueAt = (i: number): number => x!.data[flatIndex(index.with(axis, i), x!.shape)]!;
      const order = Array.from({ length: x!.shape[axis]! }, (_, i) => i);
      order.sort((a, b) => sign * (valueAt(a) - valueAt(b)) || a - b);
      return order[index[axis]!]!;
    });
    const values = build(shapeOf(0), (index, flat) => {
      return x!.data[flatIndex(index.with(axis, positions[flat]!), x!.shape)]!;
    });
    return [values, positions];
  },
};
