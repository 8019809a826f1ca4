import { decode, promote } from "../core/dtypes.js";
import { OptionError, ShapeError } from "../core/errors.js";
import { apply, apply1, type Op } from "../core/node.js";
import {
  broadcastShapes,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  showShape,
  sizeOf,
  type Shape,
} from "../core/shape.js";
import { literalOf, constant, type Tensor } from "../core/tensor.js";
import { mul } from "./arithmetic.js";
import { scalarFactor } from "./elementwise.js";
import { cast, where } from "./compare.js";
import { full, zeros, zerosLike } from "./create.js";
import { alignBatch } from "./batching.js";
import { sumTo } from "./reduce.js";

const reshapeOp: Op<{ shape: Shape }> = {
  name: "Reshape",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  grad: ({ inputs: [x] }, [ct]) => [reshape(ct!, x!.shape)],
  batch: ([x], _, { shape }, size) => [reshape(x!, [size, ...shape])],
  simplify({ inputs: [x], attrs: { shape } }) {
    if (sameShape(x!.shape, shape)) return [x!];
    if (x!.node.op.name === "Reshape") return [reshape(x!.node.inputs[0]!, shape)];
    const scaled = scalarFactor(x!);
    if (scaled) return [mul(reshape(scaled.of, shape), reshape(scaled.factor, []))];
    const literal = literalOf(x!);
    if (literal && x!.size === 1) return [constant(decode(literal, x!.dtype), x!.dtype, shape)];
    // A broadcast scalar has no layout of its own.
    if (x!.node.op.name === "Expand" && x!.node.inputs[0]!.size === 1)
      return [broadcastTo(reshape(x!.node.inputs[0]!, []), shape)];
    return undefined;
  },
  emit: (scope, { attrs: { shape } }, [x]) =>
    scope.node("Reshape", [x!, scope.ints(shape)], { allowzero: shape.includes(0) ? 1 : undefined }),
};

/**
 * The same elements in another shape; one axis may be −1 (inferred).
 * @throws ShapeError if the sizes differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  const open = shape.filter((d) => d === -1).length;
  const dims = open === 1 && known > 0 ? shape.map((d) => (d === -1 ? x.size / known : d)) : shape;
  if (sizeOf(dims) !== x.size || dims.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError({
      where: "ops.reshape",
      want: `a shape of ${x.size} elements`,
      got: `${showShape(shape)} for ${showShape(x.shape)}`,
    });
  }
  return sameShape(dims, x.shape) ? x : apply1(reshapeOp, [x], { shape: dims });
}

const transposeOp: Op<{ perm: readonly number[] }> = {
  name: "Transpose",
  infer: ([x], { perm }) => [{ shape: perm.map((p) => x!.shape[p]!), dtype: x!.dtype }],
  grad: ({ attrs: { perm } }, [ct]) => [
    transpose(
      ct!,
      perm.map((_, i) => perm.indexOf(i)),
    ),
  ],
  batch: ([x], _, { perm }) => [transpose(x!, [0, ...perm.map((p) => p + 1)])],
  simplify({ inputs: [x], attrs: { perm } }) {
    if (perm.every((p, i) => p === i)) return [x!];
    const { op, inputs, attrs } = x!.node;
    if (op.name === "Transpose")
      return [
        transpose(
          inputs[0]!,
          perm.map((p) => (attrs.perm as number[])[p]!),
        ),
      ];
    const scaled = scalarFactor(x!);
    if (scaled) return [mul(transpose(scaled.of, perm), reshape(scaled.factor, []))];
    // Only unit axes move: a reshape, which costs nothing.
    const moving = perm.filter((p) => x!.shape[p] !== 1);
    if (moving.every((p, i) => i === 0 || moving[i - 1]! < p))
      return [
        reshape(
          x!,
          perm.map((p) => x!.shape[p]!),
        ),
      ];
    if (op.name === "Expand" && inputs[0]!.size === 1)
      return [
        broadcastTo(
          reshape(inputs[0]!, []),
          perm.map((p) => x!.shape[p]!),
        ),
      ];
    return undefined;
  },
  emit: (scope, { attrs: { perm } }, names) => scope.node("Transpose", names, { perm }),
};

/**
 * Axes in another order.
 * @param perm which axis of `x` each axis of the result is; default: reversed
 */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  const order = perm
    ? perm.map((p) => normalizeAxis("ops.transpose", p, x.rank))
    : x.shape.map((_, i) => x.rank - 1 - i);
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new ShapeError({
      where: "ops.transpose",
      want: `a permutation of ${x.rank} axes`,
      got: showShape(order),
    });
  }
  return order.every((p, i) => p === i) ? x : apply1(transposeOp, [x], { perm: order });
}

/** Axes `a` and `b` exchanged. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const [i, j] = [normalizeAxis("ops.swapAxes", a, x.rank), normalizeAxis("ops.swapAxes", b, x.rank)];
  return transpose(
    x,
    x.shape.map((_, k) => (k === i ? j : k === j ? i : k)),
  );
}

/** Axis `from` moved to position `to`; the others keep their order. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const [i, j] = [normalizeAxis("ops.moveAxis", from, x.rank), normalizeAxis("ops.moveAxis", to, x.rank)];
  const rest = x.shape.map((_, k) => k).filter((k) => k !== i);
  rest.splice(j, 0, i);
  return transpose(x, rest);
}

const expandOp: Op<{ shape: Shape }> = {
  name: "Expand",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  grad: ({ inputs: [x] }, [ct]) => [sumTo(ct!, x!.shape)],
  batch: ([x], _, { shape }, size) => [broadcastTo(alignBatch(x!, shape.length), [size, ...shape])],
  simplify({ inputs: [x], attrs: { shape } }) {
    if (sameShape(x!.shape, shape)) return [x!];
    return x!.node.op.name === "Expand" ? [broadcastTo(x!.node.inputs[0]!, shape)] : undefined;
  },
  emit: (scope, { attrs: { shape } }, [x]) => scope.node("Expand", [x!, scope.ints(shape)]),
};

/** `x` repeated to `shape` by NumPy broadcasting; costs nothing where an operator broadcasts anyway. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("ops.broadcastTo", x.shape, shape), shape)) {
    throw new ShapeError({
      where: "ops.broadcastTo",
      want: `a shape that ${showShape(x.shape)} broadcasts to`,
      got: showShape(shape),
    });
  }
  return apply1(expandOp, [x], { shape });
}

/** New axes of size 1 at the given positions of the result. */
export function expandDims(x: Tensor, axis: number | readonly number[]): Tensor {
  const count = typeof axis === "number" ? 1 : axis.length;
  const axes = normalizeAxes("ops.expandDims", axis, x.rank + count);
  const shape = [...x.shape];
  for (const a of axes) shape.splice(a, 0, 1);
  return reshape(x, shape);
}

/** Without the given axes, which must have size 1 (default: all such axes). */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  const axes =
    axis === undefined
      ? x.shape.flatMap((d, i) => (d === 1 ? [i] : []))
      : normalizeAxes("ops.squeeze", axis, x.rank);
  if (axes.some((a) => x.shape[a] !== 1)) {
    throw new ShapeError({
      where: "ops.squeeze",
      want: "axes of size 1",
      got: `${showShape(axes)} of ${showShape(x.shape)}`,
    });
  }
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** One axis of all elements, or axes `start`…`end` (included) merged. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return reshape(x, [1]);
  const [a, b] = [normalizeAxis("ops.flatten", start, x.rank), normalizeAxis("ops.flatten", end, x.rank)];
  return reshape(x, [...x.shape.slice(0, a), sizeOf(x.shape.slice(a, b + 1)), ...x.shape.slice(b + 1)]);
}

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

type SliceAttrs = { starts: readonly number[]; steps: readonly number[]; lengths: readonly number[] };

const sliceOp: Op<SliceAttrs> = {
  name: "Slice",
  infer: ([x], { lengths }) => [{ shape: lengths, dtype: x!.dtype }],
  grad: ({ inputs: [x], attrs }, [ct]) => [unslice(ct!, x!.shape, attrs)],
  batch: ([x], _, { starts, steps, lengths }, size) => [
    apply1(sliceOp, [x!], { starts: [0, ...starts], steps: [1, ...steps], lengths: [size, ...lengths] }),
  ],
  simplify({ inputs: [x], attrs: { steps, lengths } }) {
    if (sameShape(x!.shape, lengths) && steps.every((s) => s === 1)) return [x!];
    const inner = x!.node.op.name === "Expand" ? x!.node.inputs[0]! : undefined;
    return inner?.size === 1 ? [broadcastTo(reshape(inner, []), lengths)] : undefined;
  },
  emit(scope, { inputs: [x], attrs: { starts, steps, lengths } }, [name]) {
    const axes = lengths.flatMap((n, i) => (n === x!.shape[i] && steps[i] === 1 ? [] : [i]));
    if (axes.length === 0) return scope.node("Identity", [name!]);
    const end = (i: number): number => {
      const stop = starts[i]! + steps[i]! * lengths[i]!;
      return stop < 0 ? -1e9 : stop;
    };
    const ints = (f: (i: number) => number): string => scope.ints(axes.map(f));
    return scope.node("Slice", [
      name!,
      ints((i) => starts[i]!),
      ints(end),
      scope.ints(axes),
      ints((i) => steps[i]!),
    ]);
  },
};

/** The adjoint of a slice: `ct` put back in its place among zeros. */
function unslice(ct: Tensor, shape: Shape, { starts, steps, lengths }: SliceAttrs): Tensor {
  let out = ct;
  shape.forEach((n, axis) => {
    const [start, step, length] = [starts[axis]!, steps[axis]!, lengths[axis]!];
    if (length === n && step === 1) return;
    if (length === 0) {
      out = zeros(
        out.shape.map((d, i) => (i === axis ? n : d)),
        { dtype: ct.dtype },
      );
      return;
    }
    const stride = Math.abs(step);
    if (step < 0) out = flip(out, axis);
    if (stride > 1) out = spread(out, axis, stride);
    const first = step < 0 ? start + step * (length - 1) : start;
    const span = (length - 1) * stride + 1;
    out = narrow(out, axis, 0, span);
    const before = shape.map((_, i) => (i === axis ? first : 0));
    const after = shape.map((_, i) => (i === axis ? n - first - span : 0));
    out = padZeros(out, before, after);
  });
  return out;
}

/** stride−1 zeros after every entry along `axis`. */
function spread(x: Tensor, axis: number, stride: number): Tensor {
  const wide = expandDims(x, axis + 1);
  const after = wide.shape.map((_, i) => (i === axis + 1 ? stride - 1 : 0));
  const padded = padZeros(
    wide,
    after.map(() => 0),
    after,
  );
  return reshape(
    padded,
    x.shape.map((d, i) => (i === axis ? d * stride : d)),
  );
}

/** One axis' part of a slice: an index, or `[start, stop, step]` with NumPy's meaning of negatives; null: all. */
export type SlicePart = number | readonly [start?: number | null, stop?: number | null, step?: number] | null;

/**
 * NumPy basic indexing, one part per axis from the front: `slice(x, 0, [1, -1], [null, null, -1])`. An index removes
 * its axis.
 * @throws ShapeError for an index out of bounds or too many parts; OptionError for a zero step
 */
export function slice(x: Tensor, ...parts: SlicePart[]): Tensor {
  if (parts.length > x.rank)
    throw new ShapeError({ where: "ops.slice", want: `at most ${x.rank} parts`, got: String(parts.length) });
  const starts: number[] = [];
  const steps: number[] = [];
  const lengths: number[] = [];
  const dropped: number[] = [];
  x.shape.forEach((n, axis) => {
    const part = parts[axis] ?? null;
    if (typeof part === "number") {
      starts.push(normalizeAxis("ops.slice: index", part, n));
      steps.push(1);
      lengths.push(1);
      dropped.push(axis);
      return;
    }
    const [start, stop, step = 1] = part ?? [];
    if (step === 0 || !Number.isInteger(step))
      throw new OptionError({ where: "ops.slice", want: "a whole step other than 0", got: String(step) });
    const bound = (v: number | null | undefined, fallback: number): number => {
      if (v === null || v === undefined) return fallback;
      const from = v < 0 ? v + n : v;
      return step > 0 ? Math.min(Math.max(from, 0), n) : Math.min(Math.max(from, -1), n - 1);
    };
    const a = bound(start, step > 0 ? 0 : n - 1);
    const b = bound(stop, step > 0 ? n : -1);
    starts.push(a);
    steps.push(step);
    lengths.push(Math.max(0, Math.ceil((b - a) / step)));
  });
  const out = lengths.every((n, i) => n === x.shape[i] && steps[i] === 1)
    ? x
    : apply1(sliceOp, [x], { starts, steps, lengths });
  return dropped.length === 0 ? out : squeeze(out, dropped);
}

/** Entries start … stop−1 along one axis. */
export function narrow(x: Tensor, axis: number, start: number, stop: number): Tensor {
  const k = normalizeAxis("ops.narrow", axis, x.rank);
  return slice(x, ...x.shape.slice(0, k + 1).map((_, i): SlicePart => (i === k ? [start, stop] : null)));
}

type SplitAttrs = { axis: number; sizes: readonly number[] };

const splitOp: Op<SplitAttrs> = {
  name: "Split",
  infer: ([x], { axis, sizes }) =>
    sizes.map((size) => ({ shape: x!.shape.map((d, i) => (i === axis ? size : d)), dtype: x!.dtype })),
  grad: ({ outputs, attrs: { axis } }, cts) => [
    concat(
      outputs.map((t, i) => cts[i] ?? zerosLike(t)),
      axis,
    ),
  ],
  batch: ([x], _, { axis, sizes }) => split(x!, sizes, axis + 1),
  emit: (scope, { attrs: { axis, sizes } }, [x]) =>
    scope.node("Split", [x!, scope.ints(sizes)], { axis }, { outputs: sizes.length }),
};

/**
 * Parts along an axis: `parts` equal ones, or of the given sizes.
 * @throws ShapeError if they do not add up
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const k = normalizeAxis("ops.split", axis, x.rank);
  const n = x.shape[k]!;
  const sizes = typeof parts === "number" ? Array.from({ length: parts }, () => n / parts) : parts;
  if (
    sizes.length === 0 ||
    sizes.reduce((a, b) => a + b, 0) !== n ||
    sizes.some((s) => !Number.isInteger(s) || s < 0)
  ) {
    throw new ShapeError({ where: "ops.split", want: `whole sizes that sum to ${n}`, got: showShape(sizes) });
  }
  return sizes.length === 1 ? [x] : apply(splitOp, [x], { axis: k, sizes });
}

/** Order reversed along the given axes (default: all). */
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  const axes = normalizeAxes("ops.flip", axis, x.rank);
  return slice(x, ...x.shape.map((_, i): SlicePart => (axes.includes(i) ? [null, null, -1] : null)));
}

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

/** Tiles: `x` repeated `counts[i]` times along axis i. */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
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
  const s = n === 0 ? 0 : ((shift % n) + n) % n;
  return s === 0 ? x : concat([narrow(x, k, n - s, n), narrow(x, k, 0, n - s)], k);
}

/** How `pad` fills: a constant (0), mirror without and with the edge repeated … as NumPy's modes of the same name. */
export type PadMode = "constant" | "reflect" | "edge" | "wrap";

/**
 * `x` with a margin.
 * @param widths `[before, after]` per axis, whole numbers ≥ 0 (reflect: < size; wrap: ≤ size)
 * @param options mode, default constant; `value` of a constant margin, default 0
 */
export function pad(
  x: Tensor,
  widths: readonly (readonly [number, number])[],
  options: { mode?: PadMode; value?: number } = {},
): Tensor {
  const { mode = "constant", value = 0 } = options;
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
    const limit = mode === "edge" ? Infinity : mode === "wrap" ? n : n - 1;
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
