import { OptionError, ShapeError } from "../core/errors.js";
import { apply, apply1, type Op } from "../core/node.js";
import { normalizeAxes, normalizeAxis, sameShape, showShape, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { zeros, zerosLike } from "./create.js";
import { concat } from "./joining.js";
import { broadcastTo, expandDims, reshape, squeeze } from "./layout.js";
import { padZeros } from "./padding.js";

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
      if (!Number.isInteger(part) || part < -n || part >= n)
        throw new ShapeError({ where: "ops.slice", want: `an index in [${-n}, ${n})`, got: String(part) });
      starts.push(part < 0 ? part + n : part);
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
      if (!Number.isInteger(v) && Math.abs(v) !== Infinity)
        throw new OptionError({ where: "ops.slice", want: "whole numbers", got: String(v) });
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
