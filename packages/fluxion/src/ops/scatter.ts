import { isFloat, promote } from "../core/dtypes.js";
import { DtypeError, OptionError, ShapeError } from "../core/errors.js";
import { checkOptions } from "../core/errors.js";
import { apply1, type Op } from "../core/node.js";
import { normalizeAxis, sameShape, showShape, sizeOf, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { cast } from "./compare.js";
import { zeros, zerosLike } from "./create.js";
import { gatherElements } from "./gather.js";
import { asIndices, oneHot, wrapIndices, type Indices } from "./indices.js";
import { fusedMatmul } from "./matmul.js";
import { broadcastTo, reshape } from "./movement.js";

type ScatterAttrs = { axis: number; reduction: "none" | "add" };

/**
 * Inputs x, indices, updates (of the indices' shape). Of ONNX's two scatters only this one adds right in ONNX Runtime:
 * ScatterND's threads race where indices repeat.
 */
const scatterElementsOp: Op<ScatterAttrs> = {
  name: "ScatterElements",
  infer([x, indices, updates], { axis }) {
    const fits = indices!.rank === x!.rank && indices!.shape.every((d, i) => i === axis || d <= x!.shape[i]!);
    if (!fits || !sameShape(indices!.shape, updates!.shape)) {
      throw new ShapeError({
        where: "ops.scatter",
        want: `indices and updates of one shape within ${showShape(x!.shape)} but for axis ${axis}`,
        got: `${showShape(indices!.shape)} and ${showShape(updates!.shape)}`,
      });
    }
    return [x!];
  },
  grad({ inputs: [, indices, updates], attrs: { axis, reduction } }, [ct], needs) {
    const dx = (): Tensor =>
      reduction === "add" ? ct! : scatterElements(ct!, indices!, zerosLike(updates!), axis, "none");
    return [
      needs[0] ? dx() : undefined,
      undefined,
      needs[2] ? gatherElements(ct!, indices!, axis) : undefined,
    ];
  },
  batch(inputs, batched, { axis, reduction }, size) {
    const [x, indices, updates] = inputs.map((t, i) => (batched[i] ? t : broadcastTo(t, [size, ...t.shape])));
    return [scatterElements(x!, indices!, updates!, axis + 1, reduction)];
  },
  simplify: ({ inputs: [x, indices] }) => (indices!.size === 0 ? [x!] : undefined),
  emit: (scope, { attrs: { axis, reduction } }, names) =>
    scope.node("ScatterElements", names, { axis, reduction: reduction === "add" ? "add" : undefined }),
};

/** `x` with `updates` put (or added) at `indices` along an axis; indices of the rank of `x`. @internal */
export function scatterElements(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis: number,
  reduction: "none" | "add",
): Tensor {
  // There is no half-precision kernel for adding.
  const half = reduction === "add" && x.dtype === "float16";
  const [into, from] = half ? [cast(x, "float32"), cast(updates, "float32")] : [x, updates];
  return cast(apply1(scatterElementsOp, [into, indices, from], { axis, reduction }), x.dtype);
}

/** Both as one dtype to write `updates` into `x`. */
function writable(name: string, x: Tensor, updates: Tensor): Tensor {
  if (promote(x.dtype, updates.dtype) !== x.dtype) {
    throw new DtypeError({
      where: `ops.${name}`,
      want: `updates that ${x.dtype} holds`,
      got: updates.dtype,
      hint: "cast one of the two",
    });
  }
  return cast(updates, x.dtype);
}

function scatterTaken(
  name: string,
  x: Tensor,
  indices: Indices,
  updates: Tensor,
  axis: number,
  reduction: "none" | "add",
): Tensor {
  if (reduction === "add" && x.dtype === "bool")
    throw new DtypeError({ where: `ops.${name}`, want: "numbers", got: "bool" });
  const k = normalizeAxis(`ops.${name}`, axis, x.rank);
  const at = asIndices(name, indices, x.shape[k]!);
  const want = [...x.shape.slice(0, k), ...at.shape, ...x.shape.slice(k + 1)];
  const given = writable(name, x, updates);
  // Trailing shapes that broadcast are fine, as in x[indices] = updates.
  const all = broadcastTo(given, want);
  const flat = x.shape.map((d, i) => (i === k ? at.size : d));
  return scatterElements(x, alongAxis(at, k, flat), reshape(all, flat), k, reduction);
}

/** Indices of any shape laid along axis `k` of `shape`. */
const alongAxis = (at: Tensor, k: number, shape: Shape): Tensor =>
  broadcastTo(
    reshape(
      at,
      shape.map((_, i) => (i === k ? at.size : 1)),
    ),
    shape,
  );

/**
 * `x` with `updates` added at `indices` along an axis; indices that repeat add up. The adjoint of `take`:
 * `out[…, indices[j], …] += updates[…, j, …]`, NumPy's `add.at`, JAX's `x.at[indices].add`, PyTorch's `index_add`.
 * @param indices whole numbers in [−n, n), n the size of the axis, of any shape; out of range is an error at run time
 * @param updates shape of `take(x, indices, axis)`, or one that broadcasts to it
 * @throws ShapeError, DtypeError if `x` cannot hold the updates
 */
export const scatterAdd = (x: Tensor, indices: Indices, updates: Tensor, axis = 0): Tensor =>
  scatterTaken("scatterAdd", x, indices, updates, axis, "add");

/**
 * `x` with the entries at `indices` along an axis replaced: `out[…, indices[j], …] = updates[…, j, …]`. Where indices
 * repeat the last one stays, and the gradient of the others is not zero as it should be: keep them distinct.
 * @param indices, updates, throws as for `scatterAdd`
 */
export const scatterUpdate = (x: Tensor, indices: Indices, updates: Tensor, axis = 0): Tensor =>
  scatterTaken("scatterUpdate", x, indices, updates, axis, "none");

/**
 * `x` with `updates` put at `indices` along an axis, element by element: `out[i][indices[i][j][k]][k] =
 * updates[i][j][k]` for axis 1. The counterpart of `takeAlongAxis`; PyTorch's `scatter` and (with `add`) `scatter_add`.
 * @param indices whole numbers in [−n, n), rank of `x`, no axis but `axis` longer than that of `x`
 * @param updates shape of the indices
 * @param options `add`: add instead of replacing, repeated indices add up. Default false
 * @throws ShapeError, DtypeError if `x` cannot hold the updates
 */
export function putAlongAxis(
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis: number,
  options: { add?: boolean } = {},
): Tensor {
  checkOptions("ops.putAlongAxis", options, ["add"]);
  const k = normalizeAxis("ops.putAlongAxis", axis, x.rank);
  if (options.add && x.dtype === "bool")
    throw new OptionError({ where: "ops.putAlongAxis", want: "numbers to add", got: "bool" });
  const at = asIndices("putAlongAxis", indices, x.shape[k]!);
  return scatterElements(x, at, writable("putAlongAxis", x, updates), k, options.add ? "add" : "none");
}

/**
 * The adjoint of `take`: zeros of `shape` with `ct` added at `indices` along `axis`. A product with a one-hot matrix
 * where that is faster (as measured on two cores: 4 ns an added element against 0.5 ns an entry of the one-hot
 * matrix and 0.0125 ns a multiplication).
 * @internal
 */
export function scatterInto(shape: Shape, axis: number, indices: Tensor, ct: Tensor): Tensor {
  const n = shape[axis]!;
  const flat = shape.map((d, i) => (i === axis ? indices.size : d));
  const updates = reshape(ct, flat);
  const last = axis === shape.length - 1;
  const width = sizeOf(shape) / Math.max(1, n);
  if (isFloat(ct.dtype) && (axis === 0 || last) && n * (40 + width) < 320 * width) {
    const hot = oneHot(wrapIndices(reshape(indices, [indices.size]), n), n, { dtype: ct.dtype });
    if (last && axis > 0)
      return reshape(fusedMatmul(reshape(updates, [width, indices.size]), hot, {}), shape);
    return reshape(fusedMatmul(hot, reshape(updates, [indices.size, width]), { transA: true }), shape);
  }
  return scatterElements(
    zeros(shape, { dtype: ct.dtype }),
    alongAxis(indices, axis, flat),
    updates,
    axis,
    "add",
  );
}
