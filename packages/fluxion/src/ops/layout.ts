import { decode } from "../core/dtypes.js";
import { ShapeError } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
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
import { alignBatch } from "./batching.js";
import { scalarFactor } from "./elementwise.js";
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
