import { isFloat } from "../core/dtypes.js";
import { checkOptions, ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { normalizeAxes, normalizeAxis, sameShape, showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { div, mul } from "./arithmetic.js";
import { runningProduct } from "./cumulative.js";
import { scalarFactor } from "./elementwise.js";
import { cast, equal } from "./compare.js";
import { onesLike } from "./create.js";
import { broadcastTo, concat, expandDims, narrow, reshape } from "./movement.js";

type ReduceAttrs = { axes: readonly number[] };

const kept = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((d, i) => (axes.includes(i) ? 1 : d));
const dropped = (shape: Shape, axes: readonly number[]): number[] =>
  shape.filter((_, i) => !axes.includes(i));

/** Reductions drop their axes; `keepDims` puts them back by a reshape. */
function reduceOp(
  name: string,
  grad: Op<ReduceAttrs>["grad"],
  simplify?: Op<ReduceAttrs>["simplify"],
): Op<ReduceAttrs> {
  const op: Op<ReduceAttrs> = {
    name,
    infer: ([x], { axes }) => [{ shape: dropped(x!.shape, axes), dtype: x!.dtype }],
    grad,
    batch: ([x], _, { axes }) => [apply1(op, [x!], { axes: axes.map((a) => a + 1) })],
    emit(scope, { attrs: { axes } }, [x]) {
      // ReduceMax and friends take their axes as an input from opset 18 on, as ReduceSum from 13.
      return scope.node(name, [x!, scope.ints(axes)], { keepdims: 0 });
    },
    flops: ({ inputs: [x] }) => x!.size,
    ...(simplify ? { simplify } : {}),
  };
  return op;
}

/** A reduced tensor spread back over the axes it lost. */
const spreadBack = (t: Tensor, like: Tensor, axes: readonly number[]): Tensor =>
  broadcastTo(reshape(t, kept(like.shape, axes)), like.shape);

const sumOp = reduceOp(
  "ReduceSum",
  ({ inputs: [x], attrs: { axes } }, [ct]) => [spreadBack(ct!, x!, axes)],
  ({ inputs: [x], attrs: { axes } }) => {
    const count = sizeOf(axes.map((a) => x!.shape[a]!));
    if (count === 1) return [reshape(x!, dropped(x!.shape, axes))];
    const scaled = scalarFactor(x!);
    if (scaled) return [mul(apply1(sumOp, [scaled.of], { axes }), reshape(scaled.factor, []))];
    // The sum over broadcast axes is a multiple.
    const { op, inputs } = x!.node;
    if (op.name !== "Expand") return undefined;
    const small = reshape(inputs[0]!, [
      ...new Array<number>(x!.rank - inputs[0]!.rank).fill(1),
      ...inputs[0]!.shape,
    ]);
    const spread = axes.filter((a) => small.shape[a] === 1);
    if (spread.length === 0) return undefined;
    const rest = axes.filter((a) => small.shape[a] !== 1);
    const multiple = mul(small, sizeOf(spread.map((a) => x!.shape[a]!)));
    const inner =
      rest.length === 0
        ? multiple
        : reshape(apply1(sumOp, [multiple], { axes: rest }), kept(small.shape, rest));
    const shape = dropped(x!.shape, axes);
    return [broadcastTo(reshape(inner, dropped(inner.shape, axes)), shape)];
  },
);

const extremeGrad: Op<ReduceAttrs>["grad"] = ({ inputs: [x], attrs: { axes }, outputs: [y] }, [ct]) => {
  // Ties share the gradient equally, as PyTorch's amax does.
  const hit = cast(equal(x!, spreadBack(y!, x!, axes)), x!.dtype);
  return [mul(hit, spreadBack(div(ct!, sum(hit, axes)), x!, axes))];
};
const maxOp = reduceOp("ReduceMax", extremeGrad);
const minOp = reduceOp("ReduceMin", extremeGrad);

/** Options of reductions. */
export interface ReduceOptions {
  /** Keeps the reduced axes with size 1. Default false. */
  keepDims?: boolean;
}

type Axis = number | readonly number[] | undefined;

function reduce(
  where: string,
  op: Op<ReduceAttrs>,
  x: Tensor,
  axis: Axis,
  options: ReduceOptions = {},
): Tensor {
  checkOptions(`ops.${where}`, options, ["keepDims"]);
  const axes = normalizeAxes(`ops.${where}`, axis, x.rank);
  const y = axes.length === 0 ? x : apply1(op, [x], { axes });
  return options.keepDims ? reshape(y, kept(x.shape, axes)) : y;
}

/** Small integers in a dtype that counts. @internal */
export const countable = (x: Tensor): Tensor =>
  x.dtype === "bool" || x.dtype === "uint8" ? cast(x, "int32") : x;

/**
 * Runs a sum or a product in a dtype that ONNX Runtime adds and multiplies up: uint32 as int64, back at the end.
 * @internal
 */
export const accumulate = (x: Tensor, f: (t: Tensor) => Tensor): Tensor =>
  x.dtype === "uint32" ? cast(f(cast(x, "int64")), "uint32") : f(countable(x));

/** Sum over the given axes (default: all). Booleans are counted as int32. */
export const sum = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  accumulate(x, (t) => reduce("sum", sumOp, t, axis, options));

/** `x` summed down to a shape it was broadcast from. @internal */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length === 0 ? x : apply1(sumOp, [x], { axes }), shape);
}

/** `x` as floats. @internal */
export const toFloat = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : cast(x, "float32"));

/** Number of elements that a reduction over `axis` sums. @internal */
export const countOf = (x: Tensor, axis: Axis): number =>
  sizeOf(normalizeAxes("ops.mean", axis, x.rank).map((a) => x.shape[a]!));

/** Arithmetic mean over the given axes (default: all). */
export const mean = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  mul(sum(toFloat(x), axis, options), 1 / countOf(x, axis));

/** Checked to have something to choose from, and in a dtype that has kernels. */
const ordered = (name: string, x: Tensor, axis: Axis): Tensor => {
  if (normalizeAxes(`ops.${name}`, axis, x.rank).some((a) => x.shape[a] === 0))
    throw new ShapeError({ where: `ops.${name}`, want: "at least one element", got: showShape(x.shape) });
  return x.dtype === "bool" || x.dtype === "uint32" ? cast(x, x.dtype === "bool" ? "uint8" : "int64") : x;
};

/**
 * Largest element over the given axes; ties share the gradient. NaN counts for nothing or for all, as it comes.
 * @throws ShapeError if there is no element
 */
export const max = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  cast(reduce("max", maxOp, ordered("max", x, axis), axis, options), x.dtype);

/** Smallest element over the given axes, as `max`. */
export const min = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  cast(reduce("min", minOp, ordered("min", x, axis), axis, options), x.dtype);

const prodOp = reduceOp("ReduceProd", ({ inputs: [x], attrs: { axes } }, [ct]) => {
  const others = productOfOthers(x!, axes);
  return [mul(others, spreadBack(ct!, x!, axes))];
});

/** For every element the product of the others along `axes`, right at zeros too: prefix times suffix products. */
function productOfOthers(x: Tensor, axes: readonly number[]): Tensor {
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const perm = [...others, ...axes];
  const moved = x.transpose(perm);
  const flat = reshape(moved, [...others.map((i) => x.shape[i]!), -1]);
  const axis = flat.rank - 1;
  const n = flat.shape[axis]!;
  const edge = onesLike(narrow(flat, axis, 0, 1));
  const before = runningProduct(concat([edge, narrow(flat, axis, 0, n - 1)], axis), axis, false);
  const after = runningProduct(concat([narrow(flat, axis, 1, n), edge], axis), axis, true);
  const both = reshape(mul(before, after), moved.shape);
  return both.transpose(perm.map((_, i) => perm.indexOf(i)));
}

/** Product over the given axes; its gradient is right at zeros. */
export const prod = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  accumulate(x, (t) => reduce("prod", prodOp, t, axis, options));

const argOp = (name: string): Op<{ axis: number }> => {
  const op: Op<{ axis: number }> = {
    name,
    infer: ([x], { axis }) => [{ shape: dropped(x!.shape, [axis]), dtype: "int64" }],
    grad: "none",
    batch: ([x], _, { axis }) => [apply1(op, [x!], { axis: axis + 1 })],
    emit: (scope, { attrs: { axis } }, names) => scope.node(name, names, { axis, keepdims: 0 }),
  };
  return op;
};
const argmaxOp = argOp("ArgMax");
const argminOp = argOp("ArgMin");

const arg =
  (name: string, op: Op<{ axis: number }>) =>
  (x: Tensor, axis?: number, options: ReduceOptions = {}): Tensor => {
    checkOptions(`ops.${name}`, options, ["keepDims"]);
    const t = ordered(name, x, axis);
    const flat = axis === undefined ? reshape(t, [t.size]) : t;
    const k = normalizeAxis(`ops.${name}`, axis ?? 0, flat.rank);
    const index = cast(apply1(op, [flat], { axis: k }), "int32");
    return options.keepDims && axis !== undefined ? expandDims(index, k) : index;
  };
/** int32 position of the largest element along an axis (default: of all, flattened); the first at ties. */
export const argmax = arg("argmax", argmaxOp);
/** int32 position of the smallest element along an axis (default: of all, flattened); the first at ties. */
export const argmin = arg("argmin", argminOp);

const asMask = (x: Tensor): Tensor => cast(cast(x, "bool"), "uint8");
/** Whether any element is true (not 0) over the given axes. */
export const any = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  cast(reduce("any", maxOp, asMask(x), axis, options), "bool");
/** Whether all elements are true (not 0) over the given axes. */
export const all = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  cast(reduce("all", minOp, asMask(x), axis, options), "bool");

/** Number of elements that are not 0, int32. */
export const countNonzero = (x: Tensor, axis?: number | readonly number[], options?: ReduceOptions): Tensor =>
  sum(cast(x, "bool"), axis, options);
