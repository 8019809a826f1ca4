import { dtypes, isFloat, promote, type DType } from "../core/dtypes.js";
import { DtypeError } from "../core/errors.js";
import { apply, apply1, type Op } from "../core/node.js";
import { broadcastShapes } from "../core/shape.js";
import { asTensor, Tensor, type TensorLike } from "../core/tensor.js";
import { maximum, minimum } from "./arithmetic.js";
import { zerosLike } from "./create.js";
import { batchElementwise } from "./batching.js";
import { foldScalars, liftBroadcast, unaryOp } from "./elementwise.js";
import { sumTo } from "./reduce.js";

const castOp = unaryOp("Cast", (x, ct) => cast(ct, x.dtype), {
  infer: ([x], attrs) => [{ shape: x!.shape, dtype: attrs.to as DType }],
  simplify: (call) => {
    const [x] = call.inputs;
    if (x!.dtype === call.attrs.to) return [x!];
    // Casting a broadcast: cast the small one.
    if (x!.node.op.name === "Expand") {
      return apply(x!.node.op, [cast(x!.node.inputs[0]!, call.attrs.to as DType)], x!.node.attrs);
    }
    return foldScalars(call);
  },
  emit: (scope, call, names) => scope.node("Cast", names, { to: dtypes[call.attrs.to as DType].onnx }),
});

/** `x` in another dtype: floats to integers truncate, to bool is ≠ 0. Gradient passes between float dtypes only. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply1(castOp, [x], { to: dtype });
}

const compareOp = (name: string): Op => {
  const op: Op = {
    name,
    infer: ([a, b]) => [{ shape: broadcastShapes(`ops.${name}`, a!.shape, b!.shape), dtype: "bool" }],
    grad: "none",
    batch: (inputs, batched, attrs) => batchElementwise(op, inputs, batched, attrs),
    simplify: liftBroadcast,
  };
  return op;
};

const compare = (name: string) => {
  const op = compareOp(name);
  return (a: TensorLike, b: TensorLike): Tensor => {
    const x = asTensor(a, b instanceof Tensor ? b.dtype : undefined);
    const y = asTensor(b, a instanceof Tensor ? a.dtype : undefined);
    let dtype = promote(x.dtype, y.dtype);
    if (dtype === "bool" && name !== "Equal") dtype = "uint8";
    return apply1(op, [cast(x, dtype), cast(y, dtype)], {});
  };
};

/** a = b. */
export const equal = compare("Equal");
/** a < b. */
export const less = compare("Less");
/** a ≤ b. */
export const lessEqual = compare("LessOrEqual");
/** a > b. */
export const greater = compare("Greater");
/** a ≥ b. */
export const greaterEqual = compare("GreaterOrEqual");
/** a ≠ b (true where either is NaN). */
export const notEqual = (a: TensorLike, b: TensorLike): Tensor => apply1(notOp, [equal(a, b)], {});

const notOp = unaryOp("Not", "none");

const logic = (name: string) => {
  const op = compareOp(name);
  return (a: TensorLike, b: TensorLike): Tensor =>
    apply1(op, [cast(asTensor(a), "bool"), cast(asTensor(b), "bool")], {});
};
/** Both true. */
export const logicalAnd = logic("And");
/** Either true. */
export const logicalOr = logic("Or");
/** Exactly one true. */
export const logicalXor = logic("Xor");

const whereOp: Op = {
  name: "Where",
  infer: ([c, a, b]) => [
    { shape: broadcastShapes("ops.where", c!.shape, a!.shape, b!.shape), dtype: a!.dtype },
  ],
  grad: ({ inputs: [c, a, b] }, [ct], needs) => [
    undefined,
    needs[1] ? sumTo(where(c!, ct!, zerosLike(ct!)), a!.shape) : undefined,
    needs[2] ? sumTo(where(c!, zerosLike(ct!), ct!), b!.shape) : undefined,
  ],
  batch: (inputs, batched, attrs) => batchElementwise(whereOp, inputs, batched, attrs),
  simplify: liftBroadcast,
};

/**
 * `a` where `condition`, else `b`, broadcast together. The branch not taken gets gradient 0, but 0·∞ of its own slope
 * is NaN: make its argument safe first, `where(x > 0, log(where(x > 0, x, 1)), 0)`.
 * @throws DtypeError if the condition is not bool
 */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  if (condition.dtype !== "bool")
    throw new DtypeError({ where: "ops.where", want: "a bool condition", got: condition.dtype });
  const x = asTensor(a, b instanceof Tensor ? b.dtype : undefined);
  const y = asTensor(b, a instanceof Tensor ? a.dtype : undefined);
  const dtype = promote(x.dtype, y.dtype);
  // ONNX Runtime chooses between these two dtypes only in wider clothes.
  const carrier = dtype === "bool" ? "uint8" : dtype === "uint32" ? "int64" : dtype;
  return cast(apply1(whereOp, [condition, cast(x, carrier), cast(y, carrier)], {}), dtype);
}

/** `x` held within [low, high]; gradient 1 inside and at the bounds, 0 outside (as PyTorch's clamp). */
export function clip(x: Tensor, low?: number | Tensor, high?: number | Tensor): Tensor {
  const numeric = (bound: number | Tensor | undefined): bound is number | undefined =>
    typeof bound !== "object";
  if (isFloat(x.dtype) && numeric(low) && numeric(high)) {
    return apply1(clipOp, [x], { low: low ?? -Infinity, high: high ?? Infinity });
  }
  const up = low === undefined ? x : maximum(x, low);
  return high === undefined ? up : minimum(up, high);
}

const clipOp: Op<{ low: number; high: number }> = {
  name: "Clip",
  infer: ([x]) => [x!],
  grad: ({ inputs: [x], attrs }, [ct]) => {
    const inside = logicalAnd(greaterEqual(x!, attrs.low), lessEqual(x!, attrs.high));
    return [where(inside, ct!, zerosLike(ct!))];
  },
  batch: (inputs, _, attrs) => apply(clipOp, inputs, attrs),
  emit(scope, { inputs: [x], attrs: { low, high } }, [name]) {
    const bound = (v: number): string => {
      const array = x!.dtype === "float64" ? Float64Array.of(v) : Float32Array.of(v);
      const literal = scope.literal(array, x!.dtype === "float64" ? "float64" : "float32", []);
      return x!.dtype === "float16"
        ? scope.node("Cast", [literal], { to: dtypes.float16.onnx })[0]!
        : literal;
    };
    return scope.node("Clip", [name!, bound(low), bound(high)]);
  },
};
