import { CompileError, ShapeError } from "../../core/errors.js";
import { showShape } from "../../core/shape.js";
import { constant, type Tensor } from "../../core/tensor.js";
import * as ops from "../../ops/index.js";
import { fixed, input, number, type Call, type Translations } from "../call.js";
import { heldAs } from "../read-tensor.js";

function shape(call: Call): Tensor {
  const x = input(call, 0);
  const bound = (name: string, otherwise: number): number => {
    const v = number(call, name, otherwise);
    return Math.min(Math.max(v < 0 ? v + x.rank : v, 0), x.rank);
  };
  const sizes = x.shape.slice(bound("start", 0), bound("end", x.rank));
  return constant(sizes, "int64", [sizes.length]);
}

/** The value in whichever of its attributes it stands. */
function constantValue(call: Call): Tensor {
  const { attributes } = call;
  const value = attributes.get("value");
  if (typeof value === "object" && "data" in value) return call.tensor(value);
  for (const [name, dtype] of [
    ["value_float", "float32"],
    ["value_int", "int64"],
    ["value_floats", "float32"],
    ["value_ints", "int64"],
  ] as const) {
    const v = attributes.get(name);
    if (typeof v === "number") return constant(v, dtype);
    if (Array.isArray(v)) return constant(v as number[], dtype, [v.length]);
  }
  throw new CompileError({ where: call.type, want: "numbers", got: [...attributes.keys()].join(", ") });
}

function constantOfShape(call: Call): Tensor {
  const sizes = fixed(call, 0, "the shape") ?? [];
  if (sizes.some((d) => !Number.isSafeInteger(d) || d < 0)) {
    throw new ShapeError({ where: call.type, want: "sizes ≥ 0", got: showShape(sizes) });
  }
  const value = call.attributes.get("value");
  if (typeof value !== "object" || !("data" in value)) return ops.zeros(sizes);
  return ops.broadcastTo(call.tensor(value).reshape([]), sizes);
}

/** More elements than this no file needs from a Range. */
const MAX_RANGE = 2 ** 26;

function range(call: Call): Tensor {
  const { dtype } = input(call, 0);
  const [start, limit, step] = [0, 1, 2].map((i) => fixed(call, i, "the bounds")?.[0] ?? NaN);
  const length = Math.max(0, Math.ceil((limit! - start!) / step!));
  if (!(length <= MAX_RANGE))
    throw new ShapeError({ where: call.type, want: `at most ${MAX_RANGE} elements`, got: String(length) });
  const whole = Number.isInteger(start) && Number.isInteger(step);
  const index = ops.arange(length);
  if (whole && !dtype.startsWith("float"))
    return index.cast(dtype).mul(constant(step!, dtype)).add(constant(start!, dtype));
  return index.cast(dtype).mul(step!).add(start!);
}

function eyeLike(call: Call): Tensor {
  const x = input(call, 0);
  if (x.rank !== 2) throw new ShapeError({ where: call.type, want: "a matrix", got: showShape(x.shape) });
  const dtype = call.attributes.has("dtype") ? heldAs(number(call, "dtype")) : x.dtype;
  return ops.eye(x.shape[0]!, { m: x.shape[1]!, k: number(call, "k", 0), dtype: dtype ?? "float32" });
}

/** Places of the elements that are not 0, [rank, count]: only of a value known while tracing. */
function nonZero(call: Call): Tensor {
  const x = input(call, 0);
  const values = fixed(call, 0, "a value") ?? [];
  const hits = values.flatMap((v, i) => (v === 0 ? [] : [i]));
  let inner = x.size;
  const rows = x.shape.map((d) => {
    inner /= Math.max(1, d);
    const step = inner;
    return hits.map((i) => Math.floor(i / step) % d);
  });
  return constant(rows.flat(), "int64", [x.rank, hits.length]);
}

/** Operators on shapes, and those that make tensors. */
export const shapes: Translations = {
  Shape: shape,
  Size: (call) => constant(input(call, 0).size, "int64"),
  Constant: constantValue,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  NonZero: nonZero,
};
